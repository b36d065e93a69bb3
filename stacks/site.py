"""Where a workload is built: its names, the platform below it, and what the environment chose for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from stacks.choices import Choices
from stacks.platform import Platform
from stacks.providers import tags
from stacks.settings import Settings
from workloads.spec import Workload


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the parts of one workload are made from.

    Attributes
    ----------
    opts : pulumi.ResourceOptions
        Of each part.
    """

    settings: Settings
    workload: Workload
    choices: Choices
    platform: Platform
    opts: pulumi.ResourceOptions

    @property
    def name(self) -> str:
        """What endpoint, pipeline and registry are called, and feature groups begin with: ``headrace-dev-flights``."""
        return f"{self.settings.prefix}-{self.workload.name}"

    @property
    def tags(self) -> Mapping[str, str]:
        """What everything of the workload carries."""
        return tags(self.settings, self.workload.name)

    def part(self, role: str) -> str:
        """Return the logical name of a part, which is no other workload's."""
        return f"{self.workload.name}-{role}"
