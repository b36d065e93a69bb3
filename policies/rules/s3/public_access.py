"""A bucket blocks every kind of public access by itself, whatever the account's settings are."""

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from policies.rule import StackRule
from policies.stack import BUCKET, Stack

SETTINGS = ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",)
SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def check(bucket: PolicyResource, stack: Stack) -> Iterator[str]:
    """Yield which ways into the bucket are open."""
    settings = stack.settings_of(bucket, SETTINGS)
    if not settings:
        yield "the stack has no BucketPublicAccessBlock for it"
    for setting in settings:
        for switch in SWITCHES:
            if setting.props.get(switch) is not True:
                yield f"{switch} of {setting.name} is not true"


RULE = StackRule(
    name="s3-public-access-blocked",
    controls=("S3.8",),
    title="Buckets block public access",
    types=BUCKET,
    remedy="declare aws.s3.BucketPublicAccessBlock for the bucket, with all four switches true.",
    check=check,
)
