"""The last of these tests: the shared environment, with all that releases made in it, is taken down."""

from __future__ import annotations

import json

import psutil

from status.environment import Environment
from tests.processes import running
from tests.sandbox.conftest import Released
from tests.sandbox.place import Place

_TESTS_OWN = {"/aws/sagemaker/Endpoints/tampered"}  # the log of an endpoint that a test made by itself


def test_destroy_leaves_no_resource_and_no_process(place: Place, environment: Environment, released: Released) -> None:
    place.pulumi("destroy", "--stack", "local", "--yes", "--skip-preview")
    state = json.loads(place.pulumi("stack", "export", "--stack", "local").stdout)
    assert not state["deployment"].get("resources")
    assert set(_left(place)) <= _TESTS_OWN

    cloud = psutil.Process(place.pid())
    family = [cloud, *cloud.children(recursive=True)]
    place.cloud("stop")
    assert not running(family)
    place.cloud("start")  # the fixture stops it


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
left += [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]]
left += [k["AliasName"] for k in client("kms").list_aliases()["Aliases"] if not k["AliasName"].startswith("alias/aws/")]
left += [d["Name"] for d in client("glue").get_databases()["DatabaseList"]]
left += client("codebuild").list_projects()["projects"]
left += [p["PipelineName"] for p in sagemaker.list_pipelines()["PipelineSummaries"]]
left += [p["Name"] for p in client("ssm").describe_parameters()["Parameters"]]
print("\\n".join(left))
"""
    return place.run("python", "-c", script).stdout.split()
