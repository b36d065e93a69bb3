"""Neither part of a data set holds only the questions that were answered quickly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.training.proof.test_later import START, changed
from tests.training.streams import Streams
from training import dataset, prepare
from training.proof import maturity
from workloads import spec
from workloads.problems import ProblemsError
from workloads.spec import Workload

DAYS = 100
END = START + timedelta(days=DAYS)


def _answered(workload: Workload, slow: timedelta, quick: timedelta) -> pa.Table:
    """One question in ten is true, which takes longer to be known; what is not known at the end has no answer."""
    asked = [START + timedelta(hours=hour) for hour in range(DAYS * 24)]
    truth = [number % 10 == 0 for number in range(len(asked))]
    known = [at + (slow if true else quick) for at, true in zip(asked, truth, strict=True)]
    rows = pa.table(
        {
            "flight_id": [str(number) for number in range(len(asked))],
            "event_time": asked,
            "arrived_at": known,
            "late": truth,
        }
    )
    return rows.filter(pc.less(rows["arrived_at"], pa.scalar(END, rows["arrived_at"].type)))


def _share(part: pa.Table) -> float:
    return float(np.mean(part["late"].to_numpy(zero_copy_only=False)))


def test_rare_answers_that_come_late_are_waited_for(workload: Workload) -> None:
    answered = _answered(workload, slow=timedelta(days=10), quick=timedelta(hours=1))
    waited = maturity.wait(workload, answered, END)
    assert waited == timedelta(days=10)
    newest = answered.filter(pc.greater(answered["event_time"], pa.scalar(END - waited, pa.timestamp("us", "UTC"))))
    assert _share(newest) == 0
    parts = dataset.split(workload, maturity.old_enough(workload, answered, END, waited), waited)
    for part in (parts.training, parts.holdout):
        last_days = part.slice(part.num_rows - 9 * 24)
        assert _share(last_days) == pytest.approx(0.1, abs=0.01)
        assert _share(part) == pytest.approx(0.1, abs=0.01)


def test_without_the_wait_the_hold_out_would_be_of_another_mixture(workload: Workload) -> None:
    answered = _answered(workload, slow=timedelta(days=10), quick=timedelta(hours=1))
    assert _share(dataset.split(workload, answered).holdout) < 0.06


def test_where_every_answer_takes_as_long_nothing_is_left_out(workload: Workload) -> None:
    answered = _answered(workload, slow=timedelta(days=3), quick=timedelta(days=3))
    waited = maturity.wait(workload, answered, END)
    assert waited == timedelta(days=3)
    assert maturity.old_enough(workload, answered, END, waited).num_rows == answered.num_rows


def test_slow_numbers_are_waited_for_too(workload: Workload) -> None:
    label = workload.label.model_copy(update={"type": spec.LabelType.NUMBER})
    number = workload.model_copy(update={"label": label})
    asked = [START + timedelta(hours=hour) for hour in range(1_000)]
    values = [float(hour % 100) for hour in range(1_000)]
    rows = pa.table(
        {
            "event_time": asked,
            "arrived_at": [at + timedelta(hours=value) for at, value in zip(asked, values, strict=True)],
            "late": values,
        }
    )
    waited = maturity.wait(number, rows, START + timedelta(hours=1_000))
    assert timedelta(hours=96) <= waited <= timedelta(hours=99)


def test_there_may_be_no_answer_at_all(workload: Workload) -> None:
    nothing = _answered(workload, slow=timedelta(1), quick=timedelta(1)).slice(0, 0)
    assert maturity.wait(workload, nothing, END) == timedelta(0)
    assert maturity.old_enough(workload, nothing, END, timedelta(0)).num_rows == 0


def test_an_answer_that_is_known_before_its_question_is_refused(
    twelve_days: Streams, tmp_path_factory: pytest.TempPathFactory
) -> None:
    change = ("arrivals.event_time AS arrived_at", "schedules.event_time - INTERVAL 1 MINUTE AS arrived_at")
    folder = changed(tmp_path_factory.mktemp("early"), change)
    with pytest.raises(ProblemsError) as refused:
        prepare.build(spec.load(folder / "workload.yaml"), twelve_days, START, datetime(2013, 1, 13, tzinfo=UTC))
    said = [str(problem) for problem in refused.value.problems]
    assert any("examples.arrived_at must be at or after the moment of the question" in one for one in said)
