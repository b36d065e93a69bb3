"""Headrace: what one environment consists of."""

import asyncio
import gc
from typing import Any

import pulumi

from stacks import identity, inputs, providers
from stacks.environment import environment


async def program() -> dict[str, Any]:
    """Register everything; return the stack's outputs."""
    settings, workload = inputs.read()
    await asyncio.gather(identity.confirmed(settings, workload), providers.load_sdk())
    provider = providers.aws_provider(settings, providers.tags(settings, workload.name))
    return environment(settings, workload, provider)


gc.disable()  # a program that lives for seconds and keeps all that it makes need not look for garbage
pulumi.run(program)
