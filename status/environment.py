"""What is known of an environment: its stack's outputs, and clients of AWS's API."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import boto3
from botocore.config import Config

from stacks.outputs import Outputs, OutputsError, WorkloadOutputs, outputs_of


class NotDeployedError(Exception):
    """The environment, or a workload of it, is not there; the message says what to do."""


@dataclass(frozen=True)
class Environment:
    """An environment that is up, and one workload of it.

    Attributes
    ----------
    stack : str
        Its name, e.g. ``local``.
    outputs : Outputs
        What the stack tells.
    workload : str
        The workload's name.
    """

    stack: str
    outputs: Outputs[str]
    workload: str

    @classmethod
    def told(cls, stack: str, outputs: Mapping[str, Any], workload: str) -> Self:
        """Read a stack's outputs as `pulumi stack output --json` prints them.

        Raises
        ------
        NotDeployedError
            If another program wrote them, or the stack has no such workload.
        """
        try:
            found = outputs_of(outputs)
        except OutputsError as error:
            raise NotDeployedError(f"{error} `make up ENV={stack}`.") from error
        if workload not in found.workloads:
            raise NotDeployedError(
                f"the workload must be one of the stack {stack}'s ({', '.join(found.workloads)}), got {workload}. "
                f"Add it to headrace:workloads in Pulumi.{stack}.yaml."
            )
        return cls(stack, found, workload)

    @classmethod
    def every(cls, stack: str, outputs: Mapping[str, Any]) -> Iterator[Self]:
        """Yield the environment with each of its workloads, from outputs as `told` takes them."""
        names = sorted(outputs.get("workloads", {}))
        if not names:
            raise NotDeployedError(f"The environment {stack} has no workload yet: `make up ENV={stack}`.")
        for name in names:
            yield cls.told(stack, outputs, name)

    @property
    def own(self) -> WorkloadOutputs[str]:
        """What the workload has of its own."""
        return self.outputs.workloads[self.workload]

    def client(self, service: str) -> Any:
        """Return a boto3 client for the environment's region."""
        return _client(service, self.outputs.region)


@functools.cache
def _client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, config=Config(retries={"max_attempts": 8, "mode": "standard"}))
