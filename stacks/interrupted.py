"""Take over what an update was creating when it was killed: `python -m stacks.interrupted STACK`, before `pulumi up`.

AWS ends what it was asked for, and Pulumi remembers only that it had asked. Its next update would ask again, and AWS
refuses a second one of the same name. Whatever the program names itself is put into the stack's state under its id and
refreshed, which forgets it again where AWS knows no such thing. What somebody else made under the name is not taken.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from components.account import caller
from components.births import calls as births
from machine.cli import PulumiError, pulumi

Inputs = Mapping[str, Any]
_PAUSE_SECONDS = 2.0
_PATIENCE_SECONDS = 60 * 60  # AWS: a tracking server takes up to three quarters of an hour
BORN = {
    "aws:sagemaker/endpoint:Endpoint": births.ENDPOINT,
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": births.TRACKING_SERVER,
}
"""What takes long to be made, and may fail; what has failed is for `components.births` to clear."""

IDS: Mapping[str, Callable[[str, Inputs], str]] = {
    "aws:cloudwatch/logGroup:LogGroup": lambda _, found: str(found["name"]),
    "aws:dynamodb/table:Table": lambda _, found: str(found["name"]),
    "aws:ecr/repository:Repository": lambda _, found: str(found["name"]),
    "aws:glue/catalogDatabase:CatalogDatabase": lambda account, found: f"{account}:{found['name']}",
    "aws:glue/catalogTable:CatalogTable": lambda account, found: f"{account}:{found['databaseName']}:{found['name']}",
    "aws:iam/role:Role": lambda _, found: str(found["name"]),
    "aws:kms/alias:Alias": lambda _, found: str(found["name"]),
    "aws:s3/bucket:Bucket": lambda _, found: str(found["bucket"]),
    "aws:sagemaker/endpoint:Endpoint": lambda _, found: str(found["name"]),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": lambda _, found: str(found["name"]),
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": lambda _, found: str(found["trackingServerName"]),
    "aws:sagemaker/model:Model": lambda _, found: str(found["name"]),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": lambda _, found: str(found["modelPackageGroupName"]),
    "aws:sagemaker/pipeline:Pipeline": lambda _, found: str(found["pipelineName"]),
    "aws:ssm/parameter:Parameter": lambda _, found: str(found["name"]),
}
"""How the provider's id follows from account and inputs, for all that has a name of ours, and for what costs or holds
something and has a name of Pulumi's."""


def main(arguments: list[str] | None = None) -> int:
    """Take over what can be, in one stack, and say what it was."""
    parser = argparse.ArgumentParser(prog="python -m stacks.interrupted", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("stack")
    try:
        found = take_over(parser.parse_args(arguments).stack)
    except (PulumiError, TimeoutError) as error:
        raise SystemExit(str(error)) from error
    for urn, became in found.items():
        print(f"interrupted  {urn.rpartition('::')[2]} was being created by an update that was killed: {became}")
    return 0


def take_over(stack: str) -> dict[str, str]:
    """Take over what can be, in one stack; return what became of each resource, by its URN.

    Raises
    ------
    PulumiError
        If the stack's state cannot be read or written.
    TimeoutError
        If what is being made is not made within an hour.
    """
    state = json.loads(pulumi("stack", "export", "--stack", stack))
    pending = [one["resource"] for one in state["deployment"].get("pending_operations") or () if _creating(one)]
    if not pending:
        return {}
    taken = {one["urn"]: one for one in _taken(pending, state["deployment"]["resources"])}
    state["deployment"]["resources"] += taken.values()
    state["deployment"]["pending_operations"] = []
    _put(stack, state)
    kept: set[str] = set()
    if taken:
        targets = [word for urn in taken for word in ("--target", urn)]
        pulumi("refresh", "--stack", stack, "--yes", "--skip-preview", *targets)
        kept = _keep_ours(stack, taken)
    urns = [one["urn"] for one in pending]
    return {urn: f"taken over as {taken[urn]['id']}" if urn in kept else "left to be made again" for urn in urns}


def _keep_ours(stack: str, taken: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Take out of the state again what was there and is somebody else's; return the URNs of the rest."""
    state = json.loads(pulumi("stack", "export", "--stack", stack))
    resources = state["deployment"]["resources"]
    there = {one["urn"]: one for one in resources}
    found = {urn for urn in taken if urn in there}
    ours = {urn for urn in found if is_ours(taken[urn]["inputs"], there[urn]["outputs"], _tags(taken[urn], there))}
    if ours != found:
        state["deployment"]["resources"] = [one for one in resources if one["urn"] not in found - ours]
        _put(stack, state)
    return ours


def _tags(one: Mapping[str, Any], there: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    known: dict[str, dict[str, str]] = json.loads(there[_provider(one)]["inputs"].get("defaultTags", "{}"))
    return known.get("tags", {})


def is_ours(asked: Inputs, found: Inputs, tags: Mapping[str, str]) -> bool:
    """Tell whether what is there is what was asked for: by the stack's tags, or, where it has none, by every value."""
    if "tagsAll" in found:
        return bool(tags.items() <= found["tagsAll"].items())
    return all(found.get(key) == value for key, value in asked.items() if isinstance(value, str))


def _put(stack: str, state: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:  # which only its owner can enter
        file = Path(folder) / "state.json"
        file.write_text(json.dumps(state), encoding="utf-8")
        pulumi("stack", "import", "--stack", stack, "--file", str(file))


def _creating(operation: Mapping[str, Any]) -> bool:
    return bool(operation["type"] == "creating")


def _taken(pending: list[dict[str, Any]], known: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the resources whose id is known, once AWS has made them."""
    there = {one["urn"]: one for one in known}
    for one in pending:
        kind, provider = one["type"], there.get(_provider(one))
        # What is there under the same URN is being replaced, and nothing with a name of ours ever is.
        if kind not in IDS or one["urn"] in there or provider is None:
            continue
        region = str(provider["inputs"]["region"])
        account = caller(region)
        name = IDS[kind](account, one["inputs"])
        if kind in BORN and not _born(BORN[kind], account, region, name):
            continue
        yield {**one, "id": name, "outputs": {}}


def _provider(one: Mapping[str, Any]) -> str:
    return str(one.get("provider", "")).rpartition("::")[0]


def _born(kind: births.Kind, account: str, region: str, name: str) -> bool:
    """Wait until it is made, and tell whether it lives."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (status := births.status(kind, {"account_id": account, "region": region}, name)) == "Creating":
        if time.monotonic() > deadline:
            raise TimeoutError(f"The {kind.noun} {name} must be made within an hour, and is {status}. Try again later.")
        time.sleep(_PAUSE_SECONDS)
    return status is not None and status != kind.failed


if __name__ == "__main__":
    sys.exit(main())
