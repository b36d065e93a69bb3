"""Every environment keeps every rule of the policy pack, as a preview would judge it, without an engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.pack import find_rules
from tests.components.recording import Registration
from tests.policies.harness import Declared, judge_by_all
from tests.stacks import environments
from workloads import spec


def declared(registrations: list[Registration]) -> list[Declared]:
    """Return the registrations as the engine shows them to the pack."""
    known: dict[str, Declared] = {}
    for found in registrations:
        sources = {
            name: tuple(known[urn] for urn in urns if urn in known)
            for name, urns in found.sources.items()
            if name in found.inputs
        }
        known[found.urn] = Declared(found.type, found.name, found.state, sources)
    return list(known.values())


@pytest.mark.parametrize("name", environments.EVERY)
def test_an_environment_keeps_every_rule(name: str) -> None:
    report = judge_by_all(declared(environments.of(name).registrations))
    assert report.silent, report.text


def test_an_environment_of_several_workloads_keeps_every_rule() -> None:
    workloads = (spec.named(name) for name in ("flights", "delays", "penguins"))
    recording, _ = environments.registered(environments.together("dev", *workloads))
    report = judge_by_all(declared(recording.registrations))
    assert report.silent, report.text


def test_every_rule_has_something_to_judge_in_an_environment() -> None:
    types = {found.type for found in environments.of("local").registrations}
    idle = {rule.name for rule in find_rules() if not types.intersection(rule.types)}
    assert idle == {"sagemaker-offline-store-key"}  # for those who add an offline store


@pytest.mark.parametrize(
    ("type_", "name", "loosened", "rule"),
    [
        (
            "aws:sagemaker/model:Model",
            "flights-endpoint-bootstrap-model",
            {"enableNetworkIsolation": False},
            "model-isolation",
        ),
        ("aws:kms/key:Key", "keys-data", {"enableKeyRotation": False}, "kms-key-rotation"),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "lake-raw-privacy",
            {"blockPublicAcls": False},
            "s3-public-access-blocked",
        ),
        (
            "aws:s3/bucketVersioning:BucketVersioning",
            "lake-raw-versioning",
            {"versioningConfiguration": {"status": "Suspended"}},
            "s3-versioning",
        ),
    ],
)
def test_what_is_loosened_is_found(type_: str, name: str, loosened: dict[str, object], rule: str) -> None:
    recording = environments.of("local")
    one = recording.one(type_, name)
    changed = replace(one, state={**one.state, **loosened})
    report = judge_by_all(declared([changed if found is one else found for found in recording.registrations]))
    assert len(report.violations) == 1
    assert rule in report.text
