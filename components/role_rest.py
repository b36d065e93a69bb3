"""The dynamic resource that gives IAM the time to tell everybody of a new role.

IAM's changes "are not always immediately visible", and nothing tells when they are. Most services that get a new role
try again, or their provider does. Where a service looks once, and leaves something broken behind that holds a name, the
role has to rest before it is given to it.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

SECONDS = 20.0  # changes mostly arrive within ten


class RoleRestProvider(ResourceProvider):
    """Waits when it is made, and never again: a role that works meanwhile keeps its rights while they change."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait; `props` are known only once the role and its policy are made."""
        time.sleep(SECONDS)
        return CreateResult(id_=uuid.uuid4().hex, outs=props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Wait again for another role."""
        changed = _olds.get("role_arn") != _news.get("role_arn")
        replaces = ["role_arn"] if changed else []
        return DiffResult(changes=changed, replaces=replaces, stables=[], delete_before_replace=False)


class RoleRest(Resource, module="security", name="RoleRest"):
    """A role that is in force.

    Attributes
    ----------
    role_arn : pulumi.Output[str]
        The role's ARN, known once it has rested.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, role_arn: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the rest of a role whose ARN is known once all its policies are attached."""
        super().__init__(RoleRestProvider(), name, {"role_arn": role_arn}, opts)
