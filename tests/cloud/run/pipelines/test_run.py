"""Pipelines execute their steps, take the branch that their conditions choose, and say which step failed and why."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.run.conftest import Cloud
from tests.cloud.run.jobs.requests import processing, training

Json = dict[str, Any]


def job(kind: str, name: str, request: Json, **more: Any) -> Json:
    """Return a Processing or Training step."""
    arguments = {member: value for member, value in request.items() if member != f"{kind}JobName"}
    return {"Name": name, "Type": kind, "Arguments": arguments, **more}


def get(path: str) -> Json:
    """Return a reference."""
    return {"Get": path}


def flow(image: str, role: str) -> Json:
    """Return train -> evaluate -> gate -> package, or a failure that quotes the report."""
    report = {"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}
    evaluate = processing("", image, role, ["--write", get("Parameters.Report")])  # type: ignore[list-item]
    evaluate["ProcessingInputs"] = [_input("model", get("Steps.train.ModelArtifacts.S3ModelArtifacts"))]
    evaluate["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = {
        "Std:Join": {"On": "/", "Values": ["s3://lake/reports", get("Execution.PipelineExecutionId")]}
    }
    package = processing("", image, role, ["--input", "/opt/ml/processing/input/report"])
    uri = get("Steps.evaluate.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")
    package["ProcessingInputs"] = [_input("report", uri)]
    train = training("", image, role)
    train["HyperParameters"]["depth"] = get("Parameters.Depth")
    conditions = [
        {"Type": "GreaterThanOrEqualTo", "LeftValue": _from_report("metrics.auc.value"), "RightValue": 0.7},
        {"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": _from_report("rows[0]"), "RightValue": 0}},
    ]
    message = {"Std:Join": {"On": " ", "Values": ["gates failed:", _from_report("said")]}}
    gate = {
        "Conditions": conditions,
        "IfSteps": [job("Processing", "package", package)],
        "ElseSteps": [{"Name": "refused", "Type": "Fail", "Arguments": {"ErrorMessage": message}}],
    }
    return {
        "Version": "2020-12-01",
        "Parameters": [
            {"Name": "Report", "Type": "String"},
            {"Name": "Depth", "Type": "Integer", "DefaultValue": 3},
        ],
        "Steps": [
            job("Training", "train", train),
            job("Processing", "evaluate", evaluate, PropertyFiles=[report]),
            {"Name": "gate", "Type": "Condition", "Arguments": gate},
        ],
    }


def _from_report(path: str) -> Json:
    return {"Std:JsonGet": {"PropertyFile": get("Steps.evaluate.PropertyFiles.Report"), "Path": path}}


def _input(name: str, uri: Json) -> Json:
    local = {"LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": {"S3Uri": uri, **local}}


def pipeline(cloud: Cloud, name: str, definition: Json, role: str) -> None:
    """Make a pipeline."""
    cloud.client("sagemaker").create_pipeline(
        PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=role, ClientRequestToken=str(uuid.uuid4())
    )


def start(cloud: Cloud, name: str, **parameters: str) -> str:
    """Start an execution."""
    given = [{"Name": key, "Value": value} for key, value in parameters.items()]
    answer = cloud.client("sagemaker").start_pipeline_execution(PipelineName=name, PipelineParameters=given)
    return str(answer["PipelineExecutionArn"])


def finished(cloud: Cloud, arn: str) -> Json:
    """Wait for an execution's end and return it."""
    sagemaker = cloud.client("sagemaker")

    def over() -> Json | None:
        found: Json = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return found if found["PipelineExecutionStatus"] in ("Succeeded", "Failed", "Stopped") else None

    return dict(cloud.until(over, arn, 60))


def steps(cloud: Cloud, arn: str) -> dict[str, Json]:
    """Return an execution's steps by name, in their order."""
    answer = cloud.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {step["StepName"]: step for step in answer["PipelineExecutionSteps"]}


@pytest.fixture(scope="module")
def gated(cloud: Cloud, image: str, role: str) -> str:
    """A pipeline with a gate."""
    cloud.put("training/a.csv", "1,2\n")
    pipeline(cloud, "gated", flow(image, role), role)
    return "gated"


def report(auc: float) -> str:
    """Return what the evaluate step is told to write."""
    return json.dumps({"metrics": {"auc": {"value": auc}}, "rows": [7], "said": f"auc is {auc}"})


