"""A log group is encrypted with a customer key."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule, lacks_customer_key


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the logs are not encrypted with a customer key."""
    yield from lacks_customer_key(args.props, "kmsKeyId")


RULE = ResourceRule(
    name="logs-customer-key",
    controls=("Config:cloudwatch-log-group-encrypted",),
    title="Log groups are encrypted with a customer key",
    types=("aws:cloudwatch/logGroup:LogGroup",),
    remedy="set kms_key_id to a key whose policy lets CloudWatch Logs use it.",
    check=check,
)
