"""Rules of a workload file that follow from the label's type: what belongs to it, priors, weights, checks and gates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from workloads.fields import Bound, Workload
from workloads.kinds import LabelType
from workloads.metrics import METRICS, of_label

BrokenRule = tuple[tuple[str | int, ...], str, Any, str]  # location, rule, value, remedy
_OWNERS = {
    ("label", "categories"): LabelType.CATEGORY,
    ("label", "threshold"): LabelType.BOOLEAN,
    ("label", "range"): LabelType.NUMBER,
    ("label", "quantiles"): LabelType.NUMBER,
    ("check", "label_share"): LabelType.BOOLEAN,
    ("check", "class_share"): LabelType.CATEGORY,
    ("check", "label_mean"): LabelType.NUMBER,
}
_ANSWER_FIELDS = ("probability", "probabilities", "quantiles")
_SUM_TOLERANCE = 1e-6


def label_rules(workload: Workload) -> Iterator[BrokenRule]:
    """Find what does not fit the label's type, in a workload whose fields are each right."""
    yield from _belongings(workload)
    yield from _label(workload)
    yield from _prior(workload)
    yield from _check(workload)
    for name, bound in workload.gates.metrics.items():
        yield from _gate(workload, name, bound)
    yield from _champion(workload)


def _belongings(workload: Workload) -> Iterator[BrokenRule]:
    kind = workload.label.type
    for (part, name), owner in _OWNERS.items():
        given = getattr(workload, part)
        if kind is not owner and name in given.model_fields_set and getattr(given, name) is not None:
            remedy = f"Remove it, or set `label.type: {owner}`."
            yield (part, name), f"belong to a label of type {owner}, not {kind}", getattr(given, name), remedy
    if kind is LabelType.NUMBER and workload.label.weights is not None:
        remedy = "Only classes have weights: remove it."
        yield ("label", "weights"), "belong to a label with classes, not number", workload.label.weights, remedy


def _label(workload: Workload) -> Iterator[BrokenRule]:
    label = workload.label
    if label.name in _ANSWER_FIELDS:
        remedy = "The answer holds the label under its name beside these: choose another name."
        yield ("label", "name"), f"be none of {', '.join(_ANSWER_FIELDS)}", label.name, remedy
    categories = label.categories or ()
    if label.type is LabelType.CATEGORY and not categories:
        yield ("label",), "list its categories", str(label.type), "Add `categories` with every value."
    elif label.type is LabelType.CATEGORY and len(categories) < 2:
        remedy = "With one there is nothing to predict: add the others."
        yield ("label", "categories"), "be at least two", list(categories), remedy
    twice = sorted({value for value in categories if categories.count(value) > 1})
    if twice:
        yield ("label", "categories"), "be given once each", twice, "Remove the repeated ones."
    if label.range is not None:
        low, high = label.range
        if low is not None and high is not None and low >= high:
            yield ("label", "range"), "have its smaller bound first", [low, high], "Exchange the two."
    quantiles = list(label.quantiles or ())
    if quantiles != sorted(set(quantiles)):
        yield ("label", "quantiles"), "grow", quantiles, f"Write them as {sorted(set(quantiles))}."
    if isinstance(label.weights, dict) and label.classes and set(label.weights) != set(label.classes):
        remedy = f"Give a number for each of {', '.join(label.classes)}."
        yield ("label", "weights"), "name every class and no other", sorted(label.weights), remedy


