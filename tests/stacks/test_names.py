"""Names of the longest workload in the longest environment are as long as AWS allows, and no longer."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from components.endpoint import LONGEST_NAME
from stacks.together import clashes
from tests.components.recording import Recording
from tests.replacing import fixed_name
from tests.stacks import environments
from tests.stacks.test_two_workloads import own
from workloads import spec

WORKLOAD = "a" * 22
ENVIRONMENT = "e" * (LONGEST_NAME - len(f"headrace--{WORKLOAD}"))
PULUMIS = 8  # characters that Pulumi adds to a name that it chooses

# What AWS allows, by its API references.
AUTO_NAMED = {
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:cloudwatch/eventTarget:EventTarget": 64,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 255,
    "aws:dynamodb/table:Table": 255,
    "aws:iam/role:Role": 64,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:s3/bucketObjectv2:BucketObjectv2": 1024,  # its key is not its logical name, which is as free as this
    "aws:scheduler/schedule:Schedule": 64,
    "aws:sfn/stateMachine:StateMachine": 80,
}
OURS = {
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:sagemaker/endpoint:Endpoint": 63,
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": 63,
    "aws:sagemaker/model:Model": 63,
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": 63,
    "aws:sagemaker/pipeline:Pipeline": 256,
    "aws:ssm/parameter:Parameter": 2048,
}
NO_NAME = {"aws:dynamodb/resourcePolicy:ResourcePolicy"}


@cache
def longest() -> Recording:
    """Register the longest workload in an environment whose name fills the rest."""
    flights = spec.named("flights").model_copy(update={"name": WORKLOAD})
    return environments.registered(environments.together(ENVIRONMENT, flights))[0]


def test_every_name_of_the_longest_workload_fits() -> None:
    for found in own(longest(), WORKLOAD):
        if not found.type.startswith("aws:") or found.type in NO_NAME:
            continue
        key = fixed_name(found)
        if key is None:
            assert len(found.name) + PULUMIS <= AUTO_NAMED[found.type], found.name
        else:
            assert len(found.inputs[key]) <= OURS[found.type], found.inputs[key]


def greedy(sources: int, entities: int) -> spec.Workload:
    """Return a workload with so many sources and entities."""
    flights = spec.named("flights")
    theirs = {f"entity_{number:02}": flights.entities["origin"] for number in range(entities)}
    delays = {name: feature for name, feature in flights.features.items() if feature.source == "origin"}
    return flights.model_copy(
        update={
            "name": WORKLOAD,
            "sources": {f"source_{number:02}_{'s' * 20}": flights.sources["planes"] for number in range(sources)},
            "entities": theirs,
            "features": {
                f"{entity}_{name}": feature.model_copy(update={"source": entity})
                for entity in theirs
                for name, feature in delays.items()
            },
        }
    )


def test_policies_of_the_greediest_workload_fit_into_their_roles() -> None:
    """As many sources and entities as are let through; one more is refused."""
    most, prefix = greedy(30, 20), f"headrace-{ENVIRONMENT}"
    assert list(clashes(prefix, [("workload.yaml", most)])) == []
    (problem,) = clashes(prefix, [("workload.yaml", greedy(30, 21))])
    assert problem.field == "sources"
    recording = environments.registered(environments.together(ENVIRONMENT, most))[0]
    sizes = {
        found.name: len(re.sub(r"\s", "", found.inputs["policy"]))
        for found in recording.of("aws:iam/rolePolicy:RolePolicy")
    }
    largest = max(sizes, key=lambda name: sizes[name])
    assert largest == f"{WORKLOAD}-features-job-policy"
    of_the_longest_partition = 7 * (30 + 20) + 4 * 20 + 200  # aws-us-gov, us-gov-west-1
    assert 9000 < sizes[largest] + of_the_longest_partition <= 10_240


@pytest.mark.parametrize("kind", ["aws", "pulumi-python"])
def test_no_two_parts_of_a_workload_could_be_taken_for_parts_of_two(kind: str) -> None:
    """Of workloads `a` and `a-b`, part `b-c` of the one and `c` of the other would have one URN."""
    parts: dict[str, set[str]] = defaultdict(set)
    for found in own(longest(), WORKLOAD):
        parts[found.urn.rpartition("::")[0]].add(found.name.removeprefix(f"{WORKLOAD}-"))
    alike = [(one, other) for found in parts.values() for one in found for other in found if one.endswith(f"-{other}")]
    assert alike == []
    assert Counter(found.type.partition(":")[0] for found in own(longest(), WORKLOAD))[kind]
