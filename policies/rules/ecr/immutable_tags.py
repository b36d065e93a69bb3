"""An image's tag always means the same image."""

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from policies.rule import ResourceRule


def check(args: ResourceValidationArgs) -> Iterator[str]:
    """Yield why a tag could be moved to another image."""
    if args.props.get("imageTagMutability") != "IMMUTABLE":
        yield "imageTagMutability is not IMMUTABLE"


RULE = ResourceRule(
    name="ecr-immutable-tags",
    controls=("ECR.2",),
    title="Image tags cannot be moved",
    types=("aws:ecr/repository:Repository",),
    remedy='set image_tag_mutability="IMMUTABLE".',
    check=check,
)
