"""A rule and a schedule start a SageMaker pipeline with the parameters that the target names."""

from __future__ import annotations

import json
from typing import Any

from tests.cloud.events.conftest import Events
from tests.cloud.local import eventually


def test_rule_starts_a_pipeline_with_its_parameters(cloud: Events) -> None:
    sagemaker = cloud.client("sagemaker")
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "DataStart", "Type": "String", "DefaultValue": "2013-01-01"}],
        "Steps": [{"Name": "stop", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.DataStart"}}}],
    }
    arn = sagemaker.create_pipeline(
        PipelineName="retrain",
        PipelineDefinition=json.dumps(definition),
        ClientRequestToken="a" * 32,
        RoleArn=cloud.role("pipeline", "sagemaker.amazonaws.com"),
    )["PipelineArn"]
    parameters = {"PipelineParameterList": [{"Name": "DataStart", "Value": "2013-02-01"}]}
    target = {"Arn": arn, "RoleArn": cloud.events_role, "SageMakerPipelineParameters": parameters}
    cloud.rule("retrain", {"source": ["drift"]}, target)
    cloud.put("drift", {})

    def executions() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = sagemaker.list_pipeline_executions(PipelineName="retrain")[
            "PipelineExecutionSummaries"
        ]
        return [one for one in found if one["PipelineExecutionStatus"] not in ("Executing", "Stopping")]

    (execution,) = eventually(executions)
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
    assert described["PipelineExecutionStatus"] == "Failed"
    used = sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=execution["PipelineExecutionArn"])
    assert used["PipelineParameters"] == [{"Name": "DataStart", "Value": "2013-02-01"}]
