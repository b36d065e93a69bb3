"""An environment as a whole: what `pulumi up` registers, and what a rehearsal asks AWS about."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws

from stacks.foundation import foundation
from stacks.outputs import outputs
from stacks.serving import serving
from stacks.settings import Settings
from stacks.training import training
from workloads.spec import Workload


def environment(settings: Settings, workload: Workload, provider: aws.Provider) -> dict[str, Any]:
    """Register everything; return the stack's outputs."""
    base = foundation(settings, workload, provider)
    learning = training(settings, workload, provider, base)
    answering = serving(settings, workload, provider, base, learning)
    return outputs(settings, workload, base, learning, answering)
