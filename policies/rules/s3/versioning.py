"""A bucket keeps the versions of its objects: dataset versions are S3 version ids."""

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from policies.rule import StackRule
from policies.stack import BUCKET, Stack

SETTINGS = ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2")


def check(bucket: PolicyResource, stack: Stack) -> Iterator[str]:
    """Yield why the bucket does not keep versions."""
    settings = stack.settings_of(bucket, SETTINGS)
    if not settings:
        yield "the stack has no BucketVersioning for it"
    for setting in settings:
        if setting.props.get("versioningConfiguration", {}).get("status") != "Enabled":
            yield f"versioningConfiguration.status of {setting.name} is not Enabled"


RULE = StackRule(
    name="s3-versioning",
    controls=("S3.14",),
    title="Buckets keep the versions of their objects",
    types=BUCKET,
    remedy="declare aws.s3.BucketVersioning for the bucket, with versioning_configuration status Enabled.",
    check=check,
)
