"""Which IAM actions a call needs, and on which resources, as the service authorization reference lists them."""

from __future__ import annotations

import re
from typing import Any

from sandbox.cloud.actions import Call
from sandbox.cloud.control import encryption

Need = tuple[str, tuple[str, ...]]  # an action, and the ARNs that it may be judged by (empty: not derivable)

_PREFIXES = {
    "accessanalyzer": "access-analyzer",
    "service-quotas": "servicequotas",
    "sagemaker-runtime": "sagemaker",
    "sagemaker-featurestore-runtime": "sagemaker",
    "sagemaker-metrics": "sagemaker",
    "stepfunctions": "states",
    "dynamodbstreams": "dynamodb",
    "sesv2": "ses",
    "elbv2": "elasticloadbalancing",
    "elb": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
}
_S3_ACTIONS = {
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListParts": "ListMultipartUploadParts",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "UploadPartCopy": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
}
_VERSIONED = {"GetObject", "DeleteObject", "GetObjectTagging", "PutObjectTagging", "GetObjectAcl", "PutObjectAcl"}
_SAGEMAKER_PATHS = {
    "TrackingServer": "mlflow-tracking-server",
    "AutoMLJob": "automl-job",
}
_WITH_CONFIG = {"CreateEndpoint", "UpdateEndpoint"}


def needs(call: Call) -> list[Need]:
    """Return what a caller must be allowed to do for a call."""
    if call.service == "s3":
        return _s3(call)
    action = f"{_PREFIXES.get(call.service, call.service)}:{call.action}"
    find = _FINDERS.get(_PREFIXES.get(call.service, call.service))
    found = [(action, find(call) if find else ())]
    if call.service == "sagemaker" and call.action.startswith("Create") and call.params.get("Tags"):
        found.append(("sagemaker:AddTags", found[0][1]))
    if call.action in _WITH_CONFIG and call.service == "sagemaker":
        found.append((action, (_arn(call, "sagemaker", f"endpoint-config/{call.params['EndpointConfigName']}"),)))
    if call.service == "dynamodb" and call.action.startswith(("Transact", "Batch")):
        return _dynamodb_many(call) or found
    return found


def _arn(call: Call, service: str, resource: str) -> str:
    return f"arn:aws:{service}:{call.region}:{call.account}:{resource}"


def _s3(call: Call) -> list[Need]:
    given = call.params
    bucket = given.get("Bucket")
    action = _S3_ACTIONS.get(call.action, call.action)
    if not bucket:
        return [(f"s3:{action}", ())]
    base = f"arn:aws:s3:::{bucket}"
    if call.action == "DeleteObjects":
        # each key is judged when moto asks for it, so that a refusal is told key by key
        return []
    if "Key" not in given:
        return [(f"s3:{action}", (base,))]
    if given.get("VersionId") and action in _VERSIONED:
        action = action.replace("Object", "ObjectVersion", 1)
    wanted: list[Need] = [(f"s3:{action}", (f"{base}/{given['Key']}",))]
    if given.get("Tagging") and isinstance(given["Tagging"], str):
        wanted.append(("s3:PutObjectTagging", (f"{base}/{given['Key']}",)))
    source = given.get("CopySource")
    if source:
        path = source if isinstance(source, str) else f"{source['Bucket']}/{source['Key']}"
        wanted.append(("s3:GetObject", (f"arn:aws:s3:::{path.lstrip('/').partition('?')[0]}",)))
    return wanted


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _sagemaker(call: Call) -> tuple[str, ...]:
    given = call.params
    if call.service != "sagemaker":
        name = given.get("EndpointName") or given.get("FeatureGroupName")
        kind = "endpoint" if "EndpointName" in given else "feature-group"
        return (_named(call, kind, name),) if name else ()
    if call.action == "CreateModelPackage" and given.get("ModelPackageGroupName"):
        group = given["ModelPackageGroupName"].rpartition("/")[2]
        packages = _arn(call, "sagemaker", f"model-package/{group}/*")
        return (_arn(call, "sagemaker", f"model-package-group/{group}"), packages)
    for member in ("ResourceArn", "PipelineExecutionArn", "ModelPackageArn"):
        if member in given:
            return (given[member],)
    noun = re.sub(r"^(Create|Describe|Update|Delete|Stop|Start|Put|Get|List|Retry)", "", call.action)
    for member, value in given.items():
        kind = member.removesuffix("Name")
        if (
            member.endswith("Name")
            and isinstance(value, str)
            and kind
            and kind in noun
            and not call.action.startswith("List")
        ):
            return (_named(call, _SAGEMAKER_PATHS.get(kind, _kebab(kind)), value),)
    return ()