def _prior(workload: Workload) -> Iterator[BrokenRule]:
    label, prior = workload.label, workload.prior
    here = ("prior",)
    if label.type is LabelType.CATEGORY:
        shares = ", ".join(f"{category}: 0.1" for category in (label.categories or ())[:2])
        remedy = f"Write a probability for each category, as {{{shares}, ...}}; they sum to 1."
        if not isinstance(prior, dict) or set(prior) != set(label.categories or ()):
            yield here, "give every category of the label a probability, and no other", prior, remedy
        elif min(prior.values()) < 0 or abs(math.fsum(prior.values()) - 1) > _SUM_TOLERANCE:
            yield here, f"sum to 1 without negative ones, they sum to {math.fsum(prior.values()):g}", prior, remedy
    elif isinstance(prior, dict):
        wanted = "one probability of true" if label.type is LabelType.BOOLEAN else "one value"
        yield here, f"be {wanted}, as the label is a {label.type}", prior, "Write one number."
    elif label.type is LabelType.BOOLEAN and not 0 <= prior <= 1:
        yield here, "be from 0 to 1", prior, "It is the probability of true before the first model exists."
    elif label.type is LabelType.NUMBER and label.range is not None:
        low, high = label.range
        if (low is not None and prior < low) or (high is not None and prior > high):
            yield here, "lie in label.range", prior, f"The label is from {low} to {high}."


def _check(workload: Workload) -> Iterator[BrokenRule]:
    check, label = workload.check, workload.label
    if check.label_share is not None:
        low, high = check.label_share
        if not 0 <= low < high <= 1:
            remedy = "Write it as [0.05, 0.6]."
            yield ("check", "label_share"), "be two growing shares between 0 and 1", [low, high], remedy
    if check.label_mean is not None and not check.label_mean[0] < check.label_mean[1]:
        yield ("check", "label_mean"), "have its smaller bound first", list(check.label_mean), "Exchange the two."
    if check.class_share is not None and label.categories and check.class_share * len(label.categories) > 1:
        remedy = (
            f"{len(label.categories)} categories cannot all have that share: at most {1 / len(label.categories):g}."
        )
        yield ("check", "class_share"), "leave room for every category", check.class_share, remedy


def _known(workload: Workload) -> list[str]:
    return list(of_label(workload.label.type, quantiles=workload.label.quantiles is not None))


def _gate(workload: Workload, name: str, bound: Bound) -> Iterator[BrokenRule]:
    here, metric = ("gates", "metrics", name), METRICS[name]
    if name not in _known(workload):
        yield _foreign(workload, here, name)
        return
    given = bound.model_dump(exclude_none=True)
    if metric.guard and metric.guard not in given:
        yield (
            here,
            f"have a {metric.guard}",
            given,
            f"A {metric.better} {name} is better, so a {metric.guard} guards it.",
        )
    elif not given:
        yield here, "have a minimum or a maximum", given, "Without either it guards nothing."
    low, high = metric.bounds
    for side, value in given.items():
        if not low <= value <= high:
            remedy = f"{name} is never outside that range, so the gate could never {_fate(side, value, low)}."
            yield (*here, side), f"be from {low:g} to {high:g}", value, remedy
    if bound.minimum is not None and bound.maximum is not None and bound.minimum > bound.maximum:
        yield here, "have a minimum below its maximum", given, "No model could pass: exchange the two."


def _fate(side: str, value: float, low: float) -> str:
    return "fail" if (value < low) is (side == "minimum") else "be passed"


def _champion(workload: Workload) -> Iterator[BrokenRule]:
    gate = workload.gates.champion
    if gate is None:
        return
    here, metric = ("gates", "champion", "metric"), METRICS[gate.metric]
    if gate.metric not in _known(workload):
        yield _foreign(workload, here, gate.metric)
    elif metric.better == "neither":
        remedy = "It has a right value rather than a direction: choose another one."
        yield here, "be a metric with a direction", gate.metric, remedy
    low, high = metric.bounds
    if gate.margin >= high - low:
        remedy = f"{gate.metric} is from {low:g} to {high:g}, so no model could be that much better."
        yield ("gates", "champion", "margin"), f"be below {high - low:g}", gate.margin, remedy


def _foreign(workload: Workload, here: tuple[str, ...], name: str) -> BrokenRule:
    if METRICS[name].of == "quantiles" and workload.label.type is LabelType.NUMBER:
        return here, "belong to a label with quantiles", name, "Add `label.quantiles`, or remove the gate."
    known = ", ".join(_known(workload))
    return here, f"be a metric of a label of type {workload.label.type}", name, f"These are {known}."
