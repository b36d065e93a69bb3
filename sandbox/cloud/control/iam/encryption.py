"""What services do with a KMS key on a caller's behalf, which the caller must be allowed to do with that key.

What lies under AWS's own keys (``alias/aws/...``) needs no rights. The pages: S3 user guide, "Using server-side
encryption with AWS KMS keys"; SNS developer guide, "Key management"; DynamoDB developer guide, "Using IAM with KMS
keys"; SageMaker developer guide, "Protect data at rest" (who makes something with a volume key makes a grant for it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.cloud.actions import Call, Params
from sandbox.cloud.moto import protection, s3
from sandbox.cloud.state import records

_READ, _WRITE = "kms:Decrypt", "kms:GenerateDataKey"
_OF_AN_UPLOAD = {"UploadPart", "UploadPartCopy", "CompleteMultipartUpload"}
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
    given, account = call.params, call.account
    bucket, name = given["Bucket"], given["Key"]
    if call.action == "GetObject" or (call.action == "HeadObject" and given.get("ChecksumMode") == "ENABLED"):
        key = s3.key_of_object(account, bucket, name, given.get("VersionId"))
        yield from _use(call, _READ, bucket, name, key)
    elif call.action in ("PutObject", "CopyObject", "CreateMultipartUpload"):
        yield from _use(call, _WRITE, bucket, name, _written_key(account, bucket, given))
    elif call.action in _OF_AN_UPLOAD and (upload := s3.encryption_of_upload(account, bucket, given.get("UploadId"))):
        algorithm, key = upload
        key = key or _written_key(account, bucket, {"ServerSideEncryption": algorithm})
        yield from _use(call, _READ, bucket, name, key)
    if given.get("CopySource"):
        source = _source(given["CopySource"])
        bucket, name = source["Bucket"], source["Key"]
        key = s3.key_of_object(account, bucket, name, source.get("VersionId"))
        yield from _use(call, _READ, bucket, name, key)


def _source(given: Any) -> dict[str, str]:
    if not isinstance(given, str):
        return dict(given)
    path, _, version = given.lstrip("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    return {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}


def _written_key(account: str, bucket: str, given: Params) -> str | None:
    """Return the key that a new object gets: the request's, else the bucket's."""
    if given.get("ServerSideEncryption"):
        return given.get("SSEKMSKeyId")
    rule = s3.encryption_rule(account, bucket).get("ApplyServerSideEncryptionByDefault", {})
    return rule.get("KMSMasterKeyID") if str(rule.get("SSEAlgorithm")).startswith("aws:kms") else None


def _use(call: Call, action: str, bucket: str, name: str, key: str | None) -> Iterator[Use]:
    arn = key_arn(call, key) if key and not key.endswith("alias/aws/s3") else None
    if arn is None:
        return
    by_bucket = s3.encryption_rule(call.account, bucket).get("BucketKeyEnabled") in (True, "true")
    about = f"arn:aws:s3:::{bucket}" + ("" if by_bucket else f"/{name}")
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
    named = protection.key_id(account, region, key)
    # A name of nothing is judged under that name, so that only who may ask about every key hears that it is nothing.
    return f"arn:aws:kms:{region}:{account}:key/{named or key}"


def key_of(account: str, arn: str) -> str | None:
    """Return the ARN of the customer's key that a topic, a queue or a table is encrypted with, or None."""
    service, region = arn.split(":")[2:4] if arn.count(":") >= _ARN_COLONS else ("", "")
    find = _KEYS.get(service)
    key = find(account, arn) if find else None
    if not key or "alias/aws/" in key:
        return None
    found = arn_of(account, region, key)
    return None if protection.is_of_aws(account, found) else found


_KEYS = {"sns": protection.topic_key, "sqs": protection.queue_key, "dynamodb": protection.table_key}
