"""Jobs for which there are no instances are tried again; those that failed by themselves are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.training.test_pipeline import SETTINGS
from training.pipeline import definition
from workloads.spec import Workload


def _jobs(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        if step["Type"] in ("Processing", "Training"):
            yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _jobs(step.get("Arguments", {}).get(branch, []))


def test_each_job_waits_for_instances_and_no_longer_than_a_quarter_of_an_hour(workload: Workload) -> None:
    jobs = list(_jobs(json.loads(definition(workload, SETTINGS))["Steps"]))
    assert {"prepare", "check", "train", "evaluate", "package", "register"} <= {job["Name"] for job in jobs}
    for job in jobs:
        (policy,) = job["RetryPolicies"]
        assert sorted(policy["ExceptionType"]) == [
            "SageMaker.CAPACITY_ERROR",
            "SageMaker.JOB_INTERNAL_ERROR",
            "SageMaker.RESOURCE_LIMIT",
        ]
        pauses = [policy["IntervalSeconds"] * policy["BackoffRate"] ** n for n in range(policy["MaxAttempts"])]
        assert 60 < sum(pauses) <= 16 * 60
