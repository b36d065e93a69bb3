"""Labels before training: their type, their answers that never came, and whether there are enough of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.training import kinds
from training import dataset, labels
from training.check import violations
from training.job import JobError
from workloads.spec import Workload


def table(rows: pd.DataFrame, answer: pa.Array | None = None) -> pa.Table:
    """Write examples as the SQL gives them, the label perhaps as another array."""
    columns: dict[str, pa.Array] = {
        str(name): pa.array(rows[name].to_numpy(dtype=object), from_pandas=True) for name in rows
    }
    for name in ("event_time", "known_at"):
        columns[name] = pa.array(rows[name].dt.tz_convert(None).to_numpy(), pa.timestamp("us", tz="UTC"))
    return pa.table(columns if answer is None else {**columns, "answer": answer})


@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        (
            "boolean",
            pa.array([0, 1, 2]),
            "so answer must be bool in features.sql, got int64. Write the condition there",
        ),
        ("boolean", pa.array([0.0, 0.5, 1.0]), "so answer must be bool in features.sql, got double"),
        ("boolean", pa.array(["a", "b", "c"]), "so answer must be bool in features.sql, got string"),
        ("category", pa.array([1, 2, 3]), "so answer must be string in features.sql, got int64. Write its name there"),
        ("category", pa.array([True, False, True]), "so answer must be string in features.sql, got bool"),
        ("number", pa.array([True, False, True]), "so answer must be double in features.sql, got bool"),
        ("number", pa.array(["1", "2", "3"]), "so answer must be double in features.sql, got string"),
        ("number", pa.array([1.0, float("nan"), float("inf")]), "a finite number, got NaN or infinity in 2 of 3"),
    ],
)
def test_a_label_of_another_type_is_refused_not_converted(kind: str, answer: pa.Array, said: str) -> None:
    with pytest.raises(JobError) as refused:
        labels.typed(kinds.workload(kind), table(kinds.examples(kind, 3), answer))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "answer", "found"),
    [
        ("number", pa.array([1, 2, 3]), pa.float64()),
        ("number", pa.array([1, 2, 3], pa.int8()).cast(pa.decimal128(10, 2)), pa.float64()),
        ("category", pa.array(["small", "large", "large"]).dictionary_encode(), pa.string()),
        ("category", pa.array(["small", "large", "large"], pa.large_string()), pa.string()),
    ],
)
def test_a_label_of_the_same_kind_gets_its_one_type(kind: str, answer: pa.Array, found: pa.DataType) -> None:
    assert labels.typed(kinds.workload(kind), table(kinds.examples(kind, 3), answer))["answer"].type == found


def with_gaps(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    missing = np.random.default_rng(3).random(len(rows)) < share
    return rows.assign(answer=rows.answer.astype(object).mask(missing, None))


@pytest.mark.parametrize(("share", "refused"), [(0.1, False), (0.5, True)])
def test_answers_that_never_came_are_counted_and_too_many_are_refused(share: float, refused: bool) -> None:
    workload, rows = kinds.workload("boolean"), kinds.examples("boolean", 500)
    said = labels.unanswered(workload, table(with_gaps(rows, share)), kinds.START + timedelta(hours=500))
    assert (said is not None) is refused
    if said:
        assert said.startswith("answer must have a value in at least 80% of the examples that are old enough, got none")
        assert "raise check.unanswered" in said


def test_the_newest_examples_need_no_answer_yet() -> None:
    """Answers come after ten days: of 500 hours the last 240 have none."""
    rows = kinds.examples("boolean", 500)
    rows["known_at"] = rows.event_time + timedelta(days=10)
    end = kinds.START + timedelta(hours=500)
    rows["answer"] = rows.answer.astype(object).mask(rows.known_at >= end, None)
    assert rows.answer.isna().mean() > 0.4
    assert labels.unanswered(kinds.workload("boolean"), table(rows), end) is None
    nothing = rows.assign(answer=None)
    assert labels.unanswered(kinds.workload("boolean"), table(nothing), end) is not None


def least(workload: Workload, number: int) -> Workload:
    return workload.model_copy(update={"holdout": workload.holdout.model_copy(update={"minimum_examples": number})})


def test_one_in_a_hundred_is_measured_only_on_enough_of_them() -> None:
    workload = kinds.workload("boolean")
    few = kinds.examples("boolean", 2_000, share=0.01)
    with pytest.raises(JobError) as refused:
        dataset.split(workload, table(few))
    said = str(refused.value)
    assert said.startswith("The hold-out must hold at least 10 examples of both answers of answer, got true ")
    assert said.endswith("a larger holdout.share, or a smaller holdout.minimum_examples.")
    many = kinds.examples("boolean", 6_000, share=0.01)
    holdout = dataset.split(workload, table(many)).holdout.to_pandas()
    assert holdout.answer.sum() >= 10
    assert dataset.split(least(workload, 2), table(few)).holdout.num_rows == 500


def test_every_category_must_be_in_both_parts() -> None:
    workload = kinds.workload("category")
    rows = kinds.examples("category")
    early = rows.assign(answer=rows.answer.where((rows.index < 400) | (rows.answer != "large"), "small"))
    with pytest.raises(JobError, match=r"The hold-out must hold at least 10 examples of every category .*got large 0"):
        dataset.split(workload, table(early))
    late = rows.assign(answer=rows.answer.where((rows.index >= 460) | (rows.answer != "large"), "LARGE"))
    with pytest.raises(JobError, match=r"The training part must .*got large 0 .*lacks 'LARGE', which it has"):
        dataset.split(workload, table(late))


def test_a_number_that_never_changes_cannot_be_learnt_or_measured() -> None:
    rows = kinds.examples("number").assign(answer=3.0)
    with pytest.raises(JobError) as refused:
        dataset.split(kinds.workload("number"), table(rows))
    assert "The training part must hold at least 2 examples with different values of answer, got" in str(refused.value)
    assert "The hold-out must hold at least 10 examples with different values" in str(refused.value)


def found(kind: str, rows: pd.DataFrame, check: dict[str, Any] | None = None, **label: Any) -> list[str]:
    """Return what the check says of a training set."""
    given = kinds.content(kind, **label)
    given["check"].update(check or {})
    return [str(one) for one in violations(Workload.model_validate(given), rows)]


@pytest.mark.parametrize("kind", kinds.PRIORS)
def test_data_with_gaps_in_every_kind_of_feature_pass_the_check(kind: str) -> None:
    rows = kinds.examples(kind)
    assert rows.open.dtype == object, "as booleans with gaps come from Arrow"
    assert found(kind, rows) == []


def test_what_is_no_boolean_is_still_found() -> None:
    rows = kinds.examples("boolean")
    assert any(one.startswith("open must be of type boolean, got") for one in found("boolean", rows.assign(open="no")))
    assert any(one.startswith("open must be of type boolean") for one in found("boolean", rows.assign(open=1)))


@pytest.mark.parametrize(
    ("kind", "check", "label", "said"),
    [
        ("boolean", {"label_share": [0.3, 0.6]}, {}, "answer must be true in 0.3 to 0.6 of rows, got 0.25"),
        ("category", {"class_share": 0.3}, {}, "answer must be large in at least 0.3 of rows, got 0.2"),
        ("category", {}, {"categories": ["small", "large"]}, "answer must be one of its categories: broken in 180"),
        ("number", {"label_mean": [10, 20]}, {}, "answer must have a mean from 10 to 20, got "),
        ("number", {}, {"range": [0, None]}, "answer must be at least 0: broken in "),
        ("number", {}, {"range": [None, 5]}, "answer must be at most 5: broken in "),
    ],
)
def test_labels_that_are_not_plausible_break_the_check(
    kind: str, check: dict[str, Any], label: dict[str, Any], said: str
) -> None:
    assert any(one.startswith(said) for one in found(kind, kinds.examples(kind), check, **label))
