"""The only providers: explicit, bound to the environment's accounts, tagging everything."""

from __future__ import annotations

import asyncio
import importlib

import pulumi_aws as aws

from stacks.settings import Settings

_LARGE = ("cloudwatch", "codebuild", "glue", "s3", "sagemaker")


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


async def load_sdk() -> None:
    """Read the large parts of `pulumi_aws` while AWS's provider starts, instead of at their first use."""

    def read() -> None:
        for service in _LARGE:
            hasattr(importlib.import_module(f"pulumi_aws.{service}"), "any")  # a question makes a module be read

    await asyncio.to_thread(read)
