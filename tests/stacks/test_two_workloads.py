"""Two workloads of one environment, one's name the beginning of the other's: neither reaches what is the other's."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from functools import cache

import pytest

from components.release_names import release_name_prefix
from stacks.foundation import foundation
from stacks.providers import aws_provider, tags
from stacks.serving import serving
from stacks.settings import Settings
from stacks.training import training
from tests.components.recording import ACCOUNT, REGION, Recording, record
from training.pipeline import job_prefix
from workloads import spec

NAMES = ("flights", "flights-2")
PAIRS = [(one, other) for one in NAMES for other in NAMES if one != other]
BUCKETS = {kind: f"arn:aws:s3:::lake-{kind}-bucket-0000000" for kind in ("curated", "artifacts")}


@cache
def registered(workload_name: str) -> Recording:
    """Register the environment `dev` with this workload; auto-named resources have the same names for both."""
    settings = Settings.from_mapping(
        "dev",
        {
            "region": REGION,
            "allowed_account_ids": [ACCOUNT],
            "workload": "workloads/flights/workload.yaml",
            "approval": "automatic",
        },
    )
    workload = spec.named("flights").model_copy(update={"name": workload_name})

    def program() -> None:
        provider = aws_provider(settings, tags(settings, workload.name))
        base = foundation(settings, workload, provider)
        serving(settings, workload, provider, base, training(settings, workload, provider, base))

    return record(program, stack="dev")


def owned(workload_name: str) -> Iterator[str]:
    """ARNs of what is one workload's alone: what Pulumi names, what releases and jobs make, what lies in the lake."""
    name = f"headrace-dev-{workload_name}"
    released = f"{release_name_prefix(name)}v1-p1-12345678"
    sagemaker = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    for resource in (
        f"endpoint/{name}",
        f"endpoint-config/{name}-bootstrap",
        f"endpoint-config/{released}",
        f"model/{name}-bootstrap",
        f"model/{released}",
        f"model-package-group/{name}",
        f"model-package/{name}/1",
        f"feature-group/{name}-origin",
        f"pipeline/{name}",
        f"processing-job/{job_prefix(name, 'evaluate')}-1a2b3c",
        f"training-job/{job_prefix(name, 'train')}-1a2b3c",
        f"mlflow-tracking-server/{name}",
    ):
        yield f"{sagemaker}:{resource}"
    yield f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{name}:log-stream:live/i-1"
    yield f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/headrace/dev/{workload_name}/serving-policy"
    yield f"{BUCKETS['artifacts']}/packages/{name}/run/model.tar.gz"
    yield f"{BUCKETS['curated']}/capture/{name}/{name}/live/2026/11/25/10/captured.jsonl"
    yield f"{BUCKETS['curated']}/{workload_name}/train/run/model.tar.gz"


def allowed(workload_name: str) -> Iterator[tuple[str, str]]:
    """Every pattern that a role of a workload is allowed, with the policy's name; not what knows no resource."""
    for policy in registered(workload_name).of("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
            if statement["Effect"] == "Allow":
                yield from ((policy.name, pattern) for pattern in resources if pattern != "*")


def matches(pattern: str, arn: str) -> bool:
    """Tell whether an ARN is among those of a policy's pattern, in which `*` and `?` are all that is special."""
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), arn) is not None


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_role_of_one_workload_matches_what_is_the_others(one: str, other: str) -> None:
    arns = list(owned(other))
    reached = {(policy, arn) for policy, pattern in allowed(one) for arn in arns if matches(pattern, arn)}
    assert not reached


@pytest.mark.parametrize("name", NAMES)
def test_its_own_roles_do_reach_it(name: str) -> None:
    """So that the test above cannot pass by looking at names that nobody has."""
    patterns = {pattern for _, pattern in allowed(name)}
    kinds = (
        "processing-job/",
        "training-job/",
        "endpoint/",
        "endpoint-config/",
        "model/",
        "model-package/",
        "packages/",
        "capture/",
        "parameter/",
    )
    for arn in owned(name):
        if any(f":{kind}" in arn or f"/{kind}" in arn for kind in kinds) and "-bootstrap" not in arn:
            assert any(matches(pattern, arn) for pattern in patterns), arn


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_one_sweeps_is_not_the_others(one: str, other: str) -> None:
    (sweeper,) = registered(one).of("pulumi-python:dynamic/release:ReleaseSweeper")
    prefix = sweeper.inputs["name_prefix"]
    assert not [arn for arn in owned(other) if arn.rsplit("/", 1)[-1].startswith(prefix)]


def test_no_workload_can_have_the_separator_in_its_name() -> None:
    for name in ("flights--2", "flights-", "-flights"):
        with pytest.raises(ValueError, match="name"):
            spec.Workload.model_validate({**spec.named("flights").model_dump(mode="python"), "name": name})
