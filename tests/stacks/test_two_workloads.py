"""Two workloads of one environment, one's name the beginning of the other's: neither reaches what is the other's."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from functools import cache

import pytest

from components.names import release_name_prefix
from tests.components.recording import ACCOUNT, REGION, Recording, Registration
from tests.stacks import environments
from training.pipeline_settings import job_prefix
from workloads import spec

NAMES = ("flights", "flights-2")
OWN_SOURCE = {"flights": "planes", "flights-2": "ships"}
PAIRS = [(one, other) for one in NAMES for other in NAMES if one != other]
BUCKETS = {kind: f"arn:aws:s3:::lake-{kind}-bucket-0000000" for kind in ("raw", "curated", "artifacts")}


def second() -> spec.Workload:
    """A workload that shares all sources of the flights but one, of which it has another, with a column more."""
    flights = spec.named("flights")
    sources = {name: source for name, source in flights.sources.items() if name != "planes"}
    weather = flights.sources["weather"]
    more = weather.model_copy(update={"columns": {"event_time": "timestamp", "snow": "number"}})
    return flights.model_copy(
        update={"name": "flights-2", "sources": {**sources, "weather": more, "ships": flights.sources["planes"]}}
    )


@cache
def registered(*names: str) -> Recording:
    """Register the environment `dev` with these workloads."""
    known = {"flights": spec.named("flights"), "flights-2": second()}
    return environments.registered(environments.together("dev", *(known[name] for name in names)))[0]


def own(recording: Recording, workload_name: str) -> list[Registration]:
    """What is a workload's own: all that stands below its component."""
    above = {found.urn: found.parent for found in recording.registrations}
    (root,) = (one for one in recording.of("headrace:workload:Workload") if one.name == workload_name)

    def below(urn: str) -> bool:
        return urn == root.urn or (urn in above and below(above[urn]))

    return [found for found in recording.registrations if below(found.urn)]


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
    ):
        yield f"{sagemaker}:{resource}"
    yield f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{name}:log-stream:live/i-1"
    yield f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/headrace/dev/{workload_name}/serving-policy"
    yield f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{workload_name}-release-lease-0000000"
    yield f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{workload_name}-release-machine-0000000"
    yield f"{BUCKETS['raw']}/raw/{OWN_SOURCE[workload_name]}/2026/11.parquet"
    yield f"{BUCKETS['artifacts']}/packages/{name}/run/model.tar.gz"
    yield f"{BUCKETS['artifacts']}/workloads/{workload_name}/{'f' * 64}/workload.yaml"
    yield f"{BUCKETS['artifacts']}/bootstraps/{workload_name}/{'f' * 64}/model.tar.gz"
    yield f"{BUCKETS['curated']}/capture/{name}/{name}/live/2026/11/25/10/captured.jsonl"
    yield f"{BUCKETS['curated']}/{workload_name}/train/run/model.tar.gz"


def allowed(workload_name: str) -> Iterator[tuple[str, str]]:
    """Every pattern that a role of a workload is allowed, with the policy's name; not what knows no resource."""
    for policy in own(registered(*NAMES), workload_name):
        if policy.type != "aws:iam/rolePolicy:RolePolicy":
            continue
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
        "workloads/",
        "bootstraps/",
        "capture/",
        "parameter/",
        "raw/",
        "table/",
    )
    for arn in owned(name):
        if any(f":{kind}" in arn or f"/{kind}" in arn for kind in kinds) and "-bootstrap" not in arn:
            assert any(matches(pattern, arn) for pattern in patterns), arn


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_one_sweeps_is_not_the_others(one: str, other: str) -> None:
    (sweeper,) = (found for found in own(registered(*NAMES), one) if found.type.endswith(":ReleaseSweeper"))
    prefix = sweeper.inputs["name_prefix"]
    assert not [arn for arn in owned(other) if arn.rsplit("/", 1)[-1].startswith(prefix)]
    assert sweeper.inputs["tags"]["headrace:workload"] == one


@pytest.mark.parametrize("name", NAMES)
def test_a_workload_lists_the_folders_of_its_own_sources_alone(name: str) -> None:
    policy = registered(*NAMES).policy("aws:iam/rolePolicy:RolePolicy", f"{name}-features-job-policy")
    (listing,) = (one for one in policy if one["Resource"] == BUCKETS["raw"])
    shared = {"arrivals", "departures", "schedules", "weather"}
    wanted = {f"raw/{source}/*" for source in shared | {OWN_SOURCE[name]}}
    assert set(listing["Condition"]["StringLike"]["s3:prefix"]) == wanted


def test_no_workload_can_have_the_separator_in_its_name() -> None:
    for name in ("flights--2", "flights-", "-flights"):
        with pytest.raises(ValueError, match="name"):
            spec.Workload.model_validate({**spec.named("flights").model_dump(mode="python"), "name": name})


@pytest.mark.parametrize("name", NAMES)
def test_another_workload_changes_nothing_of_one(name: str) -> None:
    def said(recording: Recording) -> dict[str, object]:
        return {found.urn: (found.inputs, sorted(found.depends_on)) for found in own(recording, name)}

    assert said(registered(*NAMES)) == said(registered(name))
    assert said(registered(*reversed(NAMES))) == said(registered(name))


def test_the_order_of_workloads_and_one_that_shares_all_sources_change_nothing_of_the_platform() -> None:
    def platform(*names: str) -> dict[str, object]:
        recording = registered(*names)
        theirs = {found.urn for name in names for found in own(recording, name)}
        return {found.urn: found.inputs for found in recording.registrations if found.urn not in theirs}

    alone, both = platform("flights"), platform(*NAMES)
    changed = {urn.rpartition("::")[2] for urn in both if both[urn] != alone.get(urn)}
    assert changed == {"catalogue-ships-table", "catalogue-weather-table"}, "the second has sources of its own"
    assert alone.keys() <= both.keys()


def test_a_source_of_two_workloads_is_one_table_with_the_columns_of_both() -> None:
    recording = registered(*NAMES)
    tables = {found.inputs["name"]: found for found in recording.of("aws:glue/catalogTable:CatalogTable")}
    assert tables.keys() == {"arrivals", "departures", "planes", "schedules", "ships", "weather"}
    columns = [one["name"] for one in tables["weather"].inputs["storageDescriptor"]["columns"]]
    assert columns == [*spec.named("flights").sources["weather"].columns, "snow"]


def test_everything_of_a_workload_that_takes_tags_carries_its_name_and_nothing_of_the_platform_does() -> None:
    recording = registered(*NAMES)
    named = {found.urn: (found.inputs.get("tags") or {}).get("headrace:workload") for found in recording.registrations}
    below = {found.urn: name for name in NAMES for found in own(recording, name)}
    assert {urn for urn, name in named.items() if name} <= below.keys()
    assert all(below[urn] == name for urn, name in named.items() if name)
    for kind in ("iam/role:Role", "sagemaker/endpoint:Endpoint", "dynamodb/table:Table", "cloudwatch/metricAlarm"):
        of_workloads = [found for found in recording.aws if kind in found.type and found.urn in below]
        assert of_workloads, kind
        assert all(named[found.urn] for found in of_workloads), kind


def test_there_is_one_tracking_server_and_one_image() -> None:
    recording = registered(*NAMES)
    (server,) = recording.of("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer")
    assert server.inputs["trackingServerName"] == "headrace-dev"
    assert len(recording.of("aws:ecr/repository:Repository")) == 1
