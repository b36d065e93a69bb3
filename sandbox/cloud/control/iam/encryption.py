"""What services do with a KMS key on a caller's behalf, which the caller must be allowed to do with that key.

What lies under AWS's own keys (``alias/aws/...``) needs no rights. The pages: S3 user guide, "Using server-side
encryption with AWS KMS keys"; SNS developer guide, "Key management"; DynamoDB developer guide, "Using IAM with KMS
keys"; SageMaker developer guide, "Protect data at rest" (who makes something with a volume key makes a grant for it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.cloud.actions import Call, Params
from sandbox.cloud.state import records

_READ, _WRITE = "kms:Decrypt", "kms:GenerateDataKey"
_ARN_COLONS = 5
Use = tuple[str, str, dict[str, list[str]]]  # an action, a key's ARN, condition keys


def uses(call: Call) -> Iterator[Use]:
    """Return what a call needs of the keys of what it reads, writes and makes."""
    if call.service == "s3" and "Key" in call.params:
        yield from _s3(call)
    elif call.service == "sns" and call.action in ("Publish", "PublishBatch"):
        yield from _by_service(call, "sns", key_of(call.account, call.params.get("TopicArn", "")), _READ, _WRITE)
    elif call.service == "dynamodb" and "TableName" in call.params:
        table = f"arn:aws:dynamodb:{call.region}:{call.account}:table/{call.params['TableName'].rpartition('/')[2]}"
        yield from _by_service(call, "dynamodb", key_of(call.account, table), _READ)
    elif call.service == "sagemaker":
        for key in _volume_keys(call):
            yield from _by_service(call, "sagemaker", key_arn(call, key), "kms:DescribeKey", "kms:CreateGrant")


def _by_service(call: Call, service: str, arn: str | None, *actions: str) -> Iterator[Use]:
    if arn is None:
        return
    context = {"kms:viaservice": [f"{service}.{call.region}.amazonaws.com"], "kms:calleraccount": [call.account]}
    for action in actions:
        grant = {"kms:grantisforawsresource": ["true"]} if action == "kms:CreateGrant" else {}
        yield action, arn, {**context, **grant}


def _volume_keys(call: Call) -> Iterator[str]:
    """Yield the keys of the volumes that a call makes: a job's, or an endpoint's by its configuration."""
    if call.action == "CreateTrainingJob":
        found = call.params.get("ResourceConfig", {}).get("VolumeKmsKeyId")
    elif call.action == "CreateProcessingJob":
        found = call.params.get("ProcessingResources", {}).get("ClusterConfig", {}).get("VolumeKmsKeyId")
    elif call.action in ("CreateEndpoint", "UpdateEndpoint"):
        found = records.table("EndpointConfig").get(call.params["EndpointConfigName"], {}).get("KmsKeyId")
    else:
        found = None
    if found:
        yield found


def _s3(call: Call) -> Iterator[Use]:
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto is configured by then

    given = call.params
    buckets = s3_backends[call.account]["aws"].buckets
    bucket = buckets.get(given["Bucket"])
    if call.action == "GetObject" or (call.action == "HeadObject" and given.get("ChecksumMode") == "ENABLED"):
        yield from _use(call, _READ, bucket, given["Key"], _read_key(bucket, given["Key"], given.get("VersionId")))
    elif call.action in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        yield from _use(call, _WRITE, bucket, given["Key"], _written_key(bucket, given))
    elif call.action in ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload"):
        upload = bucket.multiparts.get(given.get("UploadId")) if bucket else None
        key = upload and (upload.kms_key_id or _written_key(bucket, {"ServerSideEncryption": upload.sse_encryption}))
        yield from _use(call, _READ, bucket, given["Key"], key)
    if given.get("CopySource"):
        source = _source(given["CopySource"])
        bucket = buckets.get(source["Bucket"])
        yield from _use(call, _READ, bucket, source["Key"], _read_key(bucket, source["Key"], source.get("VersionId")))


def _source(given: Any) -> dict[str, str]:
    if not isinstance(given, str):
        return dict(given)
    path, _, version = given.lstrip("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    return {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}


def _read_key(bucket: Any, name: str, version: str | None) -> str | None:
    """Return the key that a stored object is under."""
    versions = (bucket.keys.getlist(name) or []) if bucket else []
    found = [one for one in versions if version in (None, one.version_id)]
    if not found or not str(getattr(found[-1], "encryption", None)).startswith("aws:kms"):
        return None
    key: str | None = found[-1].kms_key_id
    return key


def _written_key(bucket: Any, given: Params) -> str | None:
    """Return the key that a new object gets: the request's, else the bucket's."""
    if given.get("ServerSideEncryption"):
        return given.get("SSEKMSKeyId")
    rule = ((bucket and bucket.encryption) or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
    return rule.get("KMSMasterKeyID") if str(rule.get("SSEAlgorithm")).startswith("aws:kms") else None


def _use(call: Call, action: str, bucket: Any, name: str, key: str | None) -> Iterator[Use]:
    arn = key_arn(call, key) if key and not key.endswith("alias/aws/s3") else None
    if arn is None:
        return
    by_bucket = ((bucket and bucket.encryption) or {}).get("Rule", {}).get("BucketKeyEnabled") in (True, "true")
    about = f"arn:aws:s3:::{bucket.name}" + ("" if by_bucket else f"/{name}")
    yield (
        action,
        arn,
        {
            "kms:viaservice": [f"s3.{call.region}.amazonaws.com"],
            "kms:calleraccount": [call.account],
            "kms:encryptioncontextkeys": ["aws:s3:arn"],
            "kms:encryptioncontext:aws:s3:arn": [about],
        },
    )


def key_arn(call: Call, key: str) -> str:
    """Return a key's ARN for any of its names."""
    return arn_of(call.account, call.region, key)


