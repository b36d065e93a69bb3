"""The pipeline's definition."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.chain import GROUPS, IMAGE, ROOT
from tests.training.kinds import written
from training.pipeline import definition
from training.pipeline_settings import PipelineSettings, job_prefix, step_prefix
from workloads.spec import Workload

_ROLE = "arn:aws:iam::000000000000:role/"
_KEY = "arn:aws:kms:us-east-1:000000000000:key/data"
SETTINGS = PipelineSettings(
    name="headrace-test-flights",
    region="us-east-1",
    image_uri=IMAGE,
    code_digest="c" * 64,
    workload_uri="s3://artifacts/workloads/flights/" + "f" * 64 + "/",
    workload_digest="f" * 64,
    features_role_arn=f"{_ROLE}features",
    training_role_arn=f"{_ROLE}training",
    scoring_role_arn=f"{_ROLE}scoring",
    evaluating_role_arn=f"{_ROLE}evaluating",
    registering_role_arn=f"{_ROLE}registering",
    raw_bucket="raw",
    curated_bucket="curated",
    artifacts_bucket="artifacts",
    model_package_group_name="flights",
    mlflow_tracking_server_arn="arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/flights",
    feature_groups=GROUPS,
    data_key_arn=_KEY,
)


@pytest.fixture(scope="module")
def made(workload: Workload) -> dict[str, Any]:
    return dict(json.loads(definition(workload, SETTINGS)))


def _all_steps(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    steps = {step["Name"]: step for step in made["Steps"]}
    gates = steps["gates"]["Arguments"]
    return steps | {step["Name"]: step for step in gates["IfSteps"] + gates["ElseSteps"]}


def test_what_is_registered_has_passed_check_and_gates(made: dict[str, Any]) -> None:
    steps = {step["Name"]: step for step in made["Steps"]}
    assert list(steps) == ["prepare", "check", "approved", "train", "champion", "score", "evaluate", "gates"]
    assert steps["train"]["DependsOn"] == ["check"]
    gates = steps["gates"]["Arguments"]
    assert [step["Name"] for step in gates["IfSteps"]] == ["package", "register"]
    assert [step["Name"] for step in gates["ElseSteps"]] == ["gates_failed"]
    (condition,) = gates["Conditions"]
    report = {"Get": "Steps.evaluate.PropertyFiles.evaluate"}
    assert condition == {
        "Type": "Equals",
        "LeftValue": {"Std:JsonGet": {"PropertyFile": report, "Path": "gates.passed"}},
        "RightValue": 1,
    }
    message = gates["ElseSteps"][0]["Arguments"]["ErrorMessage"]["Std:Join"]["Values"]
    assert message == [
        "The flights model is not registered: ",
        {"Std:JsonGet": {"PropertyFile": report, "Path": "failure_message"}},
    ]


def test_every_job_runs_the_pinned_image_with_encrypted_volumes_and_a_time_limit(made: dict[str, Any]) -> None:
    for step in _all_steps(made).values():
        if step["Type"] not in ("Processing", "Training"):
            continue
        request = step["Arguments"]
        training = step["Type"] == "Training"
        image = (
            request["AlgorithmSpecification"]["TrainingImage"] if training else request["AppSpecification"]["ImageUri"]
        )
        cluster = request["ResourceConfig"] if training else request["ProcessingResources"]["ClusterConfig"]
        output = request["OutputDataConfig"] if training else request["ProcessingOutputConfig"]
        assert image == IMAGE
        assert cluster["VolumeKmsKeyId"] == output["KmsKeyId"] == _KEY
        assert 0 < request["StoppingCondition"]["MaxRuntimeInSeconds"] <= 4 * 3600
        assert all(len(value) <= 256 for value in request["Environment"].values() if isinstance(value, str))


def test_feature_groups_are_named_to_those_who_fill_them_and_who_registers_them(made: dict[str, Any]) -> None:
    named = {
        name: {key for key in step["Arguments"]["Environment"] if key.startswith("FEATURE_GROUP_")}
        for name, step in _all_steps(made).items()
        if "RoleArn" in step["Arguments"]
    }
    all_of_them = {f"FEATURE_GROUP_{entity.upper()}" for entity in GROUPS}
    assert {name for name, groups in named.items() if groups} == {"prepare", "check", "register"}
    assert all(groups in (set(), all_of_them) for groups in named.values())


def test_without_entities_no_step_leaves_or_wants_histories_or_names_a_group(tmp_path: Path) -> None:
    """SageMaker fails a job whose input is an address where nothing lies."""
    steps = _all_steps(json.loads(definition(written(tmp_path, "boolean"), replace(SETTINGS, feature_groups={}))))
    outputs = steps["prepare"]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    assert [output["OutputName"] for output in outputs] == ["training", "holdout", "labels"]
    inputs = steps["check"]["Arguments"]["ProcessingInputs"]
    assert [given["InputName"] for given in inputs] == ["workload", "training", "holdout", "labels"]
    assert "histories" not in json.dumps(steps)
    assert "FEATURE_GROUP_" not in json.dumps(steps)


def test_nobody_judges_their_own_work(made: dict[str, Any]) -> None:
    jobs = {name: step["Arguments"] for name, step in _all_steps(made).items() if "RoleArn" in step["Arguments"]}
    assert {name: request["RoleArn"].removeprefix(_ROLE) for name, request in jobs.items()} == {
        "prepare": "features",
        "check": "features",
        "train": "training",
        "score": "scoring",
        "approved": "evaluating",
        "champion": "scoring",
        "evaluate": "evaluating",
        "package": "registering",
        "register": "registering",
    }


def test_each_output_lies_under_a_prefix_of_its_own(made: dict[str, Any]) -> None:
    lying: dict[str, list[str]] = {}
    for name, step in _all_steps(made).items():
        if step["Type"] == "Processing":
            outputs = step["Arguments"]["ProcessingOutputConfig"]["Outputs"]
            lying[name] = [output["S3Output"]["S3Uri"]["Std:Join"]["Values"][0] for output in outputs]
        if step["Type"] == "Training":
            lying[name] = [step["Arguments"]["OutputDataConfig"]["S3OutputPath"]["Std:Join"]["Values"][0]]
    outputs = {
        "prepare": ("training", "holdout", "labels", "histories"),
        "check": ("check",),
        "approved": ("champion",),
        "train": ("model",),
        "champion": ("scores",),
        "score": ("scores",),
        "evaluate": ("evaluation",),
        "package": ("package",),
        "register": ("registered",),
    }
    assert lying == {
        step: [f"s3://curated/{step_prefix('flights', step, name)}".rstrip("/") for name in names]
        for step, names in outputs.items()
    }


def test_training_gets_the_training_part_and_only_the_evaluation_gets_labels(made: dict[str, Any]) -> None:
    steps = _all_steps(made)
    channels = steps["train"]["Arguments"]["InputDataConfig"]
    assert [channel["ChannelName"] for channel in channels] == ["workload", "training"]
    assert "Outputs['training']" in json.dumps(channels)
    assert {name for name, step in steps.items() if "Outputs['labels']" in json.dumps(step)} == {"check", "evaluate"}


def test_what_loads_a_model_has_neither_network_nor_names_to_call(made: dict[str, Any]) -> None:
    isolated = {
        name: step["Arguments"]
        for name, step in _all_steps(made).items()
        if step["Arguments"].get("NetworkConfig", {}).get("EnableNetworkIsolation")
    }
    assert set(isolated) == {"score", "champion"}
    for request in isolated.values():
        assert request["AppSpecification"]["ContainerEntrypoint"] == ["python", "-m", "training.score"]
        assert not [name for name in request["Environment"] if name.startswith(("MLFLOW", "MODEL_", "ARTIFACTS"))]


def test_every_job_is_given_the_workload_and_the_digest_that_it_must_have(made: dict[str, Any]) -> None:
    for step in _all_steps(made).values():
        if step["Type"] not in ("Processing", "Training"):
            continue
        request = step["Arguments"]
        if step["Type"] == "Training":
            mounted = [
                channel["DataSource"]["S3DataSource"]["S3Uri"]
                for channel in request["InputDataConfig"]
                if channel["ChannelName"] == "workload"
            ]
        else:
            mounted = [
                given["S3Input"]["S3Uri"]
                for given in request["ProcessingInputs"]
                if given["S3Input"]["LocalPath"] == "/opt/ml/processing/input/workload"
            ]
        assert mounted == [SETTINGS.workload_uri]
        assert request["Environment"]["HEADRACE_WORKLOAD_DIGEST"] == SETTINGS.workload_digest


def test_the_pipeline_tracks_with_our_own_server(made: dict[str, Any]) -> None:
    assert made["MlflowConfig"] == {
        "MlflowResourceArn": SETTINGS.mlflow_tracking_server_arn,
        "MlflowExperimentName": "flights",
    }


def test_every_job_is_named_after_its_pipeline_and_step(made: dict[str, Any]) -> None:
    for name, step in _all_steps(made).items():
        if step["Type"] in ("Processing", "Training"):
            assert step["Arguments"][f"{step['Type']}JobName"] == f"headrace-test-flights--{name}"


def test_job_names_of_two_pipelines_never_begin_alike() -> None:
    names = ["headrace-dev-flights", "headrace-dev-flights-2", "headrace-dev-flights-train"]
    names += [f"headrace-staging-a-very-long-workload-{number}" for number in (1, 2)]
    for one in names:
        others = [job_prefix(other, "evaluate") for other in names if other != one]
        assert not [other for other in others if other.startswith(job_prefix(one))]
        # SageMaker adds the execution, a token and the attempt
        assert len(job_prefix(one, "evaluate") + "-7lufwplmgho7-0XO1dvZKog-0") <= 63


def test_a_name_is_cut_only_where_it_is_too_long() -> None:
    assert job_prefix("a" * 24, "train") == f"{'a' * 24}--train"
    cut = job_prefix("a" * 25, "train")
    assert cut.startswith(f"{'a' * 15}-") and len(cut) == len(f"{'a' * 24}--train")


def test_jobs_join_the_network_that_the_settings_name(workload: Workload, made: dict[str, Any]) -> None:
    assert all("VpcConfig" not in json.dumps(step) for step in made["Steps"])
    inside = replace(SETTINGS, subnet_ids=("subnet-1",), security_group_ids=("sg-1",))
    network = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    for step in _all_steps(json.loads(definition(workload, inside))).values():
        request = step["Arguments"]
        if step["Type"] == "Processing":
            assert request["NetworkConfig"]["VpcConfig"] == network
        if step["Type"] == "Training":
            assert request["VpcConfig"] == network


def test_every_processing_step_starts_a_module_that_is_there(made: dict[str, Any]) -> None:
    for step in _all_steps(made).values():
        if step["Type"] == "Processing":
            module = step["Arguments"]["AppSpecification"]["ContainerEntrypoint"][2]
            assert (ROOT / (module.replace(".", "/") + ".py")).is_file()


def test_the_same_settings_give_the_same_text_without_a_call_to_aws(
    workload: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the definition called somebody")

    before = definition(workload, SETTINGS)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    region = os.environ.get("AWS_REGION")
    assert definition(workload, SETTINGS) == before
    assert os.environ.get("AWS_REGION") == region


def test_the_pipelines_settings_are_read_without_the_sdk() -> None:
    code = "import sys, training.pipeline; assert 'sagemaker' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
