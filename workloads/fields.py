"""The fields of a workload file, and what is derived from them; read one with `workloads.spec.load`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from workloads.kinds import ColumnType, LabelType
from workloads.values import (
    EntityDescription,
    FeatureKind,
    ImportPath,
    LabelKind,
    MetricName,
    Name,
    Number,
    Prior,
    Range,
    TimestampForm,
    Weights,
    WorkloadDescription,
    WorkloadName,
    Zone,
)

REQUEST = "request"
_FEATURE_STORE_TYPES = {"integer": "Integral", "boolean": "Integral", "number": "Fractional", "category": "String"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Source(_Part):
    """A stream of events under ``raw/<name>/`` in the lake."""

    description: str = Field(min_length=1, description="What one row is.")
    reference: bool = Field(default=False, description="Whether it is read whole, whatever the dates of the run.")
    event_time: Name = Field(default="event_time", description="The timestamp column at which a row is fully known.")
    columns: dict[Name, ColumnType] = Field(min_length=1, description="Every column that the SQL reads, with its type.")
    optional: tuple[Name, ...] = Field(
        default=(), description="Columns that a file may lack, such as one that came later; they are null there."
    )
    zone: Zone | None = Field(
        default=None,
        description="Time zone of its dates and of timestamps that carry none, such as UTC or America/New_York.",
    )
    timestamps: dict[Name, TimestampForm] = Field(
        default_factory=dict,
        description="What a timestamp column cannot say itself: since when its numbers count, or which end of its day "
        "a date is. What is known in the course of a day is known for sure at its end.",
    )
    null_values: tuple[str, ...] = Field(
        default=(), description="Texts that mean a missing value, such as NA, beside the empty cell of a CSV file."
    )
    without_event_time: Literal["refuse", "drop"] = Field(
        default="refuse", description="What becomes of rows without an event time: they end the run, or are left out."
    )


class Examples(_Part):
    """The view that holds one row for each question that was asked, with its request features and its answer."""

    view: Name = Field(description="Name of the view in features.sql.")
    record_id: Name = Field(description="The column that identifies an example.")
    event_time: Name = Field(description="The timestamp column at which the question is asked.")


class Entity(_Part):
    """Something with a history: one view in features.sql, one feature group in the feature store."""

    description: EntityDescription = Field(
        description="What it is, and when its history gets a row: one line of at most 128 characters, as AWS takes it."
    )
    view: Name = Field(description="Name of the history's view in features.sql.")
    record_identifier: Name = Field(description="The column that identifies it, in its history and in the examples.")
    event_time: Name = Field(default="event_time", description="The timestamp column at which a row is fully known.")


class Feature(_Part):
    """An input of the model."""

    description: str = Field(min_length=1, description="What it means, with its unit.")
    source: str = Field(
        default=REQUEST, alias="from", description="`request` where the caller knows it, else the entity it belongs to."
    )
    type: FeatureKind = Field(description="integer, number, boolean or category.")
    nullable: bool = Field(default=False, description="Whether the value may be missing.")
    range: Range | None = Field(
        default=None, description="Smallest and largest allowed value of a number, both included; null for no bound."
    )
    categories: tuple[str, ...] | None = Field(default=None, min_length=1, description="Every value of a category.")
    age: bool = Field(
        default=False,
        description="Whether it is the minutes since the entity's newest row, computed where the features are joined.",
    )
    allow_perfect: str | None = Field(
        default=None,
        min_length=1,
        description="Why it may answer the question all but perfectly by itself, which else is taken for a leak.",
    )


class Label(_Part):
    """What the model predicts."""

    name: Name = Field(description="The column of the examples' view; answers hold the predicted label under its name.")
    type: LabelKind = Field(
        default=LabelType.BOOLEAN,
        description="boolean: is it so; category: which one is it; number: how much is it.",
    )
    description: str = Field(min_length=1, description="What it means: when it is true, which one, how much of what.")
    known_at: Name = Field(description="The timestamp column at which the answer became known.")
    categories: tuple[str, ...] | None = Field(
        default=None, description="Every value of a category, in the order of CSV answers; in quotes."
    )
    threshold: float = Field(
        default=0.5, gt=0, lt=1, description="Probability from which the answer of a boolean label is `true`."
    )
    range: Range | None = Field(
        default=None,
        description="Smallest and largest possible value of a number, null for no bound: other labels are refused, and "
        "answers beyond a bound become the bound.",
    )
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...] | None = Field(
        default=None,
        min_length=1,
        description="Quantiles of a number that are answered beside its value, growing: [0.1, 0.9].",
    )
    weights: Weights = Field(
        default=None,
        description="What an example counts in training by its class: `balanced` (each class counts the same), or a "
        "number by class, as {true: 10, false: 1}.",
    )

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes; none where the label is a number."""
        return ("false", "true") if self.type is LabelType.BOOLEAN else self.categories or ()


class Holdout(_Part):
    """The newest part of the examples, which the model is judged on and never trained on."""

    share: float = Field(gt=0, lt=1, description="Share of the time between the first and the last example.")
    minimum_examples: int = Field(
        default=10,
        ge=2,
        description="Fewest examples in it, of each class where the label has classes: metrics on fewer say nothing.",
    )