def arn_of(account: str, region: str, key: str) -> str:
    """Return a key's ARN for any of its names in an account and region."""
    if key.startswith("arn:") and ":alias/" not in key:
        return key
    from moto.kms.models import kms_backends  # noqa: PLC0415 - only where a key is named

    named = kms_backends[account][region].any_id_to_key_id(key)
    # A name of nothing is judged under that name, so that only who may ask about every key hears that it is nothing.
    return f"arn:aws:kms:{region}:{account}:key/{named or key}"


def key_of(account: str, arn: str) -> str | None:
    """Return the ARN of the customer's key that a topic, a queue or a table is encrypted with, or None."""
    _, _, service, region, *_, name = arn.split(":") if arn.count(":") >= _ARN_COLONS else [""] * 6
    key: str | None = None
    if service == "sns":
        from moto.sns.models import sns_backends  # noqa: PLC0415

        topic = sns_backends[account][region].topics.get(arn)
        key = topic.kms_master_key_id if topic else None
    elif service == "sqs":
        from moto.sqs.models import sqs_backends  # noqa: PLC0415

        queue = sqs_backends[account][region].queues.get(name)
        key = queue.kms_master_key_id if queue else None
    elif service == "dynamodb":
        from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415

        table = dynamodb_backends[account][region].tables.get(name.partition("/")[2])
        key = (getattr(table, "sse_specification", None) or {}).get("KMSMasterKeyId") if table else None
    if not key or "alias/aws/" in key:
        return None
    found = arn_of(account, region, key)
    return None if _is_of_aws(account, found) else found


def _is_of_aws(account: str, arn: str) -> bool:
    """Return whether a key is one that AWS manages, whose policy lets in everybody who comes through its service."""
    from moto.kms.models import kms_backends  # noqa: PLC0415

    key = kms_backends[account][arn.split(":")[3]].keys.get(arn.rpartition("/")[2])
    return key is not None and any(alias.startswith("alias/aws/") for alias in key.aliases)


def key_policy(account: str, arn: str) -> str | None:
    """Return a key's policy, or None for a key that does not exist."""
    from moto.kms.models import kms_backends  # noqa: PLC0415

    region, name = arn.split(":")[3], arn.rpartition("/")[2]
    found = kms_backends[account][region].keys.get(name) if region else None
    return found.policy if found else None
