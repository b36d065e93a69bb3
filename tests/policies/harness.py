"""Judge declared resources by the pack, without an engine.

Resources go through the policy SDK's own service as the messages that the engine sends, so that secrets and unknown
values reach a rule exactly as they do at a preview.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.policy import EnforcementLevel, _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.pack import NAME, policies

UNKNOWN = UNKNOWN_STRING_VALUE
SECRET = "arn:aws:kms:eu-west-1:000000000000:key/never-print-this"  # a value that must be in no report
KEY = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def secret(value: Any = SECRET) -> dict[str, Any]:
    """Return a value as the engine marks a secret."""
    return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": value}


@dataclass(frozen=True)
class Declared:
    """A resource as a program declares it."""

    type: str
    name: str
    properties: Mapping[str, Any]
    sources: Mapping[str, tuple["Declared", ...]] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """The name that the engine gives it."""
        return f"urn:pulumi:test::headrace::{self.type}::{self.name}"


@dataclass(frozen=True)
class Report:
    """What the pack said."""

    violations: tuple[str, ...]
    advisories: tuple[str, ...]
    urns: frozenset[str]

    @property
    def silent(self) -> bool:
        """Whether nothing was found."""
        return not self.violations and not self.advisories

    @property
    def text(self) -> str:
        """All that a reader would see."""
        return "\n".join((*self.violations, *self.advisories))


def judge(rule: str, *resources: Declared, config: Mapping[str, Any] | None = None) -> Report:
    """Return what one rule says about a stack of these resources."""
    return _report(item for item in _said(resources, rule, config) if item.policyName == rule)


def judge_by_all(resources: Sequence[Declared]) -> Report:
    """Return what the whole pack says about a stack of these resources."""
    return _report(_said(resources))


def _said(resources: Sequence[Declared], rule: str = "", config: Mapping[str, Any] | None = None) -> list[Any]:
    service = _service()
    request = analyzer_pb2.ConfigureAnalyzerRequest()
    if config:
        request.policyConfig[rule].enforcementLevel = analyzer_pb2.MANDATORY
        request.policyConfig[rule].properties.update(dict(config))
    service.Configure(request, None)
    responses = [service.Analyze(_resource_request(resource), None) for resource in resources]
    stack = analyzer_pb2.AnalyzeStackRequest(resources=[_stack_resource(resource) for resource in resources])
    responses.append(service.AnalyzeStack(stack, None))
    return [item for response in responses for item in response.diagnostics]


def _report(found: Iterable[Any]) -> Report:
    found = list(found)
    mandatory = [item for item in found if item.enforcementLevel == analyzer_pb2.MANDATORY]
    return Report(
        violations=tuple(item.message for item in mandatory),
        advisories=tuple(item.message for item in found if item.enforcementLevel == analyzer_pb2.ADVISORY),
        urns=frozenset(item.urn for item in mandatory),
    )


@cache
def _service() -> _PolicyAnalyzerServicer:
    return _PolicyAnalyzerServicer(NAME, "0.0.1", policies(), EnforcementLevel.MANDATORY)


def _resource_request(resource: Declared) -> analyzer_pb2.AnalyzeRequest:
    request = analyzer_pb2.AnalyzeRequest(type=resource.type, urn=resource.urn, name=resource.name)
    request.properties.update(dict(resource.properties))
    return request


def _stack_resource(resource: Declared) -> analyzer_pb2.AnalyzerResource:
    message = analyzer_pb2.AnalyzerResource(
        type=resource.type,
        urn=resource.urn,
        name=resource.name,
        dependencies=sorted({source.urn for sources in resource.sources.values() for source in sources}),
        propertyDependencies={
            name: analyzer_pb2.AnalyzerPropertyDependencies(urns=[source.urn for source in sources])
            for name, sources in resource.sources.items()
        },
    )
    message.properties.update(dict(resource.properties))
    return message
