"""A model's way from real data to answers, and that each gate on it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sklearn.metrics import roc_auc_score

from demo import answers, pipeline
from demo.story import Chapter
from status import packages, report
from status.environment import Environment
from tests.sandbox import april
from tests.sandbox.conftest import Released
from workloads.spec import Workload

SCHEDULE_AND_WEATHER = 0.646  # ROC AUC on April that a model without history reaches


def test_before_the_first_model_the_endpoint_answers_the_declared_prior(
    prior: dict[str, Any], workload: Workload
) -> None:
    assert prior["model_digest"] == "bootstrap"
    assert prior["predictions"][0]["probability"] == workload.prior


def test_the_answers_come_from_the_package_that_the_ledger_names(
    environment: Environment, chapter: Chapter, released: Released
) -> None:
    answer = answers.ask(environment, [chapter.questions(1)[0].instance])
    assert answer["model_digest"] == released.entry["model_digest"] == released.package.metadata["model_digest"]
    assert released.entry["package"] == released.package.arn
    assert released.package.status == "Approved"


def test_history_lifts_april_clearly_above_schedule_and_weather(
    environment: Environment, workload: Workload, released: Released
) -> None:
    examples = april.flights(workload)
    probabilities = april.answers(environment, workload, examples)
    auc = roc_auc_score(examples[workload.label.name].to_numpy().astype(bool), probabilities)
    print(f"ROC AUC on {len(probabilities)} flights of April: {auc:.4f}")
    assert auc > SCHEDULE_AND_WEATHER + 0.04


def test_the_package_names_what_it_was_made_of(environment: Environment, released: Released) -> None:
    metadata = released.package.metadata
    assert metadata["code_digest"] == environment.outputs.code_digest
    assert metadata["image_digest"] == environment.outputs.image_digest
    assert metadata["gates"] == "passed"
    for name in ("dataset_version", "artifact_sha256", "evaluation_uri", "baseline_uri", "manifest_uri"):
        assert metadata[name]


def test_bad_input_is_refused_with_field_and_rule_and_no_traceback(
    environment: Environment, released: Released
) -> None:
    runtime = environment.client("sagemaker-runtime")
    cases = [
        ("application/json", json.dumps({"instances": [{"origin": "LHR"}]}), 400, "instances[0].origin"),
        ("application/json", "{not json", 400, ""),
        ("application/xml", "<a/>", 415, ""),
    ]
    for content_type, body, status, field in cases:
        with pytest.raises(ClientError) as raised:
            runtime.invoke_endpoint(
                EndpointName=environment.own.endpoint_name, ContentType=content_type, Body=body.encode()
            )
        assert raised.value.response["OriginalStatusCode"] == status
        message = raised.value.response["OriginalMessage"]
        assert field in message
        assert "Traceback" not in message


def test_the_pipelines_roles_cannot_approve(environment: Environment, released: Released) -> None:
    import boto3

    for role in ("pipeline", "features", "training", "evaluating", "registering", "serving", "release"):
        keys = environment.client("sts").assume_role(
            RoleArn=environment.own.roles[role], RoleSessionName="tries-to-approve"
        )["Credentials"]
        sagemaker = boto3.client(
            "sagemaker",
            region_name=environment.outputs.region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        with pytest.raises(ClientError, match="not authorized"):
            sagemaker.update_model_package(ModelPackageArn=released.package.arn, ModelApprovalStatus="Approved")
        with pytest.raises(ClientError, match="not authorized"):
            sagemaker.create_model_package(
                ModelPackageGroupName=environment.own.model_package_group_name, ModelApprovalStatus="Approved"
            )


def test_a_model_under_its_gate_is_not_registered(environment: Environment, released: Released) -> None:
    """Ten days of January make a model that the champion beats by more than the margin."""
    sagemaker = environment.client("sagemaker")
    before = packages.newest_package(environment)
    execution = sagemaker.start_pipeline_execution(
        PipelineName=environment.own.pipeline_name,
        PipelineParameters=[{"Name": "DataStart", "Value": "2013-01-01"}, {"Name": "DataEnd", "Value": "2013-01-11"}],
    )["PipelineExecutionArn"]
    with pytest.raises(Exception, match="gates_failed") as raised:
        pipeline.follow(environment, execution)
    assert "must be" in str(raised.value)
    found = report.report(environment)
    assert found.run is not None
    assert found.run.evaluation is not None
    assert not found.run.evaluation.passed
    assert found.run.evaluation.message in found.run.failures[0].reason
    after = packages.newest_package(environment)
    assert before is not None
    assert after is not None
    assert after.arn == before.arn
