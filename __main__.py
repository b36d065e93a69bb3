"""Headrace: what one environment consists of."""

import gc
from typing import Any

import pulumi

from stacks import inputs, providers
from stacks.foundation import foundation
from stacks.outputs import outputs
from stacks.serving import serving
from stacks.training import training


async def environment() -> dict[str, Any]:
    """Register everything; return the stack's outputs."""
    settings, workload = inputs.read()
    provider = providers.aws_provider(settings, providers.tags(settings, workload.name))
    await providers.load_sdk()

    base = foundation(settings, workload, provider)
    learning = training(settings, workload, provider, base)
    answering = serving(settings, workload, provider, base, learning)
    return outputs(settings, workload, base, learning, answering)


gc.disable()  # a program that lives for seconds and keeps all that it makes need not look for garbage
pulumi.run(environment)
