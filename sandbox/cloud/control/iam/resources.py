"""Which IAM actions a call needs, and on which resources, as the service authorization reference lists them."""

from __future__ import annotations

import re
from typing import Any

from sandbox.cloud.actions import Call
from sandbox.cloud.control.iam import encryption

# An action, and the ARNs that it may be judged by, of which one has to match. Empty: an action that knows no resource,
# or whose resource is not derived here; both need "*".
Need = tuple[str, tuple[str, ...]]

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
_SAGEMAKER_PATHS = {"TrackingServer": "mlflow-tracking-server", "AutoMLJob": "automl-job"}
_EACH = {"cloudwatch", "codebuild", "ecr", "events", "glue", "sagemaker-featurestore-runtime", "ssm"}
_OF_ALL_GROUPS = {"DescribeLogGroups", "DescribeQueries", "DescribeQueryDefinitions"}
_WITH_CONFIG = {"CreateEndpoint", "UpdateEndpoint"}


def known(service: str) -> bool:
    """Tell whether resources are derived for a service, by botocore's name."""
    return service == "s3" or _PREFIXES.get(service, service) in _FINDERS


def needs(call: Call) -> list[Need]:
    """Return what a caller must be allowed to do for a call."""
    if call.service == "s3":
        return _s3(call)
    service = _PREFIXES.get(call.service, call.service)
    action = f"{service}:{call.action}"
    find = _FINDERS.get(service)
    arns: tuple[str, ...] = find(call) if find else ()
    found: list[Need] = [(action, arns)]
    if arns and {service, call.service} & _EACH:  # what names several resources needs the right on each of them
        found = [(action, (arn,)) for arn in arns]
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
        path, _, version = path.lstrip("/").partition("?")
        wanted.append(("s3:GetObjectVersion" if version else "s3:GetObject", (f"arn:aws:s3:::{path}",)))
    return wanted


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _sagemaker(call: Call) -> tuple[str, ...]:  # noqa: PLR0911 - one line a rule
    given = call.params
    if call.service == "sagemaker-featurestore-runtime" and call.action.startswith("Batch"):
        asked = given.get("Identifiers") or given.get("Entries") or []
        return tuple(_named(call, "feature-group", name) for name in sorted({one["FeatureGroupName"] for one in asked}))
    if call.service != "sagemaker":
        name = given.get("EndpointName") or given.get("FeatureGroupName")
        kind = "endpoint" if "EndpointName" in given else "feature-group"
        return (_named(call, kind, name),) if name else ()
    if call.action == "CreateModelPackage" and given.get("ModelPackageGroupName"):
        group = given["ModelPackageGroupName"].rpartition("/")[2]
        packages = _arn(call, "sagemaker", f"model-package/{group}/*")
        return (_arn(call, "sagemaker", f"model-package-group/{group}"), packages)
    if call.action == "ListPipelineExecutions":
        return (_named(call, "pipeline", given["PipelineName"]),)
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
    given = call.params
    if "resourceArn" in given:  # tags, the one case in which a group's ARN stands without what follows
        return (given["resourceArn"].removesuffix(":*"),)
    group = given.get("logGroupName") or str(given.get("logGroupIdentifier", "")).rpartition(":log-group:")[2]
    if not group and call.action not in _OF_ALL_GROUPS:
        return ()
    # as AWS's own refusals name it: a policy has to end in ":*"
    return (_arn(call, "logs", f"log-group:{group}:log-stream:{given.get('logStreamName', '')}"),)


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
    if call.action == "DescribeAlarms" and not any(names):
        names = ["*"]
    return tuple(_arn(call, "cloudwatch", f"alarm:{name}") for name in names if name)


def _sqs(call: Call) -> tuple[str, ...]:
    name = call.params.get("QueueName") or str(call.params.get("QueueUrl", "")).rpartition("/")[2]
    return (_arn(call, "sqs", name),) if name else ()


def _glue(call: Call) -> tuple[str, ...]:
    given = call.params
    database = given.get("DatabaseName") or (given.get("Name") if "Database" in call.action else None)
    table = given.get("TableName") or (given.get("Name") if "Table" in call.action else None)
    table = table or (given.get("TableInput") or {}).get("Name")
    paths = ["catalog", database and f"database/{database}", database and table and f"table/{database}/{table}"]
    return tuple(_arn(call, "glue", path) for path in paths if path)


def _codebuild(call: Call) -> tuple[str, ...]:
    given = call.params
    ids = [*given.get("ids", []), *([given["id"]] if "id" in given else [])]
    names = [one.rpartition(":build/")[2].partition(":")[0] for one in ids] + given.get("names", [])
    names += [given[member] for member in ("projectName", "name") if isinstance(given.get(member), str)]
    return tuple(_arn(call, "codebuild", f"project/{name.rpartition('/')[2]}") for name in dict.fromkeys(names))


def _ecr(call: Call) -> tuple[str, ...]:
    names = call.params.get("repositoryNames") or [call.params.get("repositoryName")]
    return tuple(_arn(call, "ecr", f"repository/{name}") for name in names if name)


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
    "ecr": _ecr,
    "codebuild": _codebuild,
    "glue": _glue,
    "sqs": _sqs,
    "sagemaker-mlflow": _by_member("sagemaker", "", "ResourceArn"),
    "sns": _by_member("sns", "", "TopicArn", "TargetArn", "ResourceArn"),
    "sts": _by_member("sts", "", "RoleArn"),
    "athena": _by_member("athena", "workgroup/", "WorkGroup"),
    "secretsmanager": _by_member("secretsmanager", "secret:", "SecretId"),
}
