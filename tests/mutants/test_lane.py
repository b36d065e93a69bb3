"""The lane itself: which faults it makes, which it takes, and what it refuses."""

from __future__ import annotations

import json
import textwrap

import pytest

from tests.mutants import definition, nearest, python, sample
from tests.mutants.__main__ import is_noticed
from tests.mutants.mutant import Mutant

SOURCE = '''
"""A module."""
from x import allow

LIMIT_SECONDS = 5


def rights(bucket: str, days: int = 7) -> list[object]:
    """Say what is allowed."""
    if days > 3 and not bucket:
        raise ValueError(f"{days} < 3 is too few")
    given = allow(["s3:GetObject", "s3:PutObject"], [bucket], condition={"Bool": {"aws:SecureTransport": "true"}})
    sleep(9)
    say("done")
    return [given, *rights(bucket)]
'''


def changes(source: str) -> set[str]:
    """Return the lines that each mutant of a module changes, without their indentation."""
    before = source.splitlines()
    return {
        line.strip()
        for mutant in python.mutants("m.py", source)
        for line in mutant.text.splitlines()
        if line not in before
    }


def test_comparisons_conditions_numbers_rights_and_refusals_are_mutated() -> None:
    found = changes(SOURCE)
    head = "def rights(bucket: str, days: int = {}) -> list[object]:"
    call = "given = {}(["
    assert head.format(8) in found
    assert {f"if days {one} 3 and not bucket:" for one in (">=",)} <= found
    assert {"if days > 4 and not bucket:", "if days > 3 or not bucket:", "if days > 3 and bucket:", "pass"} <= found
    assert any(line.startswith(call.format("deny")) for line in found)
    assert 'given = allow(["s3:GetObject", "s3:PutObject"], [bucket])' in found
    assert any(line.startswith('given = allow(["s3:PutObject"]') for line in found)
    assert any('{"Null": {"aws:SecureTransport"' in line for line in found)
    assert any('"false"' in line for line in found)
    assert "return [given]" in found


def test_waits_messages_and_docstrings_are_left_alone() -> None:
    found = changes(SOURCE)
    assert not any("LIMIT_SECONDS" in line or "sleep" in line or "too few" in line or "done" in line for line in found)


def test_a_mutant_s_name_stays_when_lines_move() -> None:
    names = [mutant.name for mutant in python.mutants("m.py", SOURCE)]
    assert len(names) == len(set(names))
    moved = SOURCE.replace("LIMIT_SECONDS = 5", "LIMIT_SECONDS = 5\n\n# more\n")
    assert [mutant.name for mutant in python.mutants("m.py", moved)] == names


MACHINE = {
    "StartAt": "Which?",
    "States": {
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": 3, "Next": "Make"}],
            "Default": "Make",
        },
        "Make": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:createModel",
            "Parameters": {"EnableNetworkIsolation": True, "KmsKeyId": "k"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}],
            "End": True,
        },
    },
}


def test_rules_limits_and_protections_of_a_definition_are_mutated() -> None:
    names = {mutant.name.partition(" ")[2] for mutant in definition.mutants("m.asl.json", json.dumps(MACHINE))}
    assert {
        "Which?: Choices.0 is left out",
        "Which?: Choices.0 is turned round",
        "Which?: Choices.0.NumericLessThan becomes NumericLessThanEquals",
        "Which?: Choices.0.NumericLessThan 3 -> 4",
        "Make: Parameters.EnableNetworkIsolation True -> False",
        "Make: Parameters.EnableNetworkIsolation is left out",
        "Make: Parameters.KmsKeyId is left out",
        "Make: Retry.0 is left out",
        "Make: Retry.0.MaxAttempts 3 -> 4",
    } <= names
    assert not any("IntervalSeconds" in name for name in names)


def test_a_turned_rule_still_leads_where_it_led() -> None:
    (turned,) = (
        json.loads(mutant.text)
        for mutant in definition.mutants("m.asl.json", json.dumps(MACHINE))
        if "turned" in mutant.name
    )
    (rule,) = turned["States"]["Which?"]["Choices"]
    assert rule == {"Not": {"Variable": "$.n", "NumericLessThan": 3}, "Next": "Make"}


def test_the_same_seed_takes_the_same_mutants_from_every_part() -> None:
    every = sample.every()
    first = sample.chosen(every, 60, "1")
    assert first == sample.chosen(list(reversed(every)), 60, "1")
    assert first != sample.chosen(every, 60, "2")
    assert 50 <= len(first) <= 60 + len(nearest.NEAREST)  # at least one of each part
    assert {nearest.part_of(mutant.path) for mutant in first} == {pattern for pattern, _ in nearest.NEAREST}


def test_the_nearest_tests_are_there() -> None:
    named = {test for path in nearest.files() for test in nearest.tests_of(path.as_posix())}
    assert {test for test in named if not (nearest.ROOT / test).exists()} == set()


def listed(text: str) -> dict[str, str]:
    """Read a list of mutants without effect, where there are two mutants."""
    two = [Mutant("m.py", "f", "one", ""), Mutant("m.py", "f", "two", "")]
    return dict(sample.equivalent(textwrap.dedent(text), two))


def test_what_changes_nothing_is_listed_with_its_reason() -> None:
    assert listed("# why\nm.py f: one\n    it is only a hint\n") == {"m.py f: one": "it is only a hint"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m.py f: one\n", "has no reason"),
        ("m.py f: one\nm.py f: two\n    it is only a hint\n", "has no reason"),
        ("m.py f: three\n    gone\n", "is no mutant of today"),
        ("m.py f: one\n    so\nm.py f: one\n    so\n", "is there twice"),
    ],
)
def test_a_list_with_a_mistake_is_refused(text: str, said: str) -> None:
    with pytest.raises(sample.EquivalentError, match=said):
        listed(text)


@pytest.mark.parametrize(
    ("code", "said", "noticed"),
    [
        (0, "3 passed", False),
        (1, "1 failed", True),
        (2, "1 error", True),
        (4, "ImportError while loading conftest 'tests/conftest.py'.", True),
        (4, "ERROR: file or directory not found: tests/test_gone.py", False),
        (5, "no tests ran", False),
    ],
)
def test_a_fault_is_noticed_where_a_test_fails_or_nothing_can_be_imported(code: int, said: str, noticed: bool) -> None:
    assert is_noticed(code, said) is noticed
