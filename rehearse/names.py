"""Names that the program chooses: free, or this environment's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from rehearse.asking import Aws
from rehearse.checks import Check
from rehearse.plan import FEATURE_GROUP, Plan, Planned
from workloads.problems import Problem

Tags = Mapping[str, str]
JOB_LOGS = ("/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs")


@dataclass(frozen=True)
class Kind:
    """How to ask about one kind of name.

    Attributes
    ----------
    noun : str
        What AWS calls it.
    tags : callable
        Returns the tags of what holds the name, or None where it is free.
    """

    noun: str
    tags: Callable[[Aws, Planned], Tags | None]


def _sagemaker(noun: str, operation: str, member: str) -> Kind:
    def tags(aws: Aws, planned: Planned) -> Tags | None:
        found = aws.found("sagemaker", operation, **{member: planned.fixed_name})
        if found is None:
            return None
        arn = found[f"{member.removesuffix('Name')}Arn"]
        return _pairs(aws.every("sagemaker", "ListTags", "Tags", ResourceArn=arn))

    return Kind(noun, tags)


def _log_group(aws: Aws, planned: Planned) -> Tags | None:
    name = planned.fixed_name
    groups = aws.every("logs", "DescribeLogGroups", "logGroups", logGroupNamePrefix=name)
    arn = next((group["arn"].removesuffix(":*") for group in groups if group["logGroupName"] == name), None)
    return None if arn is None else dict(aws.ask("logs", "ListTagsForResource", resourceArn=arn)["tags"])


def _database(aws: Aws, planned: Planned) -> Tags | None:
    if aws.found("glue", "GetDatabase", Name=planned.fixed_name) is None:
        return None
    return dict(aws.ask("glue", "GetTags", ResourceArn=planned.arn)["Tags"])


def _alias(aws: Aws, planned: Planned) -> Tags | None:
    found = aws.found("kms", "DescribeKey", KeyId=planned.fixed_name)
    if found is None:
        return None
    tags = aws.every("kms", "ListResourceTags", "Tags", KeyId=found["KeyMetadata"]["KeyId"])
    return {entry["TagKey"]: entry["TagValue"] for entry in tags}


def _parameter(aws: Aws, planned: Planned) -> Tags | None:
    wanted = [{"Key": "Name", "Option": "Equals", "Values": [planned.fixed_name]}]
    if not aws.every("ssm", "DescribeParameters", "Parameters", ParameterFilters=wanted):
        return None
    said = aws.ask("ssm", "ListTagsForResource", ResourceType="Parameter", ResourceId=planned.fixed_name)
    return _pairs(said["TagList"])


def _pairs(tags: list[dict[str, str]]) -> Tags:
    return {entry["Key"]: entry["Value"] for entry in tags}


KINDS: dict[str, Kind] = {
    "aws:cloudwatch/logGroup:LogGroup": Kind("log group", _log_group),
    "aws:glue/catalogDatabase:CatalogDatabase": Kind("database", _database),
    "aws:kms/alias:Alias": Kind("key alias", _alias),
    "aws:sagemaker/endpoint:Endpoint": _sagemaker("endpoint", "DescribeEndpoint", "EndpointName"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": _sagemaker(
        "endpoint configuration", "DescribeEndpointConfig", "EndpointConfigName"
    ),
    FEATURE_GROUP: _sagemaker("feature group", "DescribeFeatureGroup", "FeatureGroupName"),
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": _sagemaker(
        "MLflow tracking server", "DescribeMlflowTrackingServer", "TrackingServerName"
    ),
    "aws:sagemaker/model:Model": _sagemaker("model", "DescribeModel", "ModelName"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _sagemaker(
        "model package group", "DescribeModelPackageGroup", "ModelPackageGroupName"
    ),
    "aws:sagemaker/pipeline:Pipeline": _sagemaker("pipeline", "DescribePipeline", "PipelineName"),
    "aws:ssm/parameter:Parameter": Kind("parameter", _parameter),
}
"""Every kind of thing whose name the program chooses."""

WITHIN = ("aws:glue/catalogTable:CatalogTable",)
"""Kinds whose names lie within something of the environment's own, where nobody else has any."""


def checks(aws: Aws, plan: Plan) -> Iterator[Check]:
    """Yield a check for each name that the program chooses."""
    for planned in plan.resources:
        if planned.fixed_name and planned.type in KINDS:
            kind = KINDS[planned.type]
            yield Check(f"{kind.noun} {planned.fixed_name}", partial(_free, aws, plan, planned, kind))
    if not plan.settings.owns_job_logs:
        yield Check("log groups of jobs", partial(_shared_logs, aws, plan))


def _free(aws: Aws, plan: Plan, planned: Planned, kind: Kind) -> str | list[Problem]:
    tags = kind.tags(aws, planned)
    if tags is None:
        return "the name is free"
    if all(tags.get(key) == value for key, value in plan.tags.items()):
        return "this environment's own"
    owner = tags.get("headrace:stack")
    return [
        Problem(
            field=f"{kind.noun} {planned.fixed_name}",
            rule="be free, or carry this environment's tags",
            value=f"one of environment {owner}" if owner else "one without this environment's tags",
            remedy=_remedy(planned, plan),
        )
    ]


def _remedy(planned: Planned, plan: Plan) -> str:
    if planned.fixed_name in JOB_LOGS:
        return "Set headrace:owns_job_logs to false: the account's jobs made it, or another environment has it."
    if planned.type == "aws:cloudwatch/logGroup:LogGroup":
        return "Delete it where nobody needs its lines; an endpoint of that name made it before."
    return (
        f"Delete it if it is left over, or rename the stack {plan.settings.environment} or, where its name is in it, "
        "the workload."
    )


def _shared_logs(aws: Aws, plan: Plan) -> str | list[Problem]:
    groups = aws.every("logs", "DescribeLogGroups", "logGroups", logGroupNamePrefix="/aws/sagemaker/")
    missing = [name for name in JOB_LOGS if name not in {group["logGroupName"] for group in groups}]
    if not missing:
        return "there, and another's: jobs write to them"
    # Nothing fails: so it is said, and not held against the environment.
    return (
        f"{' and '.join(missing)} will be made by the first job, without key and retention, unless "
        f"headrace:owns_job_logs is true in one environment of account {plan.account}"
    )
