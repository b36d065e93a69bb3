"""Headrace: what one environment consists of."""

import pulumi

from stacks import inputs, providers
from stacks.foundation import foundation
from stacks.outputs import outputs
from stacks.serving import serving
from stacks.training import training

settings, workload = inputs.read()
provider = providers.aws_provider(settings, providers.tags(settings, workload.name))

base = foundation(settings, workload, provider)
learning = training(settings, workload, provider, base)
answering = serving(settings, workload, provider, base, learning)

for name, value in outputs(settings, workload, base, learning, answering).items():
    pulumi.export(name, value)
