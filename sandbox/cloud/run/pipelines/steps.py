"""What each type of pipeline step does: start, look after, stop."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.cloud.run.pipelines.definition import Step
from sandbox.cloud.run.pipelines.values import Values
from sandbox.cloud.state import records

_LONGEST_NAME = 63
_TEXT_MEMBERS = ("HyperParameters", "Environment")
JOBS = {"Processing": ("ProcessingJob", "processing_job"), "Training": ("TrainingJob", "training_job")}
_MODELS = {
    "Model": ("create_model", "ModelName", "ModelArn"),
    "RegisterModel": ("create_model_package", None, "ModelPackageArn"),
}


class StepFailure(Exception):  # noqa: N818 - an outcome, not a mistake of ours
    """The step fails with this reason; what it is known by so far comes along."""

    def __init__(self, reason: str, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.metadata = dict(metadata or {})


def job_name(execution: str, step: str, prefix: str | None = None) -> str:
    """Return a name as SageMaker gives jobs.

    Parameters
    ----------
    execution, step : str
        The execution's id and the step's name.
    prefix : str, optional
        What the definition gives as the job's name: then it is ``PREFIX-EXECUTION-RANDOM-ATTEMPT``, else
        ``pipelines-EXECUTION-STEP-RANDOM``. AWS does not say what becomes of a name that gets too long with it: here
        it stays, and the job is refused.
    """
    end = secrets.token_urlsafe(24).replace("-", "").replace("_", "")[:10]
    if prefix:
        return f"{prefix}-{execution}-{end}-0"
    start = f"pipelines-{execution}-{step.replace('_', '-')}"
    return f"{start[: _LONGEST_NAME - 11].rstrip('-')}-{end}"


def start(step: Step, values: Values, sagemaker: Any, execution: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Start a step.

    Parameters
    ----------
    step : Step
        What to start.
    values : Values
        The execution's values.
    sagemaker : client
        With the rights of the pipeline's role.
    execution : str
        The execution's id.

    Returns
    -------
    tuple
        The step's metadata, and, where the step is over at once, its outputs (else None: see `poll`).

    Raises
    ------
    StepFailure, ValueFailure, botocore.exceptions.ClientError
        The step fails.
    """
    arguments = step.body.get("Arguments", {})
    if step.kind == "Condition":
        met = all(values.holds(condition) for condition in arguments["Conditions"])
        return {"Condition": {"Outcome": str(met)}}, {"Outcome": met}
    if step.kind == "Fail":
        message = str(values.resolve(arguments["ErrorMessage"]))
        raise StepFailure(message, {"Fail": {"ErrorMessage": message}})
    request = _as_text(values.resolve(arguments))
    if step.kind in _MODELS:
        call, name, arn = _MODELS[step.kind]
        made = getattr(sagemaker, call)(**request, **({name: job_name(execution, step.name)} if name else {}))
        return {step.kind: {"Arn": made[arn]}}, {**request, **made}
    kind, words = JOBS[step.kind]
    name = job_name(execution, step.name, request.pop(f"{kind}Name", None))
    arn = getattr(sagemaker, f"create_{words}")(**{f"{kind}Name": name}, **request)[f"{kind}Arn"]
    return {kind: {"Arn": arn}}, None


def _as_text(request: dict[str, Any]) -> dict[str, Any]:
    """Turn numbers into text where the API takes text: hyperparameters, variables, arguments."""
    for member in _TEXT_MEMBERS:
        if member in request:
            request[member] = {name: _plain(value) for name, value in request[member].items()}
    app = request.get("AppSpecification", {})
    if "ContainerArguments" in app:
        app["ContainerArguments"] = [_plain(value) for value in app["ContainerArguments"]]
    return request


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def poll(step: Step, metadata: Mapping[str, Any], sagemaker: Any) -> dict[str, Any] | None:
    """Return a job's description once it is Completed, None while it runs.

    Raises
    ------
    StepFailure
        If it failed or was stopped.
    """
    kind, words = JOBS[step.kind]
    name = metadata[kind]["Arn"].rpartition("/")[2]
    with records.LOCK:
        record = records.table(kind)[name]
        status, reason = record[f"{kind}Status"], record.get("FailureReason")
    if status in ("InProgress", "Stopping"):
        return None
    if status != "Completed":
        raise StepFailure(f"ClientError: {reason or f'the job {name} is {status}'}")
    return dict(getattr(sagemaker, f"describe_{words}")(**{f"{kind}Name": name}))


def stop(step: Step, metadata: Mapping[str, Any], sagemaker: Any) -> None:
    """Ask a step's job to stop."""
    kind, words = JOBS[step.kind]
    name = metadata[kind]["Arn"].rpartition("/")[2]
    getattr(sagemaker, f"stop_{words}")(**{f"{kind}Name": name})
