"""Headrace: what one environment consists of."""

import gc
from typing import Any

import pulumi

from stacks import inputs, providers
from stacks.environment import environment


async def program() -> dict[str, Any]:
    """Register everything; return the stack's outputs."""
    settings, workload = inputs.read()
    provider = providers.aws_provider(settings, providers.tags(settings, workload.name))
    await providers.load_sdk()
    return environment(settings, workload, provider)


gc.disable()  # a program that lives for seconds and keeps all that it makes need not look for garbage
pulumi.run(program)