def _named(call: Call, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else _arn(call, "sagemaker", f"{kind}/{name}")


def _dynamodb(call: Call) -> tuple[str, ...]:
    table = call.params.get("TableName") or call.params.get("ResourceArn") or call.params.get("TableArn")
    if not table:
        return ()
    base = table if table.startswith("arn:") else _arn(call, "dynamodb", f"table/{table}")
    index = call.params.get("IndexName")
    return (f"{base}/index/{index}",) if index else (base,)


def _dynamodb_many(call: Call) -> list[Need]:
    """Return what each part of a transaction or a batch needs: the action of the single call, on its own table."""
    found: list[Need] = []
    for item in call.params.get("TransactItems", []):
        for kind, part in item.items():
            single = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}.get(
                kind, kind
            )
            single = "ConditionCheckItem" if kind == "ConditionCheck" else single
            found.append((f"dynamodb:{single}", (_arn(call, "dynamodb", f"table/{part['TableName']}"),)))
    for table in call.params.get("RequestItems", {}):
        found.append((f"dynamodb:{call.action}", (_arn(call, "dynamodb", f"table/{table}"),)))
    return found


def _states(call: Call) -> tuple[str, ...]:
    for member in ("executionArn", "stateMachineArn", "resourceArn", "activityArn"):
        if member in call.params:
            return (call.params[member],)
    name = call.params.get("name")
    return (_arn(call, "states", f"stateMachine:{name}"),) if name and call.action == "CreateStateMachine" else ()


def _ssm(call: Call) -> tuple[str, ...]:
    names = [call.params[member] for member in ("Name", "Path") if member in call.params] or call.params.get(
        "Names", []
    )
    return tuple(
        name if name.startswith("arn:") else _arn(call, "ssm", f"parameter/{name.lstrip('/')}") for name in names
    )


def _logs(call: Call) -> tuple[str, ...]:
    group = call.params.get("logGroupName")
    if not group:
        return ()
    stream = call.params.get("logStreamName")
    base = _arn(call, "logs", f"log-group:{group}")
    return (f"{base}:log-stream:{stream}",) if stream else (base, f"{base}:*")


def _kms(call: Call) -> tuple[str, ...]:
    key = call.params.get("KeyId")
    if not key:
        return ()
    return (encryption.key_arn(call, key),)


def _events(call: Call) -> tuple[str, ...]:
    given = call.params
    if call.action == "PutEvents":
        names = {entry.get("EventBusName", "default") for entry in given.get("Entries", [])}
        return tuple(
            name if name.startswith("arn:") else _arn(call, "events", f"event-bus/{name}") for name in sorted(names)
        )
    name = given.get("Name") or given.get("Rule")
    return (_arn(call, "events", f"rule/{name}"),) if name else ()


def _scheduler(call: Call) -> tuple[str, ...]:
    name = call.params.get("Name")
    group = call.params.get("GroupName", "default")
    return (_arn(call, "scheduler", f"schedule/{group}/{name}"),) if name else ()


def _cloudwatch(call: Call) -> tuple[str, ...]:
    names = call.params.get("AlarmNames") or [call.params.get("AlarmName")]
    return tuple(_arn(call, "cloudwatch", f"alarm:{name}") for name in names if name)


def _by_member(service: str, path: str, *members: str) -> Any:
    def find(call: Call) -> tuple[str, ...]:
        for member in members:
            value = call.params.get(member)
            if isinstance(value, str):
                return (value,) if value.startswith("arn:") else (_arn(call, service, path + value),)
        return ()

    return find


def _iam(call: Call) -> tuple[str, ...]:
    name = call.params.get("RoleName")
    return (f"arn:aws:iam::{call.account}:role/{name}",) if name else ()


_FINDERS: dict[str, Any] = {
    "sagemaker": _sagemaker,
    "dynamodb": _dynamodb,
    "states": _states,
    "ssm": _ssm,
    "logs": _logs,
    "kms": _kms,
    "events": _events,
    "scheduler": _scheduler,
    "cloudwatch": _cloudwatch,
    "iam": _iam,
    "ecr": _by_member("ecr", "repository/", "repositoryName"),
    "codebuild": _by_member("codebuild", "project/", "projectName", "name"),
    "sns": _by_member("sns", "", "TopicArn", "TargetArn", "ResourceArn"),
    "sts": _by_member("sts", "", "RoleArn"),
    "athena": _by_member("athena", "workgroup/", "WorkGroup"),
    "secretsmanager": _by_member("secretsmanager", "secret:", "SecretId"),
}