class Estimator(_Part):
    """A class with scikit-learn's interface: a classifier, or a regressor where the label is a number."""

    type: ImportPath = Field(
        description="Import path of a class with fit and predict_proba, or predict where the label is a number; "
        "`workload.<module>.<Class>` is a class of the workload's own folder."
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="Keyword arguments of the class. A mapping of `type` and `parameters` is an object of that class, "
        "and [name, object] a step of a pipeline.",
    )
    categorical_parameter: Name | None = Field(
        default=None,
        description="The class's parameter that takes the mask of categorical columns; without it they are one-hot.",
    )
    missing: Literal["keep", "median"] = Field(
        default="keep", description="Whether missing numbers reach the class as NaN, or as the training set's median."
    )


class Bound(_Part):
    """Limits of one metric on the hold-out."""

    minimum: Number | None = Field(default=None, description="Smallest value that passes.")
    maximum: Number | None = Field(default=None, description="Largest value that passes.")


class ChampionGate(_Part):
    """How a new model must compare with the newest approved one, on the same hold-out."""

    metric: MetricName = Field(description="The metric that both are compared by.")
    margin: Number = Field(
        description="How much better the new model must be; negative allows it to be that much worse."
    )


class Gates(_Part):
    """What a model must reach before it is registered."""

    metrics: dict[MetricName, Bound] = Field(min_length=1, description="Limits, by metric.")
    champion: ChampionGate | None = Field(default=None, description="Comparison with the newest approved model.")

    @property
    def named(self) -> tuple[str, ...]:
        """The metrics that gates name, the champion's first."""
        return (*([self.champion.metric] if self.champion else ()), *self.metrics)


class Check(_Part):
    """Limits of the training set as a whole; the columns' own limits stand with the features."""

    minimum_rows: int = Field(ge=1, description="Fewest examples that a model may be trained on.")
    label_share: tuple[float, float] | None = Field(
        default=None, description="Smallest and largest plausible share of true labels, where the label is a boolean."
    )
    class_share: float | None = Field(
        default=None, gt=0, lt=1, description="Smallest plausible share of every category, where the label is one."
    )
    label_mean: tuple[Number, Number] | None = Field(
        default=None, description="Smallest and largest plausible mean of the labels, where the label is a number."
    )
    unanswered: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Largest plausible share without an answer, of the examples that are old enough to have one.",
    )


class Workload(_Part):
    """All that a data scientist says about a workload. Read one with `workloads.spec.load`."""

    name: WorkloadName = Field(description="Lower-case letters, digits and hyphens, at most 22 characters.")
    description: WorkloadDescription = Field(
        description="The question that the model answers, and when it is asked: one line of at most 1024 characters, "
        "as AWS takes it; `>-` joins the lines of a YAML text."
    )
    prior: Prior = Field(
        description="What the endpoint answers before the first model exists: a probability of true, a probability for "
        "each category, or a value."
    )
    sources: dict[Name, Source] = Field(min_length=1, description="Event streams in the lake, by name.")
    examples: Examples
    entities: dict[Name, Entity] = Field(default_factory=dict, description="Things with a history, by name.")
    features: dict[Name, Feature] = Field(min_length=1, description="Inputs of the model, in their order in CSV.")
    label: Label
    check: Check
    holdout: Holdout
    estimator: Estimator
    gates: Gates
    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path:
        """Where the file was read from, and with it features.sql and modules of the workload's own.

        Raises
        ------
        ValueError
            If the workload was not read from a file.
        """
        if self._folder is None:
            raise ValueError(f"The workload {self.name} must be read from its folder: use workloads.spec.load.")
        return self._folder

    def read_from(self, folder: Path) -> Workload:
        """Return the same workload, as one that lies in a folder."""
        made = self.model_copy()
        made._folder = folder
        return made

    def feature_names(self, source: str | None = None) -> tuple[str, ...]:
        """Names of the model's inputs, in the order of the input contract.

        Parameters
        ----------
        source : str, optional
            ``request`` for what the caller knows itself, or an entity for what comes from its feature group.
        """
        return tuple(name for name, feature in self.features.items() if source in (None, feature.source))

    def stored_features(self, entity: str) -> tuple[str, ...]:
        """Names of an entity's features that its feature group stores (its age is computed at the join)."""
        return tuple(name for name in self.feature_names(entity) if not self.features[name].age)

    def age_features(self, entity: str) -> tuple[str, ...]:
        """Names of the features that are minutes since the newest row of an entity."""
        return tuple(name for name in self.feature_names(entity) if self.features[name].age)

    def feature_definitions(self, entity: str) -> list[dict[str, str]]:
        """An entity's schema as SageMaker's CreateFeatureGroup takes it: identifier and event time first."""
        owner = self.entities[entity]
        keys = [(owner.record_identifier, "String"), (owner.event_time, "String")]
        stored = [(name, _FEATURE_STORE_TYPES[self.features[name].type]) for name in self.stored_features(entity)]
        return [{"FeatureName": name, "FeatureType": kind} for name, kind in keys + stored]
