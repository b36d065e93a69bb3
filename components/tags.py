"""Tags of what SageMaker holds, by which the platform knows its own."""

from __future__ import annotations

from typing import Any


def carried(client: Any, arn: str) -> dict[str, str]:
    """Return all tags of a resource, from every page."""
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
