"""Publishing to the online store when the store is busy or refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from training import feature_store, storage
from training.job import JobError
from workloads.spec import Workload


class Store:
    """Answers BatchWriteRecord as it is told."""

    def __init__(self, answers: list[dict[str, Any]]) -> None:
        self.answers = answers
        self.calls: list[list[dict[str, Any]]] = []

    def batch_write_record(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        self.calls.append(Entries)
        answer = self.answers.pop(0) if self.answers else {}
        if answer.get("UnprocessedEntries") == "all":
            return {"UnprocessedEntries": Entries}
        return answer


@pytest.fixture
def history() -> pa.Table:
    rows = [
        {"route": "EWR-BOS", "event_time": datetime(2013, 1, day, 12, tzinfo=UTC), "route_delay_5": float(day)}
        for day in (1, 2)
    ]
    return pa.Table.from_pylist([{**row, "route_delay_1d": None, "route_late_14d": 0.5} for row in rows])


def _publish(
    monkeypatch: pytest.MonkeyPatch, workload: Workload, history: pa.Table, answers: list[dict[str, Any]]
) -> Store:
    store = Store(answers)
    monkeypatch.setattr(storage, "client", lambda _: store)
    monkeypatch.setattr("training.feature_store.time.sleep", lambda _: None)
    assert feature_store.publish(workload, "route", history, "routes") == 1
    return store


def test_the_newest_row_is_written_and_what_is_missing_is_left_out(
    monkeypatch: pytest.MonkeyPatch, workload: Workload, history: pa.Table
) -> None:
    store = _publish(monkeypatch, workload, history, [])
    ((entry,),) = store.calls
    assert entry["FeatureGroupName"] == "routes"
    assert entry["Record"] == [
        {"FeatureName": "route", "ValueAsString": "EWR-BOS"},
        {"FeatureName": "event_time", "ValueAsString": "2013-01-02T12:00:00Z"},
        {"FeatureName": "route_delay_5", "ValueAsString": "2.0"},
        {"FeatureName": "route_late_14d", "ValueAsString": "0.5"},
    ]


def test_what_the_store_left_unprocessed_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, workload: Workload, history: pa.Table
) -> None:
    store = _publish(monkeypatch, workload, history, [{"UnprocessedEntries": "all"}] * 2)
    assert store.calls == [store.calls[0]] * 3


def test_a_store_that_stays_busy_or_refuses_fails_the_job(
    monkeypatch: pytest.MonkeyPatch, workload: Workload, history: pa.Table
) -> None:
    with pytest.raises(JobError, match="left 1 records unprocessed after 5 attempts"):
        _publish(monkeypatch, workload, history, [{"UnprocessedEntries": "all"}] * 9)
    error = {"Entry": {}, "ErrorCode": "ValidationError", "ErrorMessage": "route_delay_5 must be Fractional"}
    with pytest.raises(JobError, match="refused 1 records, the first with ValidationError: route_delay_5 must be"):
        _publish(monkeypatch, workload, history, [{"Errors": [error]}])
