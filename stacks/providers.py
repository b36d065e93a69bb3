"""The only providers: explicit, bound to the environment's accounts, tagging everything."""

from __future__ import annotations

import pulumi_aws as aws

from stacks.settings import Settings


def tags(settings: Settings, workload: str | None = None) -> dict[str, str]:
    """Return the tags that everything of the environment carries, or of a workload, made by Pulumi or by a release."""
    own = {} if workload is None else {"headrace:workload": workload}
    return {"headrace:stack": settings.environment, **own}


def aws_provider(settings: Settings) -> aws.Provider:
    """Register AWS's provider, which asks STS whose credentials it has and refuses accounts that are not allowed."""
    return aws.Provider(
        "aws",
        region=settings.region,
        allowed_account_ids=list(settings.allowed_account_ids),
        default_tags={"tags": tags(settings)},
    )
