"""What the story knows of an environment: its stack's outputs, and clients of AWS's API."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from demo.console import StoryError


@dataclass(frozen=True)
class Environment:
    """An environment that is up.

    Attributes
    ----------
    stack : str
        Its name, e.g. ``local``.
    outputs : mapping
        The stack's outputs, by name.
    """

    stack: str
    outputs: Mapping[str, Any]

    def __getitem__(self, output: str) -> str:
        """Return an output that is text."""
        if output not in self.outputs:
            raise StoryError(f"the stack {self.stack} has no output `{output}`: run `make up ENV={self.stack}` again")
        return str(self.outputs[output])

    @property
    def feature_groups(self) -> dict[str, str]:
        """Feature group names by entity."""
        return dict(self.outputs["feature_groups"])

    def client(self, service: str) -> Any:
        """Return a boto3 client for the environment's region."""
        return _client(service, self["region"])


@functools.cache
def _client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, config=Config(retries={"max_attempts": 8, "mode": "standard"}))