def test_good_report_goes_through_the_gate(cloud: Cloud, gated: str) -> None:
    arn = start(cloud, gated, Report=report(0.8), Depth="5")
    assert finished(cloud, arn)["PipelineExecutionStatus"] == "Succeeded"
    ran = steps(cloud, arn)
    assert list(ran) == ["train", "evaluate", "gate", "package"]
    assert {step["StepStatus"] for step in ran.values()} == {"Succeeded"}
    assert ran["gate"]["Metadata"]["Condition"]["Outcome"] == "True"
    name = ran["train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert name.startswith(f"pipelines-{arn.rpartition('/')[2]}-train-")
    trained = cloud.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert trained["HyperParameters"] == {"does": "train", "depth": "5"}
    assert cloud.keys(f"reports/{arn.rpartition('/')[2]}/report.json")
    sagemaker = cloud.client("sagemaker")
    used = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {"Name": "Depth", "Value": "5"} in used
    assert arn in [
        row["PipelineExecutionArn"]
        for row in sagemaker.list_pipeline_executions(PipelineName=gated)["PipelineExecutionSummaries"]
    ]


def test_bad_report_fails_with_the_reports_own_words(cloud: Cloud, gated: str) -> None:
    arn = start(cloud, gated, Report=report(0.6))
    execution = finished(cloud, arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    ran = steps(cloud, arn)
    assert "package" not in ran
    assert ran["gate"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert ran["refused"]["FailureReason"] == "gates failed: auc is 0.6"


def test_missing_metric_fails_the_gate_step(cloud: Cloud, gated: str) -> None:
    arn = start(cloud, gated, Report='{"rows": [1]}')
    finished(cloud, arn)
    assert "'metrics.auc.value of " in steps(cloud, arn)["gate"]["FailureReason"]


def test_failing_job_fails_its_step_and_nothing_after_it_runs(cloud: Cloud, image: str, role: str) -> None:
    definition = flow(image, role)
    definition["Steps"][0]["Arguments"]["HyperParameters"]["does"] = "raise"
    pipeline(cloud, "broken", definition, role)
    arn = start(cloud, "broken", Report=report(0.8))
    assert finished(cloud, arn)["PipelineExecutionStatus"] == "Failed"
    ran = steps(cloud, arn)
    assert list(ran) == ["train"]
    assert "the label column is missing" in ran["train"]["FailureReason"]


def test_role_that_may_not_create_jobs_fails_the_step(cloud: Cloud, image: str, role: str) -> None:
    weak = cloud.role("weak", "sagemaker.amazonaws.com", deny=("sagemaker:CreateTrainingJob",))
    pipeline(cloud, "weak", flow(image, role), weak)
    arn = start(cloud, "weak", Report=report(0.8))
    finished(cloud, arn)
    assert "AccessDenied" in steps(cloud, arn)["train"]["FailureReason"]


def test_same_token_starts_one_execution(cloud: Cloud, gated: str) -> None:
    sagemaker = cloud.client("sagemaker")
    request = {
        "PipelineName": gated,
        "ClientRequestToken": str(uuid.uuid4()),
        "PipelineParameters": [{"Name": "Report", "Value": report(0.8)}],
    }
    first, second = (sagemaker.start_pipeline_execution(**request)["PipelineExecutionArn"] for _ in range(2))
    assert first == second
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=first, ClientRequestToken=str(uuid.uuid4()))
    assert finished(cloud, first)["PipelineExecutionStatus"] == "Stopped"
    assert {step["StepStatus"] for step in steps(cloud, first).values()} <= {"Stopped", "Succeeded"}


def test_wrong_parameters_are_refused_all_at_once(cloud: Cloud, gated: str) -> None:
    with pytest.raises(ClientError) as refused:
        start(cloud, gated, Depth="deep", Colour="blue")
    said = str(refused.value)
    assert "parameter Colour is not defined" in said
    assert "parameter Depth must be of type Integer, got 'deep'" in said
    assert "parameter Report (String) has no default value" in said


def test_step_events_reach_the_bus(cloud: Cloud, gated: str) -> None:
    queue, arn = cloud.queue("pipelines")
    kind = "SageMaker Model Building Pipeline Execution Status Change"
    cloud.client("events").put_rule(Name="pipelines", EventPattern=json.dumps({"detail-type": [kind]}))
    cloud.client("events").put_targets(Rule="pipelines", Targets=[{"Id": "queue", "Arn": arn}])
    execution = start(cloud, gated, Report="{}")
    finished(cloud, execution)
    seen: list[Json] = []

    def arrived() -> bool:
        got = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(message["Body"])["detail"] for message in got)
        return any(detail["currentPipelineExecutionStatus"] == "Failed" for detail in seen)

    cloud.until(arrived, "the events")
    last = next(detail for detail in seen if detail["currentPipelineExecutionStatus"] == "Failed")
    assert last["previousPipelineExecutionStatus"] == "Executing"
    assert last["pipelineExecutionArn"] == execution


def test_a_job_is_named_as_its_step_says_and_only_its_own_pipelines_role_may_touch_it(
    cloud: Cloud, image: str, role: str
) -> None:
    """AWS makes PREFIX-EXECUTION-TOKEN-ATTEMPT of the name that a step gives."""
    own = cloud.role("steers", "sagemaker.amazonaws.com")
    jobs = "arn:aws:sagemaker:*:*:training-job"
    only = {"Effect": "Deny", "Action": "sagemaker:*TrainingJob", "NotResource": [f"{jobs}/own--*"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [only]})
    cloud.client("iam").put_role_policy(RoleName="steers", PolicyName="only", PolicyDocument=document)
    for name, outcome in (("own", "Succeeded"), ("others", "Failed")):
        step = {"Name": "train", "Type": "Training", "Arguments": training(f"{name}--train", image, role)}
        pipeline(cloud, name, {"Version": "2020-12-01", "Parameters": [], "Steps": [step]}, own)
        arn = start(cloud, name)
        assert finished(cloud, arn)["PipelineExecutionStatus"] == outcome
        ran = steps(cloud, arn)["train"]
        if outcome == "Failed":
            assert "not authorized to perform: sagemaker:CreateTrainingJob" in ran["FailureReason"]
        else:
            job_name = ran["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
            execution = arn.rpartition("/")[2]
            assert re.fullmatch(rf"own--train-{execution}-[A-Za-z0-9]{{10}}-0", job_name)
