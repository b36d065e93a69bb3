"""The policy language where one word or one boundary turns an answer round."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.cloud.control.iam.policy import Request, decide

ME = "arn:aws:iam::111122223333:role/me"
KEY = "arn:aws:s3:::bucket/key"


def applies(
    statement: dict[str, Any],
    context: dict[str, list[str]] | None = None,
    resources: tuple[str, ...] = (KEY,),
    by_principal: bool = False,
) -> bool:
    """Say whether a statement is about a request of mine to read the key."""
    whole = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
    document = json.dumps({"Version": "2012-10-17", "Statement": [whole]})
    request = Request("s3:GetObject", resources, context or {}, (ME,))
    return decide([document], request, by_principal) == "Allow"


def holds(operator: str, wanted: Any, *values: str) -> bool:
    """Say whether a condition holds for a key of these values."""
    return applies({"Condition": {operator: {"aws:Key": wanted}}}, {"aws:key": list(values)})


@pytest.mark.parametrize(
    ("operator", "below", "same", "above"),
    [
        ("Equals", False, True, False),
        ("NotEquals", True, False, True),
        ("LessThan", True, False, False),
        ("LessThanEquals", True, True, False),
        ("GreaterThan", False, False, True),
        ("GreaterThanEquals", False, True, True),
    ],
)
def test_numbers_and_dates_are_compared_at_their_boundary(operator: str, below: bool, same: bool, above: bool) -> None:
    assert [holds(f"Numeric{operator}", "10", value) for value in ("9.5", "10", "10.5")] == [below, same, above]
    days = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")
    assert [holds(f"Date{operator}", days[1], day) for day in days] == [below, same, above]


def test_dates_are_compared_in_whatever_zone_they_are_written() -> None:
    assert holds("DateEquals", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00+01:00")
    assert holds("DateEquals", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00")  # no zone is UTC
    assert holds("DateEquals", "1970-01-01T00:00:10Z", "10")  # seconds


@pytest.mark.parametrize(
    ("operator", "negated", "wanted", "fitting", "other"),
    [
        ("StringEquals", "StringNotEquals", "a", "a", "b"),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "a", "A", "b"),
        ("StringLike", "StringNotLike", "a*", "abc", "bcd"),
        ("ArnLike", "ArnNotLike", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", "arn:aws:iam::1:user/x"),
        ("ArnEquals", "ArnNotEquals", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", "arn:aws:iam::1:user/x"),
        ("IpAddress", "NotIpAddress", "10.0.0.0/8", "10.1.2.3", "11.1.2.3"),
        ("BinaryEquals", None, "QQ==", "QQ==", "Qg=="),
    ],
)
def test_an_operator_and_its_negation_never_agree(
    operator: str, negated: str | None, wanted: str, fitting: str, other: str
) -> None:
    assert (holds(operator, wanted, fitting), holds(operator, wanted, other)) == (True, False)
    if negated:
        assert (holds(negated, wanted, fitting), holds(negated, wanted, other)) == (False, True)


def test_a_key_of_several_values_without_a_quantifier() -> None:
    assert holds("StringEquals", "a", "a", "b")
    assert not holds("StringNotEquals", "a", "a", "b")
    assert holds("StringNotEquals", "c", "a", "b")


@pytest.mark.parametrize(
    ("operator", "wanted", "result"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a"], False),
        ("ForAnyValue:StringEquals", ["a"], True),
        ("ForAnyValue:StringEquals", ["c"], False),
        ("ForAllValues:StringNotEquals", ["c"], True),
        ("ForAllValues:StringNotEquals", ["a"], False),
        ("ForAnyValue:StringNotEquals", ["a"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
    ],
)
def test_quantifiers_over_a_key_of_two_values(operator: str, wanted: list[str], result: bool) -> None:
    assert holds(operator, wanted, "a", "b") is result


@pytest.mark.parametrize(
    ("operator", "result"),
    [
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
        ("StringNotLike", True),
        ("StringLike", False),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
    ],
)
def test_a_key_that_is_not_there(operator: str, result: bool) -> None:
    assert applies({"Condition": {operator: {"aws:Key": "a"}}}) is result


@pytest.mark.parametrize(("wanted", "there", "missing"), [("true", False, True), ("false", True, False)])
def test_null_asks_whether_the_key_is_there(wanted: str, there: bool, missing: bool) -> None:
    condition = {"Condition": {"Null": {"aws:Key": wanted}}}
    assert applies(condition, {"aws:key": ["a"]}) is there
    assert applies(condition) is missing


@pytest.mark.parametrize(
    ("principal", "meant"),
    [
        ({"Principal": {"AWS": ME}}, True),
        ({"Principal": {"AWS": ["arn:other", ME]}}, True),
        ({"Principal": {"AWS": "arn:other"}}, False),
        ({"NotPrincipal": {"AWS": ME}}, False),
        ({"NotPrincipal": {"AWS": ["arn:other", ME]}}, False),
        ({"NotPrincipal": {"AWS": "arn:other"}}, True),
        ({"NotPrincipal": {"Service": "s3.amazonaws.com"}}, True),
    ],
)
def test_whom_a_resource_policy_means_and_whom_it_does_not(principal: dict[str, Any], meant: bool) -> None:
    assert applies(principal, by_principal=True) is meant


def test_principals_count_in_resource_policies_alone() -> None:
    assert applies({"Principal": {"AWS": "arn:other"}})


def test_one_of_several_actions_and_resources_is_enough() -> None:
    other = "arn:aws:s3:::other/*"
    assert applies({"Action": ["s3:PutObject", "s3:GetObject"]})
    assert not applies({"Action": ["s3:PutObject", "s3:DeleteObject"]})
    assert applies({"Resource": [other, "arn:aws:s3:::bucket/*"]})
    assert applies({"Resource": [other]}, resources=(KEY, "arn:aws:s3:::other/key"))
    assert not applies({"Resource": [other, "arn:aws:s3:::third/*"]})


def test_everything_but_several() -> None:
    document = {"Effect": "Allow", "Resource": "*", "NotAction": ["s3:GetObject", "s3:PutObject"]}
    assert decide([json.dumps({"Statement": document})], Request("s3:GetObject", (KEY,))) is None
    assert decide([json.dumps({"Statement": document})], Request("s3:DeleteObject", (KEY,))) == "Allow"
    but = {"Effect": "Allow", "Action": "*", "NotResource": ["arn:aws:s3:::bucket/*", "arn:aws:s3:::other/*"]}
    assert decide([json.dumps({"Statement": but})], Request("s3:GetObject", (KEY,))) is None
    assert decide([json.dumps({"Statement": but})], Request("s3:GetObject", ("arn:aws:s3:::third/a",))) == "Allow"


def test_policy_variables_and_what_stands_in_for_them() -> None:
    mine = {"Resource": "arn:aws:s3:::bucket/${aws:username, 'key'}"}
    assert applies(mine)
    assert not applies(mine, {"aws:username": ["somebody"]})
    assert not applies({"Resource": "arn:aws:s3:::bucket/${aws:username}"})
    assert applies({"Resource": "arn:aws:s3:::bucket/${$}"}, resources=("arn:aws:s3:::bucket/$",))
