"""A log group keeps its logs for a stated time, long enough to look into what happened."""

from collections.abc import Iterator

from pulumi_policy import PolicyConfigSchema, ResourceValidationArgs

from policies.rule import ResourceRule

MINIMUM_DAYS = 30


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why the logs are kept too short a time, or for ever."""
    minimum = args.get_config().get("minimumDays", MINIMUM_DAYS)
    days = args.props.get("retentionInDays")
    if not days:
        yield "retentionInDays is not set, so the logs are kept and paid for without end"
    elif days < minimum:
        yield f"retentionInDays is less than {minimum:.0f}"


RULE = ResourceRule(
    name="logs-retention",
    controls=("CloudWatch.16",),
    title="Log groups keep logs for a stated time",
    types=("aws:cloudwatch/logGroup:LogGroup",),
    remedy="set retention_in_days to the environment's retention, at least the rule's minimumDays.",
    config=PolicyConfigSchema({"minimumDays": {"type": "integer", "minimum": 1, "default": MINIMUM_DAYS}}),
    check=check,
)
