"""Instances that are taken, and what is said of those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from inference.contract import MOST_PROBLEMS, describe, validate
from workloads.problems import ProblemsError
from workloads.spec import Workload


def _refused(workload: Workload, *instances: Any) -> list[dict[str, Any]]:
    with pytest.raises(ProblemsError) as refused:
        validate(workload, list(instances))
    return [problem.as_dict() for problem in refused.value.problems]


def test_a_row_has_every_feature_in_the_contracts_order(workload: Workload, instance: dict[str, Any]) -> None:
    (row,) = validate(workload, [{"temperature": None, **instance}])
    assert tuple(row) == workload.feature_names()
    assert row["distance"] == 1400
    assert row["origin_delay_2h"] is None


def test_every_broken_rule_is_said_at_once(workload: Workload, instance: dict[str, Any]) -> None:
    del instance["distance"]
    broken: dict[str, Any] = {
        "destination": "IAHX",
        "origin": 5,
        "weekday": 8,
        "departure_minute": 3.5,
        "temprature": 50,
    }
    broken["humidity"] = True
    found = {problem["field"]: problem for problem in _refused(workload, instance, {**instance, **broken})}
    assert found["instances[0].distance"] == {
        "field": "instances[0].distance",
        "rule": "must be given",
        "remedy": "Send it. Miles between the airports.",
    }
    assert found["instances[1].destination"]["rule"].startswith("must be one of ABQ, ACK, ALB")
    assert found["instances[1].destination"]["remedy"] == "Did you mean IAH?"
    assert found["instances[1].origin"]["rule"] == "must be a string"
    assert (found["instances[1].weekday"]["rule"], found["instances[1].weekday"]["value"]) == ("must be at most 7", "8")
    assert found["instances[1].departure_minute"]["rule"] == "must be a whole number"
    assert found["instances[1].temprature"]["remedy"] == "Did you mean temperature?"
    assert found["instances[1].humidity"]["rule"] == "must be a finite number"
    assert len(found) == 8


def test_a_value_that_must_be_there_may_not_be_null(workload: Workload, instance: dict[str, Any]) -> None:
    (problem,) = _refused(workload, {**instance, "carrier": None})
    assert (problem["field"], problem["value"]) == ("instances[0].carrier", "null")


def test_an_instance_is_an_object(workload: Workload) -> None:
    (problem,) = _refused(workload, [1, 2])
    assert (problem["rule"], problem["value"]) == ("must be an object", "[1, 2]")


def test_an_answer_stays_short_however_much_is_wrong(workload: Workload) -> None:
    assert len(_refused(workload, *[{}] * 1_000)) == MOST_PROBLEMS


def test_the_contract_says_who_gives_what(workload: Workload) -> None:
    given_by = {entry["name"]: entry["given_by"] for entry in describe(workload)}
    assert given_by["carrier"] == "caller"
    assert given_by["route_delay_5"] == "feature group of route"
