"""The provider is asked, for each input of each deployed resource, whether another value replaces the resource."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.engine import install, pins
from status.environment import Environment
from tests import replacing
from tests.sandbox.place import Place
from tests.stacks.environments import environment as recorded

_SECRET = "plaintext"
_CONFIGURATION = {
    "region": "us-east-1",
    "accessKey": "local",
    "secretKey": "local",
    **dict.fromkeys(("skipCredentialsValidation", "skipRequestingAccountId", "skipMetadataApiCheck"), "true"),
}
Path_ = tuple[str | int, ...]


@contextmanager
def _provider() -> Iterator[Any]:
    """Start the plug-in that bridges AWS's Terraform provider, as the engine does."""
    home = install.install(os.environ).home
    plugin = home / "plugins" / f"resource-aws-v{pins.AWS_PLUGIN}" / "pulumi-resource-aws"
    with subprocess.Popen(
        [str(plugin), "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        try:
            with grpc.insecure_channel(f"127.0.0.1:{child.stdout.readline().strip()}") as channel:
                stub = provider_pb2_grpc.ResourceProviderStub(channel)
                stub.Configure(provider_pb2.ConfigureRequest(args=_struct(_CONFIGURATION)))
                yield stub
        finally:
            child.terminate()


def _struct(values: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(values)
    return made


def _replaced(provider: Any, resource: dict[str, Any], news: dict[str, Any]) -> bool:
    """Tell whether new inputs replace a resource; a plan that the provider does not make counts as one."""
    request = provider_pb2.DiffRequest(
        id=resource["id"],
        urn=resource["urn"],
        olds=_struct(resource["outputs"]),
        news=_struct(news),
        old_inputs=_struct(resource["inputs"]),
        name=resource["urn"].rpartition("::")[2],
        type=resource["type"],
    )
    try:
        return bool(provider.Diff(request).replaces)
    except grpc.RpcError:
        return True


def _leaves(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not key.startswith("__"):
                yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif value is not None:
        yield path, value


def _with_another(inputs: dict[str, Any], path: Path_, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(inputs)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = not value if isinstance(value, bool) else value + 1 if isinstance(value, float) else f"{value}x"
    return made


@pytest.fixture(scope="module")
def forcing(place: Place, environment: Environment) -> dict[str, set[str]]:
    """By URN, the inputs of which another value would replace the resource."""

    def plain(found: dict[str, Any]) -> Any:
        return json.loads(found[_SECRET]) if _SECRET in found else found

    text = place.pulumi("stack", "export", "--show-secrets", "--stack", "local").stdout
    # Numbers are floats, as the engine's protocol has them.
    state = json.loads(text, object_hook=plain, parse_int=float)["deployment"]["resources"]
    found: dict[str, set[str]] = {}
    with _provider() as provider:
        for resource in state:
            if not resource["type"].startswith("aws:"):
                continue
            assert not _replaced(provider, resource, resource["inputs"]), resource["urn"]
            found[resource["urn"]] = {
                ".".join(str(part) for part in path if not isinstance(part, int))
                for path, value in _leaves(resource["inputs"])
                if _replaced(provider, resource, _with_another(resource["inputs"], path, value))
            }
    return found


def test_nothing_with_a_name_or_data_is_replaced_without_a_stated_way(forcing: dict[str, set[str]]) -> None:
    judged = [found for found in recorded("local")[0].aws if replacing.stands_in_its_way(found)]
    assert {replacing.fixed_name(found) for found in judged} >= {"name", "modelPackageGroupName", "pipelineName"}
    unstated = {
        f"{found.type} {found.name}: {path}"
        for found in judged
        for path in forcing[found.urn]
        if path in _said(found.inputs) and replacing.way(found, path) is None
    }
    assert unstated == set()


def test_the_provider_says_what_forces_a_replacement(forcing: dict[str, set[str]]) -> None:
    """So that an answer which is always no would be noticed: these are known from its documentation."""
    by_type = {urn.split("$")[-1].split("::")[0].rpartition("::")[2]: paths for urn, paths in forcing.items()}
    assert "roleArn" in by_type["aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer"]
    assert "kmsKeyArn" in by_type["aws:sagemaker/endpointConfiguration:EndpointConfiguration"]
    assert "pipelineDescription" not in by_type["aws:sagemaker/pipeline:Pipeline"]


def test_every_constant_is_of_use(forcing: dict[str, set[str]]) -> None:
    forced = {
        (urn.split("$")[-1].split("::")[0], path.partition(".")[0]) for urn, paths in forcing.items() for path in paths
    }
    assert replacing.CONSTANT.keys() <= forced


def _said(inputs: dict[str, Any]) -> set[str]:
    """The inputs that the program gives; what Pulumi chose, such as a name, it will not choose again."""
    return {".".join(str(part) for part in path if not isinstance(part, int)) for path, _ in _leaves(inputs)}
