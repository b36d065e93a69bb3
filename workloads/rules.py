"""Rules of a workload file that concern more than one field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workloads.estimator_rules import estimator_rules
from workloads.fields import REQUEST, Feature, Workload
from workloads.kinds import FeatureType
from workloads.label_rules import BrokenRule, label_rules
from workloads.source_rules import source_rules

_NUMERIC = (FeatureType.INTEGER, FeatureType.NUMBER)


def broken_rules(workload: Workload, folder: Path, *, trained: bool = False) -> Iterator[BrokenRule]:
    """Find what is wrong between the fields of a workload whose fields are each right.

    What only training needs is left out where a model is `trained` already.
    """
    yield from _files(folder)
    for name, source in workload.sources.items():
        yield from source_rules(name, source)
    yield from _names(workload)
    for name, feature in workload.features.items():
        yield from _feature(name, feature, workload)
    yield from label_rules(workload)
    if not trained:
        yield from estimator_rules(workload, folder)


def _files(folder: Path) -> Iterator[BrokenRule]:
    if not (folder / "features.sql").is_file():
        yield ("features",), "have a features.sql beside the file", "features.sql", f"Add {folder.name}/features.sql."


def _names(workload: Workload) -> Iterator[BrokenRule]:
    taken = {
        workload.examples.record_id: "examples.record_id",
        workload.examples.event_time: "examples.event_time",
        workload.label.known_at: "label.known_at",
    }
    for name in workload.features:
        if name in taken:
            remedy = "A feature with that name would show the model what it must not know: choose another name."
            yield ("features", name), f"not be the column of {taken[name]}", name, remedy
    if workload.label.name in (*taken, *workload.features):
        remedy = "The model must not be shown the answer: choose another name."
        yield ("label", "name"), "be no other column's name", workload.label.name, remedy
    for name, entity in workload.entities.items():
        if name == REQUEST:
            yield ("entities", name), "not be called request", name, "`request` means the caller's own values."
        if not workload.stored_features(name):
            remedy = f"Add a feature with `from: {name}`, or remove the entity."
            yield ("entities", name), "have a feature of its own", entity.view, remedy


def _feature(name: str, feature: Feature, workload: Workload) -> Iterator[BrokenRule]:
    here = ("features", name)
    known = [REQUEST, *workload.entities]
    if feature.source not in known:
        remedy = "Declare the entity, or take the feature from the request."
        yield (*here, "from"), f"be one of {', '.join(known)}", feature.source, remedy
    if feature.type is FeatureType.CATEGORY and feature.categories is None:
        yield here, "list its categories", str(feature.type), "Add `categories` with every value."
    if feature.type is not FeatureType.CATEGORY and feature.categories is not None:
        yield (*here, "categories"), "belong to a category", str(feature.type), "Set `type: category`, or remove them."
    if feature.categories and len(set(feature.categories)) < len(feature.categories):
        twice = sorted({value for value in feature.categories if feature.categories.count(value) > 1})
        yield (*here, "categories"), "be given once each", twice, "Remove the repeated ones."
    if feature.range is not None:
        low, high = feature.range
        if feature.type not in _NUMERIC:
            yield (*here, "range"), "belong to a number or integer", str(feature.type), "Remove it."
        elif low is not None and high is not None and low > high:
            yield (*here, "range"), "have its smaller bound first", [low, high], "Exchange the two."
    if feature.age and (feature.source == REQUEST or feature.type is not FeatureType.NUMBER):
        yield (*here, "age"), "belong to a number of an entity", feature.source, "Set `from` and `type: number`."
    if feature.source != REQUEST and not feature.nullable:
        remedy = "An entity that was never seen before has no history: set `nullable: true`."
        yield (*here, "nullable"), "be true for a feature of an entity", False, remedy
