"""A whole rehearsal: an account that has everything, and one that lacks each thing."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearse import calls
from rehearse.__main__ import all_checks, inputs_of
from rehearse.asking import READS, Aws
from rehearse.checks import Outcome, run
from rehearse.plan import Plan, Planned
from sandbox.cloud import credentials, process
from tests.cloud.local import Cloud

ROOT = Path(__file__).parents[2]


def _rehearse(cloud: Cloud, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rehearse", *arguments],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": cloud.settings.endpoint_url,
            **credentials.of(cloud.settings.folder),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _asked(cloud: Cloud) -> list[str]:
    """What the local cloud has written down so far of its calls; it leaves out the reads."""
    return [line for line in process.log_file(cloud.settings).read_text().splitlines() if line.endswith(" ms")]


def test_an_account_that_has_everything_passes_and_is_left_as_it_was(cloud: Cloud) -> None:
    before = _asked(cloud)
    done = _rehearse(cloud, "local")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "ok         account: 000000000000 in us-east-1"
    assert lines[-1].endswith("0 findings, 1 not checked; nothing was created")
    assert "ok         alarms: nobody is told: set headrace:notify" in lines
    assert "ok         endpoint headrace-local-flights: the name is free" in lines
    count = 2 * len(inputs_of("local")[0].workloads)
    assert f"ok         quota ml.m5.large for endpoint usage: 20, needs {count}" in lines
    assert "ok         state machine flights-release-machine: valid" in lines
    new = _asked(cloud)[len(before) :]
    assert {line.split()[-4] for line in new} <= {"iam:SimulateCustomPolicy"}, new


def test_a_rehearsal_cannot_call_what_may_change_something(aws: Aws) -> None:
    for operation in ("CreateEndpoint", "PutParameter", "StartBuild", "DeleteAlias", "AssumeRole", "TagResource"):
        with pytest.raises(RuntimeError, match=f"must not call .*{operation}"):
            aws.ask("sagemaker", operation)
    assert aws.used == set()


def _without(local: Plan, type_: str, name: str, **inputs: Any) -> Plan:
    def changed(found: Planned) -> Planned:
        if (found.type, found.name) != (type_, name):
            return found
        return dataclasses.replace(found, inputs={**found.inputs, **inputs})

    return dataclasses.replace(local, resources=tuple(changed(found) for found in local.resources))


def _dangling(local: Plan) -> Plan:
    (machine,) = (
        found for found in local.of("aws:sfn/stateMachine:StateMachine") if found.name == "flights-approver-machine"
    )
    definition = json.loads(machine.inputs["definition"])
    definition["StartAt"] = "Nowhere"
    return _without(local, machine.type, machine.name, definition=json.dumps(definition))


def _unknown(local: Plan, name: str, **changes: Any) -> Plan:
    (policy,) = (found for found in local.of("aws:iam/rolePolicy:RolePolicy") if found.name == name)
    document = json.loads(policy.inputs["policy"])
    document["Statement"][0] |= changes
    return _without(local, policy.type, policy.name, policy=json.dumps(document))


def test_an_account_that_lacks_each_thing_hears_of_all_at_once(
    cloud: Cloud, aws: Aws, quotas: Callable[[dict[str, Any]], None], local: Plan
) -> None:
    quotas(
        {
            "ml.m5.large for endpoint usage": 1,
            "ml.m5.large for training job usage": 0,
            "ml.m5.large for processing job usage": 0,
            "Concurrently running builds for Linux/Small environment": 0,
        }
    )
    client = cloud.client
    mine = [{"Key": "headrace:stack", "Value": "dev"}, {"Key": "headrace:workload", "Value": "flights"}]
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName="alias/headrace-local-data", TargetKeyId=key)
    client("sagemaker").create_model_package_group(ModelPackageGroupName="headrace-local-flights", Tags=mine)
    client("logs").create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    client("logs").create_log_group(logGroupName="/aws/sagemaker/Endpoints/headrace-local-flights")
    client("glue").create_database(DatabaseInput={"Name": "headrace_local"})
    client("ssm").put_parameter(Name="/headrace/local/flights/serving-policy", Value="{}", Type="String")
    try:
        broken = _unknown(_dangling(local), "flights-training-job-policy", Action=["s3:FetchObject"])
        broken = _unknown(broken, "flights-serving-policy", Condition={"StringEquals": {"s3:colour": "blue"}})
        broken = _unknown(broken, "flights-evaluating-job-policy", Resource="lake-curated")
        forbidden = calls.Recorded("{workload}-pipeline-role", "iam:CreateUser", "arn:aws:iam::{account}:user/x", {})
        outcomes = [*run(all_checks(aws, broken)), *run(calls.checks(aws, broken, [forbidden]))]
    finally:
        client("kms").delete_alias(AliasName="alias/headrace-local-data")
        client("sagemaker").delete_model_package_group(ModelPackageGroupName="headrace-local-flights")
        for group in ("TrainingJobs", "Endpoints/headrace-local-flights"):
            client("logs").delete_log_group(logGroupName=f"/aws/sagemaker/{group}")
        client("glue").delete_database(Name="headrace_local")
        client("ssm").delete_parameter(Name="/headrace/local/flights/serving-policy")
    said = _said(outcomes)
    for expected in (
        "ml.m5.large for endpoint usage must be at least 2, got 1.0. Ask for 2 in Service Quotas, sagemaker;",
        "ml.m5.large for training job usage must be at least 1, got 0.0.",
        "ml.m5.large for processing job usage must be at least 1, got 0.0.",
        "Concurrently running builds for Linux/Small environment must be at least 1, got 0.0. Ask for 1",
        "key alias alias/headrace-local-data must be free, or carry this environment's tags, got",
        "model package group headrace-local-flights must be free, or carry this environment's tags, got \"one of "
        'environment dev".',
        "log group /aws/sagemaker/Endpoints/headrace-local-flights must be free",
        "database headrace_local must be free",
        "parameter /headrace/local/flights/serving-policy must be free",
        "state machine flights-approver-machine/StartAt must be a definition that Step Functions takes, got "
        '"MISSING_TRANSITION_TARGET"',
        "policy flights-training-job-policy.Statement[0].Action[0] must be a policy that IAM takes, got "
        '"INVALID_ACTION"',
        "policy flights-serving-policy.Statement[0].Condition.StringEquals.s3:colour must be a policy that IAM takes, "
        'got "INVALID_SERVICE_CONDITION_KEY"',
        "policy flights-evaluating-job-policy.Statement[0].Resource[0] must be a policy that IAM takes, got "
        '"INVALID_ARN_PREFIX"',
        "role flights-pipeline-role must be allowed iam:CreateUser on arn:aws:iam::000000000000:user/x, "
        'got "implicitDeny"',
    ):
        assert expected in said, f"{expected}\n---\n{said}"
    assert "log group /aws/sagemaker/TrainingJobs must be free" in said
    assert "Set headrace:owns_job_logs to false" in said


def _said(outcomes: list[Outcome]) -> str:
    return "\n".join(str(problem) for outcome in outcomes for problem in outcome.problems)


def test_what_the_environment_made_itself_is_its_own(cloud: Cloud, aws: Aws, local: Plan) -> None:
    client = cloud.client("sagemaker")
    tags = [{"Key": key, "Value": value} for key, value in local.tags.items()]
    client.create_model_package_group(ModelPackageGroupName="headrace-local-flights", Tags=tags)
    try:
        outcomes = {outcome.subject: outcome for outcome in run(all_checks(aws, local))}
    finally:
        client.delete_model_package_group(ModelPackageGroupName="headrace-local-flights")
    assert outcomes["model package group headrace-local-flights"].said == "this environment's own"


def test_credentials_that_may_not_ask_are_told_what_to_allow(cloud: Cloud, local: Plan) -> None:
    may = {"Effect": "Allow", "Action": ["sts:*", "sagemaker:*", "access-analyzer:*", "iam:*"], "Resource": "*"}
    role = cloud.role("half-blind", "sagemaker.amazonaws.com", may)
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="rehearsal")["Credentials"]
    done = _rehearse(
        cloud,
        "local",
        AWS_ACCESS_KEY_ID=keys["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=keys["SecretAccessKey"],
        AWS_SESSION_TOKEN=keys["SessionToken"],
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "unchecked  parameter /headrace/local/flights/serving-policy: not checked: allow ssm:DescribeParameters to ask",
        "unchecked  log group /aws/sagemaker/TrainingJobs: not checked: allow logs:DescribeLogGroups to ask",
        "unchecked  state machine flights-release-machine: not checked: "
        "allow states:ValidateStateMachineDefinition to ask",
        "unchecked  quota ml.m5.large for endpoint usage: not checked: allow servicequotas:ListAWSDefaultServiceQuotas",
    ):
        assert line in done.stdout, done.stdout


def test_the_wrong_account_is_told_before_anything_is_asked_of_it(cloud: Cloud) -> None:
    done = _rehearse(cloud, "dev")
    assert done.returncode == 1
    assert done.stdout.startswith("finding    AWS credentials must belong to one of 111122223333")
    assert 'got "000000000000"' in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_no_credentials_an_unknown_environment_and_bad_settings_are_findings(cloud: Cloud, tmp_path: Path) -> None:
    nothing = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    done = _rehearse(cloud, "local", AWS_ACCESS_KEY_ID="", AWS_EC2_METADATA_DISABLED="true", **nothing)
    assert done.returncode == 1
    assert "AWS credentials must be valid in us-east-1" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    done = _rehearse(cloud, "production")
    assert done.returncode == 1
    assert "ENV must name an environment with a settings file (dev, local), got 'production'" in done.stdout


def test_encrypted_settings_are_left_to_pulumi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.dev.yaml").read_text() + "  headrace:notify:\n    secure: v1:abc\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    (tmp_path / "workloads").symlink_to(ROOT / "workloads")
    monkeypatch.setattr("rehearse.__main__._ROOT", tmp_path)
    inputs, encrypted = inputs_of("dev")
    settings = inputs.settings
    assert (settings.environment, settings.notify, encrypted) == ("dev", (), frozenset({"notify"}))


def test_everything_that_is_asked_is_a_read(aws: Aws, local: Plan) -> None:
    list(run(all_checks(aws, local)))
    assert len(aws.used) > 12
    assert all(action.partition(":")[2].startswith(READS) for action in aws.used)
