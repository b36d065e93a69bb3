"""Conditions and policy variables."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cloud.control.iam.conditions import hold
from tests.cloud.control.iam.test_policy import verdict


def holds(operator: str, wanted: Any, *values: str) -> bool:
    return hold({operator: {"aws:Key": wanted}}, {"aws:key": list(values)}, "Allow")


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "applies"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringEqualsIgnoreCase", "a", "b", False),
        ("StringLike", "a*", "abc", True),
        ("StringLike", "a?", "abc", False),
        ("StringLike", "A*", "abc", False),
        ("ArnLike", "arn:aws:iam::*:role/x*", "arn:aws:iam::1:role/xyz", True),
        ("ArnEquals", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", True),
        ("ArnLike", "arn:aws:*:role/x", "arn:aws:iam::1:role/x", False),  # a star does not reach over a colon
        ("ArnLike", "arn:aws:logs:*:*:log-group:*", "arn:aws:logs:r:1:log-group:a:b", True),
        ("ArnLike", "arn:aws:iam::1:role/x", "role/x", False),
        ("Bool", "false", "true", False),
        ("Bool", False, "false", True),
        ("BinaryEquals", "QUI=", "QUI=", True),
        ("NumericEquals", "10", "10.0", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "10", False),
        ("NumericGreaterThanEquals", 10, "10", True),
        ("NumericGreaterThanEquals", 10, "9", False),
        ("NumericLessThan", "10", "many", False),
        ("DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),
        ("DateLessThanEquals", "1767225600", "2026-01-01T00:00:00Z", True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "some day", False),
        ("IpAddress", "127.0.0.0/8", "127.0.0.1", True),
        ("IpAddress", "127.0.0.0/8", "::1", False),
        ("IpAddress", "10.0.0.1", "10.0.0.1", True),
        ("IpAddress", "10.0.0.0/8", "nowhere", False),
        ("ArnLike", "*", "arn:aws:iam::1:role/x", True),
        ("ArnEquals", "*", "role/x", True),
    ],
)
def test_operators(operator: str, wanted: Any, value: str, applies: bool) -> None:
    assert holds(operator, wanted, value) is applies


NEGATED = [
    ("StringNotEquals", "a", "a", "b"),
    ("StringNotEqualsIgnoreCase", "a", "A", "b"),
    ("StringNotLike", "a*", "abc", "b"),
    ("ArnNotLike", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/y"),
    ("ArnNotEquals", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/y"),
    ("NumericNotEquals", "1", "1", "2"),
    ("DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    ("NotIpAddress", "127.0.0.0/8", "127.0.0.1", "10.0.0.1"),
]


@pytest.mark.parametrize(("operator", "wanted", "same", "other"), NEGATED)
def test_negated_operators(operator: str, wanted: str, same: str, other: str) -> None:
    assert not holds(operator, wanted, same)
    assert holds(operator, wanted, other)
    assert holds(operator, wanted), "a key that is missing is not the one that is named"
    assert holds(f"{operator}IfExists", wanted)
    assert not holds(f"{operator}IfExists", wanted, same)


def test_a_negated_operator_wants_none_of_its_values() -> None:
    assert not holds("StringNotEquals", ["a", "b"], "b")
    assert not holds("StringNotEquals", ["a", "b"], "c", "b")
    assert holds("StringNotEquals", ["a", "b"], "c")


@pytest.mark.parametrize(
    ("operator", "applies"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("ArnLike", False),
        ("Bool", False),
        ("NumericLessThan", False),
        ("DateGreaterThan", False),
        ("IpAddress", False),
        ("StringEqualsIfExists", True),
        ("BoolIfExists", True),
        ("NumericLessThanIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
def test_a_key_that_the_request_does_not_carry(operator: str, applies: bool) -> None:
    assert hold({operator: {"aws:Key": "1"}}, {}, "Allow") is applies
    assert hold({operator: {"aws:Key": "1"}}, {"aws:key": []}, "Allow") is applies, "a key without values is missing"


def test_if_exists_still_compares_what_is_there() -> None:
    assert not holds("StringEqualsIfExists", "a", "b")
    assert not holds("BoolIfExists", "true", "false")


def test_null_asks_whether_a_key_is_there() -> None:
    assert not holds("Null", "true", "a")
    assert holds("Null", "true")
    assert holds("Null", "false", "a")
    assert not holds("Null", "false")
    assert holds("Null", True)


def test_several_values() -> None:
    assert holds("ForAllValues:StringEquals", ["a", "b", "c"], "a", "b")
    assert not holds("ForAllValues:StringEquals", ["a"], "a", "b")
    assert holds("ForAnyValue:StringEquals", ["a"], "a", "b")
    assert not holds("ForAnyValue:StringEquals", ["c"], "a", "b")
    assert holds("ForAllValues:StringNotEquals", ["c"], "a", "b")
    assert not holds("ForAllValues:StringNotEquals", ["a"], "a", "b")
    assert holds("ForAnyValue:StringNotEquals", ["a"], "a", "b")
    assert not holds("ForAnyValue:StringNotEquals", ["a", "b"], "a", "b")


def test_all_conditions_must_hold() -> None:
    condition = {"StringEquals": {"aws:a": "1", "aws:c": "3"}, "Bool": {"aws:b": "true"}}
    assert hold(condition, {"aws:a": ["1"], "aws:b": ["true"], "aws:c": ["3"]}, "Allow")
    assert not hold(condition, {"aws:a": ["1"], "aws:b": ["false"], "aws:c": ["3"]}, "Allow")
    assert not hold(condition, {"aws:a": ["1"], "aws:b": ["true"], "aws:c": ["4"]}, "Allow")


@pytest.mark.parametrize("operator", ["StringIs", "NumericLike", "ForSomeValues:StringEquals"])
def test_an_unknown_operator_is_named(operator: str) -> None:
    with pytest.raises(ValueError, match=operator):
        holds(operator, "a", "a")


TEAM = {"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/team}"}


def test_policy_variables() -> None:
    assert verdict(TEAM, {"aws:principaltag/team": ["key"]}) == "Allow"
    assert verdict(TEAM, {"aws:principaltag/team": ["other"]}) is None
    assert verdict(TEAM) is None
    assert verdict({**TEAM, "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'key'}"}) == "Allow"
    assert verdict({**TEAM, "Resource": ["${aws:nothing}", "arn:aws:s3:::bucket/*"]}) == "Allow"


def test_a_variables_value_is_taken_letter_by_letter() -> None:
    assert verdict(TEAM, {"aws:principaltag/team": ["*"]}) is None
    assert verdict(TEAM, {"aws:principaltag/team": ["key", "other"]}) is None, "a key of many values stands for none"
    written = {**TEAM, "Resource": "arn:aws:s3:::bucket/${*}"}
    assert verdict(written) is None
    assert verdict(written, resources=("arn:aws:s3:::bucket/*",)) == "Allow"


def test_variables_in_conditions() -> None:
    mine = {"StringEquals": {"s3:prefix": "${aws:userid}"}, "ArnLike": {"aws:arn": "arn:aws:iam::1:role/${aws:userid}"}}
    context = {"s3:prefix": ["me"], "aws:userid": ["me"], "aws:arn": ["arn:aws:iam::1:role/me"]}
    assert hold(mine, context, "Allow")
    assert not hold(mine, {**context, "aws:userid": ["you"]}, "Allow")
    two = {"ArnLike": {"aws:arn": "arn:aws:iam::${aws:PrincipalAccount}:role/${aws:userid}"}}
    assert hold(two, {**context, "aws:principalaccount": ["1"]}, "Allow")
    assert not hold(two, {**context, "aws:principalaccount": ["2"]}, "Allow")


def test_a_variable_without_value_neither_allows_nor_spares() -> None:
    not_mine = {"StringNotEquals": {"s3:prefix": "${aws:userid}"}}
    assert not hold(not_mine, {"s3:prefix": ["me"]}, "Allow")
    assert hold(not_mine, {"s3:prefix": ["me"]}, "Deny")
    elsewhere = {"Action": "*", "NotResource": "arn:aws:s3:::bucket/${aws:userid}"}
    assert verdict(elsewhere) is None
    assert verdict({**elsewhere, "Effect": "Deny"}) == "Deny"


def test_the_first_version_of_the_language_knows_no_variables() -> None:
    condition = {"StringEquals": {"s3:prefix": "${aws:userid}"}}
    assert not hold(condition, {"s3:prefix": ["me"], "aws:userid": ["me"]}, "Allow", variables=False)
    assert hold(condition, {"s3:prefix": ["${aws:userid}"]}, "Allow", variables=False)
    wild = {"StringLike": {"s3:prefix": "${aws:userid}/*"}}
    assert not hold(wild, {"s3:prefix": ["me/a"], "aws:userid": ["me"]}, "Allow", variables=False)
    assert hold(wild, {"s3:prefix": ["${aws:userid}/a"], "aws:userid": ["me"]}, "Allow", variables=False)
