"""Pipeline executions: start, describe, list, stop. Pipelines themselves are kept by control/."""

from __future__ import annotations

import copy
import secrets
import string
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.cloud import clients
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.control.iam.service_uses import PIPELINE
from sandbox.cloud.control.sagemaker import listing
from sandbox.cloud.run.pipelines import definition as definitions
from sandbox.cloud.run.pipelines.run import KIND, STOPPED_WITH_CLOUD, PipelineRun
from sandbox.cloud.run.shared.roles import check_role
from sandbox.cloud.state import records

OVER = ("Succeeded", "Failed", "Stopped")
_ALPHABET = string.ascii_lowercase + string.digits
_DESCRIBED = (
    "PipelineArn", "PipelineExecutionArn", "PipelineExecutionDisplayName", "PipelineExecutionStatus",
    "PipelineExecutionDescription", "FailureReason", "CreationTime", "LastModifiedTime", "ParallelismConfiguration",
)  # fmt: skip
_SUMMARY = (
    "PipelineExecutionArn", "PipelineExecutionStatus", "PipelineExecutionDescription", "PipelineExecutionDisplayName",
)  # fmt: skip
_STEP = (
    "StepName", "StepDisplayName", "StepDescription", "StartTime", "EndTime", "StepStatus", "FailureReason",
    "Metadata", "AttemptCount",
)  # fmt: skip
_RUNS: dict[str, PipelineRun] = {}


def _executions() -> dict[str, records.Record]:
    return records.table(KIND)


def _execution(call: Call) -> records.Record:
    """Return a copy of the execution that a call names."""
    arn = call.params["PipelineExecutionArn"]
    with records.LOCK:
        if arn not in _executions():
            raise AwsError("ResourceNotFound", f"Pipeline execution {arn} does not exist.")
        return copy.deepcopy(_executions()[arn])


def _pipeline(name: str) -> dict[str, Any]:
    """Return a pipeline by name or ARN."""
    try:
        found = clients.client("sagemaker").describe_pipeline(PipelineName=name.rpartition("/")[2])
    except ClientError as error:
        raise AwsError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
    return dict(found)


@handles("sagemaker", "StartPipelineExecution")
def start_pipeline_execution(call: Call) -> Params:
    """Start an execution; the same ClientRequestToken for the same pipeline starts only one."""
    params = call.params
    if params.get("SelectiveExecutionConfig"):
        raise AwsError("ValidationException", "SelectiveExecutionConfig is not executed by the local cloud")
    pipeline = _pipeline(params["PipelineName"])
    arn = pipeline["PipelineArn"]
    execution = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    check_role(pipeline["RoleArn"], PIPELINE, f"{pipeline['PipelineName']}/execution/{execution}")
    given = {item["Name"]: item["Value"] for item in params.get("PipelineParameters", [])}
    try:
        definition = definitions.parse(pipeline["PipelineDefinition"])
        values = definitions.values(definition, given)
    except definitions.DefinitionError as error:
        raise AwsError("ValidationException", f"{pipeline['PipelineName']}: {error}") from error
    now = datetime.now(UTC)
    record: records.Record = {
        "PipelineArn": arn,
        "PipelineName": pipeline["PipelineName"],
        "PipelineExecutionArn": f"{arn}/execution/{execution}",
        "PipelineExecutionDisplayName": params.get("PipelineExecutionDisplayName", f"execution-{execution}"),
        "PipelineExecutionStatus": "Executing",
        "CreationTime": now,
        "LastModifiedTime": now,
        "RoleArn": pipeline["RoleArn"],
        "Definition": pipeline["PipelineDefinition"],
        "Parameters": [{"Name": name, "Value": _text(value)} for name, value in values.items()],
        "Steps": {},
    }
    for member in ("PipelineExecutionDescription", "ParallelismConfiguration", "ClientRequestToken"):
        if member in params:
            record[member] = params[member]
    with records.LOCK:
        if earlier := _with_token(arn, params.get("ClientRequestToken")):
            return {"PipelineExecutionArn": earlier}
        _executions()[record["PipelineExecutionArn"]] = record
        records.began(KIND, record["PipelineExecutionArn"])
    run = PipelineRun(record, definition, values)
    _RUNS[run.arn] = run
    run.set_status("Executing")
    run.start()
    return {"PipelineExecutionArn": run.arn}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_token(pipeline_arn: str, token: str | None) -> str | None:
    """Return the execution that an earlier call with the same token started."""
    for arn, row in _executions().items():
        if token and row["PipelineArn"] == pipeline_arn and row.get("ClientRequestToken") == token:
            return arn
    return None


