"""Every bridged type has the properties, in the shapes, that the installed pulumi_aws package sends."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from pulumi_aws import get_caller_identity, get_partition, get_region  # noqa: F401 - what the data sources stand for

from sandbox.engine import build, install, pins
from tests.engine import newer, sdk

TABLE = json.loads((build.HERE / "bridge" / "aws_resources.json").read_text())
RESOURCES = sorted(entry["token"] for entry in TABLE["resources"].values())

Names = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def bridged(engine: install.Engine) -> Names:
    """Return every type's properties as the built bridge names them."""
    plugin = engine.home / "plugins" / f"resource-aws-v{pins.AWS_PLUGIN}" / "pulumi-resource-aws"
    done = subprocess.run([str(plugin), "-names"], capture_output=True, text=True, check=True, timeout=60)
    names: Names = json.loads(done.stdout)
    return names


def _differences(path: str, wanted: sdk.Properties, had: sdk.Properties) -> set[str]:
    """Return what a program could say and the bridge would not understand, or would ask for in vain."""
    found = set()
    for name, property_ in wanted.items():
        at = f"{path}.{name}" if path else name
        other = had.get(name)
        if other is None:
            found.add(at)
        elif property_["shape"] != other["shape"] and name != "tags":
            found.add(f"{at}: {property_['shape']}, the bridge has {other['shape']}")
        elif "properties" in property_:
            found |= _differences(at, property_["properties"], other.get("properties", {}))
    for name, other in had.items():
        if other["required"] and not wanted.get(name, {}).get("required"):
            found.add(f"{path}.{name}: required" if path else f"{name}: required")
    return found


@pytest.mark.parametrize("token", RESOURCES)
def test_inputs_agree_with_the_sdk(bridged: Names, token: str) -> None:
    assert _differences("", sdk.inputs(token), bridged[token]) == newer.inputs(token)


@pytest.mark.parametrize("token", RESOURCES)
def test_outputs_agree_with_the_sdk(bridged: Names, token: str) -> None:
    missing = sdk.outputs(token) - bridged[token].keys()
    assert missing == newer.outputs(token)


@pytest.mark.parametrize("token", RESOURCES)
def test_the_sdk_sends_the_token_of_the_table(token: str) -> None:
    assert sdk.token(token) == token


def test_the_providers_settings_agree_with_the_sdk(bridged: Names) -> None:
    wanted = sdk.provider_inputs()
    del wanted["endpoints"]  # a newer SDK knows more services; one AWS_ENDPOINT_URL stands for all
    assert _differences("", wanted, bridged["pulumi:providers:aws"]) == {"tagPolicyCompliance", "userAgents"}


def test_data_sources_have_what_programs_read(bridged: Names) -> None:
    assert {"accountId", "arn", "userId", "id"} <= bridged["aws:index/getCallerIdentity:getCallerIdentity"].keys()
    assert {"partition", "dnsSuffix"} <= bridged["aws:index/getPartition:getPartition"].keys()
    assert "region" in bridged["aws:index/getRegion:getRegion"]


def test_the_table_is_bridged_whole(bridged: Names) -> None:
    tokens = {entry["token"] for part in ("resources", "data_sources") for entry in TABLE[part].values()}
    assert bridged.keys() == tokens | {"pulumi:providers:aws"}
