"""The jobs' own rules one step to each side: months, dates, the split in time, the check, and what a package says."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from training import dataset, prepare, register
from training.check import violations
from training.job import JobError
from workloads.fields import Feature
from workloads.spec import Workload, named

START = datetime(2013, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    """A moment so many days after the start."""
    return START + timedelta(days=number)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2013-02-01", "2013-02-01", ["DataStart must be before DataEnd, got 2013-02-01 and 2013-02-01"]),
        ("2013-02-02", "2013-02-01", ["DataStart must be before DataEnd"]),
        ("January", "31.1.2013", ["DataStart must be an ISO date, got 'January'", "DataEnd must be an ISO date"]),
    ],
)
def test_dates_that_give_no_time_are_refused(start: str, end: str, said: list[str]) -> None:
    with pytest.raises(JobError) as refused:
        prepare._dates(["--data-start", start, "--data-end", end])
    assert all(one in str(refused.value) for one in said)


@pytest.mark.parametrize("given", [["--data-start", "2013-01-01"], ["--data-end", "2013-01-01"], []])
def test_both_dates_must_be_given(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        prepare._dates(given)
    assert "required" in capsys.readouterr().err


def table(workload: Workload, asked: list[datetime], known: list[datetime], late: list[bool]) -> pa.Table:
    """Examples of these moments, and nothing else."""
    columns = {
        workload.examples.record_id: [str(number) for number in range(len(asked))],
        workload.examples.event_time: asked,
        workload.label.known_at: known,
        workload.label.name: late,
    }
    return pa.table({**columns, **{name: [1] * len(asked) for name in workload.features}})


def test_an_example_belongs_to_one_part_or_to_none(workload: Workload) -> None:
    """The hold-out is the last fifth: it begins with day 8; what was answered only then is trained on by nobody."""
    share = workload.holdout.model_copy(update={"share": 0.2, "minimum_examples": 1})
    split_at_8 = workload.model_copy(update={"holdout": share})
    asked = [day(number) for number in (0, 1, 2, 7, 7.5, 8, 9, 10)]
    known = [day(number) for number in (0.5, 1.5, 7.9, 8, 8.5, 8.5, 9.5, 10.5)]
    parts = dataset.split(split_at_8, table(split_at_8, asked, known, [True, False] * 4))
    record = split_at_8.examples.record_id
    assert parts.training[record].to_pylist() == ["0", "1", "2"]
    assert parts.holdout[record].to_pylist() == ["5", "6", "7"]
    said = dataset.describe(split_at_8, parts)
    assert said["training"] == {"rows": 3, "to": day(2).isoformat()}
    assert said["holdout"] == {"rows": 3, "from": day(8).isoformat()}


@pytest.mark.parametrize(
    ("late", "part"), [([True] * 3 + [True, False], "training part"), ([True, False, True] + [True] * 2, "hold-out")]
)
def test_each_part_needs_both_answers(workload: Workload, late: list[bool], part: str) -> None:
    share = workload.holdout.model_copy(update={"share": 0.25, "minimum_examples": 1})
    asked = [day(number) for number in (0, 1, 2, 3, 4)]
    known = [moment + timedelta(hours=1) for moment in asked]
    with pytest.raises(JobError, match=f"The {part} must hold examples of both answers of {workload.label.name}, got "):
        one_sided = workload.model_copy(update={"holdout": share})
        dataset.split(one_sided, table(one_sided, asked, known, late))


def test_the_holdout_is_asked_about_without_its_answers(workload: Workload) -> None:
    asked = [day(number / 10) for number in range(120)]
    parts = dataset.split(workload, table(workload, asked, asked, [True, False] * 60))
    features, labels = dataset.holdout_features(workload, parts), dataset.holdout_labels(workload, parts)
    assert features.column_names == [workload.examples.record_id, *workload.features]
    assert not set(labels.column_names) & set(workload.features)
    assert workload.label.name in labels.column_names
    together = dataset.whole(
        workload, {dataset.TRAINING: parts.training, dataset.HOLDOUT: features, dataset.LABELS: labels}
    )
    assert len(together) == parts.training.num_rows + parts.holdout.num_rows
    with pytest.raises(JobError, match="must be of the same rows"):
        dataset.whole(
            workload, {dataset.TRAINING: parts.training, dataset.HOLDOUT: features[:1], dataset.LABELS: labels[1:2]}
        )


def checked(workload: Workload, feature: dict[str, Any], values: list[Any], **check: Any) -> list[str]:
    """Return what a training set of one feature breaks, a line each."""
    said = {"source": "request", "description": "It.", **feature}
    limits = workload.check.model_copy(update={"minimum_rows": 2, "label_share": (0.0, 1.0), **check})
    single = workload.model_copy(update={"features": {"it": Feature.model_validate(said)}, "check": limits})
    rows = table(
        single,
        [day(n) for n in range(len(values))],
        [day(n) for n in range(len(values))],
        [True, False] * (len(values) // 2),
    )
    return [str(one) for one in violations(single, rows.to_pandas().assign(it=pd.Series(values)))]


def test_values_on_their_bounds_pass_the_check(workload: Workload) -> None:
    number = {"type": "number", "range": [1, 3]}
    assert checked(workload, number, [1.0, 2.0, 3.0, 3.0]) == []
    assert checked(workload, number, [0.5, 0.5, 0.75, 3.0]) == [
        "it must be at least 1: broken in 3 rows, such as 0.5, 0.75"
    ]
    assert checked(workload, number, [1.0, 4.0, 5.0, 6.0, 7.0, 3.0]) == [
        "it must be at most 3: broken in 4 rows, such as 4.0, 5.0, 6.0"
    ]
    assert checked(workload, {"type": "number", "range": [None, 3]}, [-1e9, 3.0]) == []
    assert checked(workload, {"type": "number", "range": [1, None]}, [1e9, 1.0]) == []


def test_gaps_pass_where_they_may_be(workload: Workload) -> None:
    assert checked(workload, {"type": "integer", "nullable": True}, [1, None]) == []
    assert checked(workload, {"type": "integer"}, [1.0, None]) == ["it must have a value: broken in 1 rows"]
    assert checked(workload, {"type": "integer"}, [1.0, 2.5])[0].startswith("it must be of type integer, got float64")
    assert checked(workload, {"type": "number", "nullable": True}, [None, None]) == []
    category = {"type": "category", "categories": ["a", "b"]}
    assert checked(workload, category, ["a", "b"]) == []
    assert checked(workload, category, ["a", "c"]) == ["it must be one of its categories: broken in 1 rows, such as c"]


def test_rows_and_shares_on_their_limits_pass_the_check(workload: Workload) -> None:
    number = {"type": "number"}
    assert checked(workload, number, [1.0, 2.0], minimum_rows=2) == []
    assert checked(workload, number, [1.0, 2.0], minimum_rows=3) == [
        "training set must have at least 3 rows, got 2: broken in 2 rows"
    ]
    assert checked(workload, number, [1.0, 2.0], label_share=(0.5, 0.5)) == []
    name = workload.label.name
    for low, high in ((0.51, 1.0), (0.0, 0.49)):
        said = checked(workload, number, [1.0, 2.0], label_share=(low, high))
        assert said == [f"{name} must be true in {low:g} to {high:g} of rows, got 0.500: broken in 2 rows"]


@pytest.mark.parametrize(
    ("text", "taken"), [("a", True), ("a" * 3, True), ("a" * 4, False), ("", False), ("a\n", False), ("é _", True)]
)
def test_a_property_is_as_long_as_sagemaker_takes(text: str, taken: bool) -> None:
    assert register.storable(text, 3) is taken


def test_keys_of_128_and_values_of_256_characters_are_kept() -> None:
    prefix = len("parameter_")
    kept = {"k" * (128 - prefix): 1, "v": "v" * 256}
    lost = {"k" * (129 - prefix): 1, "w": "v" * 257}
    assert register.with_parameters({}, {**kept, **lost}) == {f"parameter_{key}": str(kept[key]) for key in kept}
    full = {f"key{number}": "1" for number in range(50)}
    assert register.with_parameters(full, {"a": 1}) == full
    assert register.with_parameters({**full, "more": "1"}, {"a": 1}) == {**full, "more": "1"}


def test_a_package_is_born_pending_and_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_PIPELINE_EXECUTION", "run-1")
    monkeypatch.setenv("HEADRACE_IMAGE_URI", "registry/images@sha256:1")
    monkeypatch.setenv("HEADRACE_CODE_DIGEST", "code")
    monkeypatch.setenv("HEADRACE_WORKLOAD_DIGEST", "workload")
    monkeypatch.setenv("MODEL_PACKAGE_GROUP_NAME", "group")
    groups = {entity: f"{entity}-group" for entity in named("flights").entities}
    for entity, group in groups.items():
        monkeypatch.setenv(f"FEATURE_GROUP_{entity.upper()}", group)
    names = ("model_digest", "artifact_sha256", "dataset_version", "manifest_uri", "evaluation_uri", "baseline_uri")
    described = {
        **{name: f"the-{name}" for name in (*names, "model_data_url")},
        "metrics": {"roc_auc": 0.5},
        "parameters": {},
    }
    asked = register.request(described, named("flights"))
    assert asked["ModelApprovalStatus"] == "PendingManualApproval"
    assert asked["ModelPackageGroupName"] == "group"
    assert asked["ClientToken"] == hashlib.sha256(b"run-1").hexdigest()[:32]
    (container,) = asked["InferenceSpecification"]["Containers"]
    assert container == {
        "Image": "registry/images@sha256:1",
        "ModelDataUrl": "the-model_data_url",
        "Environment": {"HEADRACE_MODEL_DIGEST": "the-model_digest"},
    }
    assert asked["CustomerMetadataProperties"] == {
        **{name: f"the-{name}" for name in names},
        "code_digest": "code",
        "workload_digest": "workload",
        "image_digest": "sha256:1",
        "gates": "passed",
        "pipeline_execution": "run-1",
        **{f"feature_group_{entity}": group for entity, group in groups.items()},
        "metric_roc_auc": "0.500000",
    }
