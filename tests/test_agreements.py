"""Names that several rooms must spell alike are written in one place, and the state machines spell them so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agreements import metadata, prefixes, variables
from components import approver
from components.release import release
from tests.test_arrows import OURS

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(OURS - {"agreements", "policies", "sandbox", "tests"})
"""All that may import them: policies and sandbox know AWS's names alone."""
NAMES = {value for name, value in vars(variables).items() if name.isupper() and value != variables.BOOTSTRAP}
METADATA = {value for name, value in vars(metadata).items() if name.isupper()}
IN_BUCKETS = tuple(value for name, value in vars(prefixes).items() if name.isupper() and value != prefixes.WORKLOADS)
"""Not where the workloads' files lie: the repository's own folder is called so, too."""


def texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield every text of a module that is no docstring."""
    tree = ast.parse(source)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.lineno, node.value


def spelt(text: str) -> bool:
    """Tell whether a text spells a name that `agreements` owns."""
    return text in NAMES or text.startswith(IN_BUCKETS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_other_room_spells_them(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in texts(path.read_text("utf-8"))
        if spelt(text)
    ]
    assert not found, "take them from agreements/:\n" + "\n".join(found)


def test_a_spelt_name_is_seen() -> None:
    source = '"""packages/ in a docstring."""\nenv = {"HEADRACE_MODEL_DIGEST": f"s3://x"}\nkey = f"packages/{env}"\n'
    assert [(line, text) for line, text in texts(source) if spelt(text)] == [
        (2, "HEADRACE_MODEL_DIGEST"),
        (3, "packages/"),
    ]


@pytest.mark.parametrize("definition", [release.DEFINITION, approver.DEFINITION], ids=lambda path: path.stem)
def test_the_state_machines_spell_them_alike(definition: Path) -> None:
    text = definition.read_text("utf-8")
    asked = set(re.findall(r"CustomerMetadataProperties\.(\w+)", text))
    assert asked
    assert asked <= METADATA
    assert set(re.findall(r"Environment\.(\w+)", text)) == {variables.MODEL_DIGEST}
    assert set(re.findall(r"[(/']([a-z]+/)\{\}/\{\}/model\.tar\.gz", text)) <= {prefixes.PACKAGES}


def test_the_ledger_names_the_digests_that_packages_do() -> None:
    item = set(re.findall(r'"(\w+_digest)": \{"S\.\$"', release.DEFINITION.read_text("utf-8")))
    assert item == {value for value in METADATA if value.endswith("_digest")}
