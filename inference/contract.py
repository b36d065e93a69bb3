"""The input contract: which instances a workload's model takes. All broken rules are reported at once."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from inference.answers import AnswerForm
from workloads.problems import Problem, ProblemsError
from workloads.spec import REQUEST, Feature, FeatureType, LabelType, Workload

MOST_PROBLEMS = 100  # a body of 10,000 wrong rows gets an answer that can be read
_FEW = 12
_LONGEST_NAME = 80  # characters of an unknown name that are repeated

Row = dict[str, Any]


def validate(workload: Workload, instances: Sequence[Any], name: str = "instances") -> list[Row]:
    """Check instances against the input contract.

    Parameters
    ----------
    workload : Workload
        Whose features are the contract.
    instances : sequence
        One mapping of feature names to values each. Nullable features may be null or left out.
    name : str
        What the field is called in messages.

    Returns
    -------
    list of dict
        One row an instance, with every feature in the contract's order; None where there is no value.

    Raises
    ------
    workloads.problems.ProblemsError
        With the first 100 broken rules.
    """
    problems: list[Problem] = []
    for index, instance in enumerate(instances):
        if len(problems) >= MOST_PROBLEMS:
            break
        problems += _problems(workload, instance, f"{name}[{index}]")
    if problems:
        raise ProblemsError(problems[:MOST_PROBLEMS])
    return [{feature: instance.get(feature) for feature in workload.features} for instance in instances]


def _problems(workload: Workload, instance: Any, place: str) -> Iterator[Problem]:
    if not isinstance(instance, dict):
        remedy = "Send each instance as an object of feature names and values."
        yield Problem(field=place, rule="be an object", value=instance, remedy=remedy)
        return
    for name in instance:
        if name not in workload.features:
            close = difflib.get_close_matches(str(name)[:_LONGEST_NAME], workload.features, n=1)
            remedy = f"Did you mean {close[0]}?" if close else "Leave it out."
            field = f"{place}.{str(name)[:_LONGEST_NAME]}"
            yield Problem(field=field, rule="be a known feature", value=instance[name], remedy=remedy)
    for name, feature in workload.features.items():
        field = f"{place}.{name}"
        if instance.get(name) is not None:
            yield from _value(feature, instance[name], field)
        elif not feature.nullable:
            remedy = f"Send it. {feature.description}"
            yield Problem(field=field, rule="be given", remedy=remedy, missing=name not in instance)


def _value(feature: Feature, value: Any, field: str) -> Iterator[Problem]:
    rule = _type_rule(feature.type, value)
    if rule:
        yield Problem(field=field, rule=rule, value=value, remedy=f"Correct it. {feature.description}")
    elif feature.categories is not None and value not in feature.categories:
        few = ", ".join(feature.categories[:_FEW]) + (", …" if len(feature.categories) > _FEW else "")
        close = difflib.get_close_matches(value[:_LONGEST_NAME], feature.categories, n=1)
        remedy = f"Did you mean {close[0]}?" if close else "Send a value that the model was trained on."
        yield Problem(field=field, rule=f"be one of {few}", value=value, remedy=remedy)
    elif feature.range is not None:
        low, high = feature.range
        remedy = f"Check the unit. {feature.description}"
        if low is not None and value < low:
            yield Problem(field=field, rule=f"be at least {low:g}", value=value, remedy=remedy)
        if high is not None and value > high:
            yield Problem(field=field, rule=f"be at most {high:g}", value=value, remedy=remedy)


def _type_rule(kind: FeatureType, value: Any) -> str:
    """Return the rule that a value's type breaks, or nothing."""
    # Compared, not converted: an integer of 400 digits has no float.
    limit = sys.float_info.max
    number = isinstance(value, int | float) and not isinstance(value, bool) and -limit <= value <= limit
    if kind is FeatureType.BOOLEAN:
        return "" if isinstance(value, bool) else "be true or false"
    if kind is FeatureType.CATEGORY:
        return "" if isinstance(value, str) else "be a string"
    if kind is FeatureType.INTEGER:
        return "" if number and float(value).is_integer() else "be a whole number"
    return "" if number else "be a finite number"


def describe(workload: Workload) -> list[dict[str, Any]]:
    """Describe the input contract, a feature an entry, in the order of CSV columns."""
    return [
        {
            "name": name,
            "type": str(feature.type),
            "nullable": feature.nullable,
            "given_by": "caller" if feature.source == REQUEST else f"feature group of {feature.source}",
            "description": feature.description,
        }
        for name, feature in workload.features.items()
    ]


def describe_answer(workload: Workload) -> list[dict[str, Any]]:
    """Describe an answer: the fields of a JSON prediction, each with its columns in a CSV line, from 0."""
    label = workload.label
    columns = range(len(AnswerForm.of(workload).columns))
    if label.type is LabelType.BOOLEAN:
        said = f"True from a probability of {label.threshold:g} on. {label.description}"
        return [
            {
                "name": "probability",
                "type": "number",
                "csv": [0],
                "description": f"Probability that {label.name} is true.",
            },
            {"name": label.name, "type": "boolean", "csv": [], "description": said},
        ]
    if label.type is LabelType.CATEGORY:
        each = f"Probability of each category, which sum to 1: {', '.join(label.classes)}."
        return [
            {"name": "probabilities", "type": "object", "csv": list(columns), "description": each},
            {
                "name": label.name,
                "type": "string",
                "csv": [len(columns)],
                "description": f"The likeliest. {label.description}",
            },
        ]
    answer = [{"name": label.name, "type": "number", "csv": [0], "description": label.description}]
    if label.quantiles:
        each = f"Quantiles {', '.join(map(str, label.quantiles))} of {label.name}, in this order."
        answer.append({"name": "quantiles", "type": "object", "csv": list(columns[1:]), "description": each})
    return answer
