"""What components and stacks ask of AWS is in the bridge's table: a type that is not, or a property, would be lost."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import newer
from tests.engine.test_table import RESOURCES

ROOT = Path(__file__).resolve().parents[2]
TOKENS = {(token.split(":")[1].partition("/")[0], token.rsplit(":", 1)[1]): token for token in RESOURCES}
NOT_RESOURCES = re.compile(r"(Args|ArgsDict|Dict|Result)$|^[a-z]")


def _resources(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield each ``aws.AREA.Class(...)`` of a file, with where it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and re.fullmatch(r"aws\.\w+\.\w+", ast.unparse(node.func)):
            yield f"{path.relative_to(ROOT)}:{node.lineno}", node


CALLS = [
    pytest.param(call, id=where)
    for folder in ("components", "stacks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    for where, call in _resources(path)
    if not NOT_RESOURCES.search(ast.unparse(call.func).rsplit(".", 1)[1])
]


def test_the_components_are_found() -> None:
    assert len(CALLS) > 10


@pytest.mark.parametrize("call", CALLS)
def test_the_bridge_knows_what_a_component_declares(call: ast.Call) -> None:
    _, area, name = ast.unparse(call.func).split(".")
    assert (area, name) in TOKENS, "add the type to sandbox/engine/bridge/aws_resources.json"
    given = {re.sub(r"_(\w)", lambda found: found[1].upper(), keyword.arg or "") for keyword in call.keywords}
    lost = given & newer.inputs(TOKENS[area, name])
    assert not lost, f"{sorted(lost)} has no effect in the local environment; see tests/engine/newer.py"