@handles("sagemaker", "DescribePipelineExecution")
def describe_pipeline_execution(call: Call) -> Params:
    """Show an execution."""
    found = _execution(call)
    return {member: found[member] for member in _DESCRIBED if member in found}


@handles("sagemaker", "ListPipelineExecutionSteps")
def list_pipeline_execution_steps(call: Call) -> Params:
    """List the steps that an execution has begun, newest first unless asked otherwise."""
    steps = list(_execution(call)["Steps"].values())
    if call.params.get("SortOrder", "Descending") == "Descending":
        steps.reverse()
    found, token = listing.page(steps, call.params)
    rows = [{member: step[member] for member in _STEP if member in step} for step in found]
    return {"PipelineExecutionSteps": rows} | ({"NextToken": token} if token else {})


@handles("sagemaker", "ListPipelineExecutions")
def list_pipeline_executions(call: Call) -> Params:
    """List a pipeline's executions."""
    arn = _pipeline(call.params["PipelineName"])["PipelineArn"]
    with records.LOCK:
        rows = [copy.deepcopy(row) for row in _executions().values() if row["PipelineArn"] == arn]
    rows = listing.ordered(rows, call.params, "PipelineExecutionArn", descending=True)
    found, token = listing.page(rows, call.params)
    summaries = [
        {member: row[member] for member in _SUMMARY if member in row}
        | {"StartTime": row["CreationTime"]}
        | ({"PipelineExecutionFailureReason": row["FailureReason"]} if "FailureReason" in row else {})
        for row in found
    ]
    return {"PipelineExecutionSummaries": summaries} | ({"NextToken": token} if token else {})


@handles("sagemaker", "StopPipelineExecution")
def stop_pipeline_execution(call: Call) -> Params:
    """Stop an execution."""
    found = _execution(call)
    arn, status = found["PipelineExecutionArn"], found["PipelineExecutionStatus"]
    if status in OVER or arn not in _RUNS:
        raise AwsError("ConflictException", f"Only pipelines in Executing status can be stopped, {arn} is {status}.")
    if status != "Stopping":
        _RUNS[arn].stop()
    return {"PipelineExecutionArn": arn}


@handles("sagemaker", "DescribePipelineDefinitionForExecution")
def describe_pipeline_definition_for_execution(call: Call) -> Params:
    """Show the definition that an execution runs."""
    found = _execution(call)
    return {"PipelineDefinition": found["Definition"], "CreationTime": found["CreationTime"]}


@handles("sagemaker", "ListPipelineParametersForExecution")
def list_pipeline_parameters_for_execution(call: Call) -> Params:
    """List an execution's parameters, defaults included."""
    found, token = listing.page(_execution(call)["Parameters"], call.params)
    return {"PipelineParameters": found} | ({"NextToken": token} if token else {})


def on_start() -> None:
    """Fail what was executing when the local cloud stopped."""
    now = datetime.now(UTC)
    with records.LOCK:
        for record in _executions().values():
            if record["PipelineExecutionStatus"] in OVER:
                continue
            reason = STOPPED_WITH_CLOUD
            record |= {"PipelineExecutionStatus": "Failed", "FailureReason": reason, "LastModifiedTime": now}
            for step in record["Steps"].values():
                if step["StepStatus"] not in OVER:
                    step |= {"StepStatus": "Failed", "FailureReason": reason, "EndTime": now}
    records.changed()
