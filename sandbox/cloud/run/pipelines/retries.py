"""When a step of a pipeline is tried again: what its RetryPolicies say of the error that it ended with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud.run.pipelines.definition import Step

_BY_REASON = {"CapacityError": "SageMaker.CAPACITY_ERROR", "InternalServerError": "SageMaker.JOB_INTERNAL_ERROR"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException"}
# "The pipeline service will retry SERVICE_FAULT and THROTTLING regardless of pipeline step type by default", says the
# sagemaker SDK; how often it does not say.
_DEFAULT = {
    "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"],
    "IntervalSeconds": 1,
    "BackoffRate": 2.0,
    "MaxAttempts": 3,
}


def kind_of_failure(reason: str) -> str | None:
    """Return the exception type of a job that failed, None where AWS has none."""
    words = reason.removeprefix("ClientError: ").partition(":")[0]
    return _BY_REASON.get(words)


def kind_of_error(error: ClientError) -> str | None:
    """Return the exception type of a job that could not be started, None where AWS has none."""
    code = error.response["Error"].get("Code")
    if code == "ResourceLimitExceeded":
        return "SageMaker.RESOURCE_LIMIT"
    if code in _THROTTLED:
        return "Step.THROTTLING"
    failed = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
    return "Step.SERVICE_FAULT" if failed else None


def pause(step: Step, kind: str | None, attempts: int, since_start: float) -> float | None:
    """Return how many seconds to wait before the step is started again, None if it is not.

    Parameters
    ----------
    step : Step
        Its body may hold RetryPolicies.
    kind : str or None
        The exception type.
    attempts : int
        How often it was started so far.
    since_start : float
        Seconds since it was started first.
    """
    policy = next((policy for policy in _policies(step) if kind in policy["ExceptionType"]), None)
    if policy is None:
        return None
    seconds = float(policy.get("IntervalSeconds", 1)) * float(policy.get("BackoffRate", 2.0)) ** (attempts - 1)
    if "MaxAttempts" in policy and attempts > policy["MaxAttempts"]:
        return None
    if "ExpireAfterMin" in policy and since_start + seconds > 60 * policy["ExpireAfterMin"]:
        return None
    return seconds


def _policies(step: Step) -> list[Mapping[str, Any]]:
    return [*step.body.get("RetryPolicies", []), _DEFAULT]
