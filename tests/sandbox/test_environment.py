"""The environment as `make up` makes it: real resources, nothing to change afterwards, and an end without a rest."""

import json

from demo.environment import Environment
from tests.sandbox.conftest import Released
from tests.sandbox.place import Place


def _resources(place: Place) -> list[dict[str, object]]:
    state = json.loads(place.pulumi("stack", "export", "--stack", "local").stdout)
    return [found for found in state["deployment"]["resources"] if str(found["type"]).startswith("aws:")]


def test_at_least_60_real_resources_stand_after_up(place: Place, environment: Environment) -> None:
    assert len(_resources(place)) >= 60


def test_a_refresh_after_up_finds_nothing_to_change(place: Place, environment: Environment) -> None:
    place.pulumi(
        "preview", "--stack", "local", "--refresh", "--expect-no-changes", "--diff", "--policy-pack", "policies"
    )


def test_a_refresh_after_a_release_finds_nothing_to_change(place: Place, released: Released) -> None:
    place.pulumi(
        "preview", "--stack", "local", "--refresh", "--expect-no-changes", "--diff", "--policy-pack", "policies"
    )


def test_another_account_is_refused_before_anything_is_created(place: Place, environment: Environment) -> None:
    before = len(_resources(place))
    refused = place.pulumi(
        "up",
        "--stack",
        "local",
        "--yes",
        "--skip-preview",
        "--config",
        'headrace:allowed_account_ids=["111122223333"]',
        check=False,
    )
    assert refused.returncode != 0
    assert "allowed_account_ids" in refused.stdout
    assert len(_resources(place)) == before
    place.pulumi("config", "set-all", "--stack", "local", "--json", "{}", check=False)


def test_impossible_settings_are_all_reported_at_once(scratch: Place) -> None:
    scratch.cloud("start")
    scratch.pulumi("stack", "select", "--create", "local")
    refused = scratch.pulumi(
        "preview",
        "--stack",
        "local",
        "--config",
        "headrace:log_retention_days=7",
        "--config",
        "headrace:approval=perhaps",
        "--config",
        "headrace:colour=red",
        check=False,
    )
    assert refused.returncode != 0
    for field in ("log_retention_days", "approval", "colour"):
        assert field in refused.stdout, refused.stdout


def test_up_and_destroy_again_and_again_leave_nothing(scratch: Place) -> None:
    scratch.cloud("start")
    scratch.pulumi("stack", "select", "--create", "local")
    for _ in range(2):
        scratch.pulumi("up", "--stack", "local", "--yes", "--skip-preview")
        scratch.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview")
        assert not _resources(scratch)
    assert not _left(scratch)


def _left(place: Place) -> list[str]:
    """Return what AWS's own listings still show."""
    script = """
import boto3
client = boto3.client
left = [b["Name"] for b in client("s3").list_buckets()["Buckets"]]
left += client("dynamodb").list_tables()["TableNames"]
left += [m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]]
sagemaker = client("sagemaker")
left += [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]]
left += [e["EndpointConfigName"] for e in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
left += [m["ModelName"] for m in sagemaker.list_models()["Models"]]
left += [g["ModelPackageGroupName"] for g in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]]
left += [g["FeatureGroupName"] for g in sagemaker.list_feature_groups()["FeatureGroupSummaries"]]
left += [r["RoleName"] for r in client("iam").list_roles()["Roles"]]
left += [r["repositoryName"] for r in client("ecr").describe_repositories()["repositories"]]
left += [a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]]
left += [t["TopicArn"] for t in client("sns").list_topics()["Topics"]]
left += [r["Name"] for r in client("events").list_rules()["Rules"]]
left += [s["Name"] for s in client("scheduler").list_schedules()["Schedules"]]
print("\\n".join(left))
"""
    return place.run("python", "-c", script).stdout.split()
