"""What is left after kill -9."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud.state import records
from sandbox.cloud.state.journal import Journal
from tests.cloud.local import Cloud, allow, eventually, own_settings

BODY = bytes(range(256)) * 20_000  # 5 MB
ROLE = "arn:aws:iam::000000000000:role/any"


def restart(cloud: Cloud) -> None:
    cloud.wait_until_saved()
    cloud.kill()
    cloud.start()


def described(cloud: Cloud) -> dict[str, Any]:
    """Ask every service that keeps something for what it keeps."""
    client = cloud.client
    key = client("kms").describe_key(KeyId="alias/data")["KeyMetadata"]["Arn"]
    answers = {
        "table": client("dynamodb").scan(TableName="lease")["Items"],
        "key": key,
        "parameter": client("ssm").get_parameter(Name="/a/b")["Parameter"]["Value"],
        "versions": [one["Key"] for one in client("s3").list_object_versions(Bucket="bucket")["Versions"]],
        "policy": client("s3").get_bucket_policy(Bucket="bucket")["Policy"],
        "checksum": client("s3").head_object(Bucket="bucket", Key="large", ChecksumMode="ENABLED")["ChecksumSHA256"],
        "role": client("iam").get_role(RoleName="worker")["Role"]["Arn"],
        "attached": client("iam").list_attached_role_policies(RoleName="worker")["AttachedPolicies"],
        "rules": client("events").list_targets_by_rule(Rule="rule")["Targets"],
        "model": client("sagemaker").describe_model(ModelName="model"),
        "package": client("sagemaker").describe_model_package(ModelPackageName="group/1"),
        "alarm": client("cloudwatch").describe_alarms(AlarmNames=["alarm"])["MetricAlarms"][0]["Threshold"],
        "log": client("logs").describe_log_groups()["logGroups"][0]["logGroupName"],
        "repository": client("ecr").describe_repositories()["repositories"][0]["repositoryName"],
    }
    for answer in answers.values():
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata", None)
    return answers


def fill(cloud: Cloud) -> None:
    client = cloud.client
    client("dynamodb").create_table(
        TableName="lease",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("dynamodb").put_item(TableName="lease", Item={"id": {"S": "1"}})
    key = client("kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName="alias/data", TargetKeyId=key)
    client("ssm").put_parameter(Name="/a/b", Value="1", Type="String")
    client("s3").create_bucket(Bucket="bucket")
    client("s3").put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    for name in ("large", "large", "small"):
        client("s3").put_object(Bucket="bucket", Key=name, Body=BODY, ChecksumAlgorithm="SHA256")
    policy = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketAcl", "Resource": "*"}}
    client("s3").put_bucket_policy(Bucket="bucket", Policy=json.dumps(policy))
    cloud.role("worker", "sagemaker.amazonaws.com", allow("s3:GetObject"))
    client("iam").attach_role_policy(RoleName="worker", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess")
    client("events").put_rule(Name="rule", EventPattern=json.dumps({"source": ["a"]}))
    client("events").put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": cloud.queue("queue")[1]}])
    client("sagemaker").create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    client("sagemaker").create_model_package_group(ModelPackageGroupName="group")
    client("sagemaker").create_model_package(ModelPackageGroupName="group")
    client("cloudwatch").put_metric_alarm(
        AlarmName="alarm",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        MetricName="m",
        Namespace="n",
        Period=60,
        Statistic="Sum",
        Threshold=3.0,
    )
    client("logs").create_log_group(logGroupName="group")
    client("ecr").create_repository(repositoryName="repository")


def test_everything_is_there_after_kill_9(cloud: Cloud) -> None:
    fill(cloud)
    before = described(cloud)
    restart(cloud)
    assert described(cloud) == before
    assert cloud.client("s3").get_object(Bucket="bucket", Key="large")["Body"].read() == BODY
    objects = list((cloud.settings.folder / "state" / "objects").iterdir())
    assert len(objects) == 1  # three versions of two keys, one body


def test_sessions_of_roles_hold(cloud: Cloud) -> None:
    role = cloud.role("session", "sagemaker.amazonaws.com")
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="tester")["Credentials"]
    restart(cloud)
    import boto3

    sagemaker = boto3.client(
        "sagemaker",
        endpoint_url=cloud.settings.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    with pytest.raises(ClientError, match="not authorized"):
        sagemaker.list_models()


def test_a_running_execution_is_reported_failed_with_its_history(cloud: Cloud) -> None:
    states = cloud.client("stepfunctions")
    definition = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 600, "Next": "End"}, "End": {"Type": "Succeed"}},
    }
    role = cloud.role("machine", "states.amazonaws.com")
    arn = states.create_state_machine(name="machine", definition=json.dumps(definition), roleArn=role)[
        "stateMachineArn"
    ]
    execution = states.start_execution(stateMachineArn=arn, name="one", input='{"a":1}')["executionArn"]
    eventually(lambda: states.get_execution_history(executionArn=execution)["events"])
    restart(cloud)
    found = states.describe_execution(executionArn=execution)
    assert (found["status"], found["cause"]) == ("FAILED", "the local cloud stopped")
    assert found["input"] == '{"a":1}'
    assert states.get_execution_history(executionArn=execution)["events"]
    listed = states.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"]
    assert [one["name"] for one in listed] == ["one"]
    again = states.start_execution(stateMachineArn=arn, name="two")["executionArn"]
    states.stop_execution(executionArn=again)


def test_killed_while_it_writes_it_keeps_a_whole_state(cloud: Cloud) -> None:
    s3, stopping = cloud.client("s3"), threading.Event()
    s3.create_bucket(Bucket="written")
    cloud.wait_until_saved()

    def write() -> None:
        number = 0
        while not stopping.is_set():
            try:
                s3.put_object(Bucket="written", Key=f"{number:04d}", Body=BODY[: 100_000 + number])
            except (BotoCoreError, ClientError):
                return
            number += 1

    for seconds in (0.6, 1.1):  # about when another snapshot is being written
        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(seconds)
        cloud.kill()
        stopping.set()
        writer.join()
        stopping.clear()
        cloud.start()
        for key in [one["Key"] for one in s3.list_objects_v2(Bucket="written").get("Contents", [])]:
            assert len(s3.get_object(Bucket="written", Key=key)["Body"].read()) == 100_000 + int(key)


def test_a_state_of_another_version_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    from sandbox.cloud.state.snapshot import Keeper, StateError

    settings = own_settings(tmp_path, monkeypatch)
    folder = settings.folder / "state"
    folder.mkdir(parents=True)
    (folder / "snapshot.pickle").write_bytes(pickle.dumps({"format": 0}))
    with pytest.raises(StateError, match="`make clean` begins anew"):
        Keeper(settings).load()


def test_begun_work_is_in_the_journal_until_a_snapshot_holds_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add("Job", "one", {"a": 1})
    journal.turn()
    journal.add("Job", "two", {"a": 2})
    journal.turn()  # the snapshot between the two failed
    journal.add("Job", "three", {"a": 3})
    with (tmp_path / "begun.pickles").open("ab") as file:
        file.write(b"\x80\x05half")
    assert [name for _, name, _ in Journal(tmp_path).entries()] == ["one", "two", "three"]
    journal.forget()
    assert list(Journal(tmp_path).entries()) == [("Job", "three", {"a": 3})]


def test_records_are_copied_out_and_replaced() -> None:
    before = records.dump()
    try:
        records.table("Kind")["name"] = {"a": 1}
        version = records.version()
        records.changed()
        assert records.version() == version + 1
        kept = records.dump()
        records.table("Kind").clear()
        records.load(kept)
        assert records.table("Kind")["name"] == {"a": 1}
    finally:
        records.load(before)
