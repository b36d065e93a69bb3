"""Buckets and their settings, as the engine describes them at a preview."""

from collections.abc import Mapping
from typing import Any

from tests.policies.harness import UNKNOWN, Declared

RAW = Declared("aws:s3/bucket:Bucket", "raw", {"bucket": "raw-1234", "arn": UNKNOWN, "s3BucketId": UNKNOWN})
LOGS = Declared("aws:s3/bucket:Bucket", "logs", {"bucket": "logs-1234", "arn": UNKNOWN, "s3BucketId": UNKNOWN})


def setting(kind: str, properties: Mapping[str, Any], bucket: Declared = RAW) -> Declared:
    """Return a resource such as BucketVersioning that names its bucket."""
    token = f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}"
    named = {"bucket": bucket.properties["bucket"], **properties}
    return Declared(token, bucket.name, named, {"bucket": (bucket,)})


def logging(source: Declared, target: Declared) -> Declared:
    """Return the resource that sends the access logs of one bucket to another."""
    properties = {"bucket": source.properties["bucket"], "targetBucket": target.properties["bucket"]}
    return Declared(
        "aws:s3/bucketLogging:BucketLogging", source.name, properties, {"bucket": (source,), "targetBucket": (target,)}
    )
