"""What a rule is, and the few questions that several rules ask."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_policy import PolicyConfigSchema, PolicyResource, ResourceValidationArgs

from policies.stack import Stack

ResourceCheck = Callable[[ResourceValidationArgs], Iterator[str]]
StackCheck = Callable[[PolicyResource, Stack], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule says about itself.

    Attributes
    ----------
    name
        Unique in the pack; `enforcement.py` gives it a level.
    controls
        Ids of AWS Security Hub controls, or `Config:<rule>` where only AWS Config has one.
    title
        What holds when the rule is kept, as one sentence without a full stop.
    types
        Type tokens of the resources that the rule judges.
    remedy
        What to write in the program so that the rule is kept.
    config
        Settings of the rule that a `--policy-pack-config` file may change.

    Notes
    -----
    A check yields one reason for every way in which a resource breaks the rule. Reasons name properties and never
    hold their values: a policy pack gets secrets in plain text, and findings end up in build logs.
    """

    name: str
    controls: tuple[str, ...]
    title: str
    types: tuple[str, ...]
    remedy: str
    config: PolicyConfigSchema | None = None


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule about one resource's own inputs; `pulumi up` judges it before the resource is made."""

    check: ResourceCheck


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule about a resource and those that belong to it; judged when all resources are declared."""

    check: StackCheck


def lacks_customer_key(properties: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield why the property `name` is not a KMS key of the customer's own."""
    key = properties.get(name)
    if not key:
        yield f"{name} names no key, so AWS encrypts with a key of its own"
    elif "alias/aws/" in str(key):
        yield f"{name} names a key that AWS manages, whose policy nobody here can change"
