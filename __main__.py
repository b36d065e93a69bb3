"""Headrace: what one environment consists of."""

import asyncio
import gc
from typing import Any

import pulumi

from stacks import identity, inputs, providers
from stacks.environment import environment


async def program() -> dict[str, Any]:
    """Register everything; return the stack's outputs."""
    read = inputs.read()
    await asyncio.gather(identity.confirmed(read.settings), providers.load_sdk())
    return environment(read, providers.aws_provider(read.settings)).as_dict()


gc.disable()  # a program that lives for seconds and keeps all that it makes need not look for garbage
pulumi.run(program)
