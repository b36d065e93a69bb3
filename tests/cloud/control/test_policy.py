"""The policy language."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.cloud.control.policy import Request, decide


def verdict(statement: dict[str, Any], context: dict[str, list[str]] | None = None, **request: Any) -> str | None:
    document = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", **statement}})
    asked = {"action": "s3:GetObject", "resources": ("arn:aws:s3:::bucket/key",), **request}
    return decide([document], Request(context=context or {}, **asked))


@pytest.mark.parametrize(
    ("action", "applies"),
    [("s3:GetObject", True), ("s3:Get*", True), ("S3:getobject", True), ("*", True), ("s3:Put*", False)],
)
def test_actions(action: str, applies: bool) -> None:
    assert (verdict({"Action": action}) == "Allow") is applies


@pytest.mark.parametrize(
    ("resource", "applies"),
    [
        ("arn:aws:s3:::bucket/*", True),
        ("arn:aws:s3:::bucket/k?y", True),
        ("arn:aws:s3:::bucket", False),
        ("arn:aws:s3:::BUCKET/*", False),
    ],
)
def test_resources(resource: str, applies: bool) -> None:
    assert (verdict({"Action": "*", "Resource": resource}) == "Allow") is applies


def test_everything_but_is_the_opposite() -> None:
    assert verdict({"NotAction": "s3:Put*"}) == "Allow"
    assert verdict({"NotAction": "s3:Get*"}) is None
    assert verdict({"Action": "*", "NotResource": "arn:aws:s3:::other/*"}) == "Allow"
    assert verdict({"Action": "*", "NotResource": "arn:aws:s3:::bucket/*"}) is None


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "applies"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a", "A", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringLike", "a*", "abc", True),
        ("StringNotLike", "a*", "abc", False),
        ("ArnLike", "arn:aws:iam::*:role/x", "arn:aws:iam::1:role/x", True),
        ("Bool", "false", "true", False),
        ("Bool", False, "false", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericGreaterThanEquals", 10, "9", False),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", True),
        ("IpAddress", "127.0.0.0/8", "127.0.0.1", True),
        ("NotIpAddress", "127.0.0.0/8", "127.0.0.1", False),
        ("Null", "true", "a", False),
        ("Null", "false", "a", True),
    ],
)
def test_conditions(operator: str, wanted: Any, value: str, applies: bool) -> None:
    statement = {"Action": "*", "Condition": {operator: {"aws:Key": wanted}}}
    assert (verdict(statement, {"aws:key": [value]}) == "Allow") is applies


@pytest.mark.parametrize(
    ("operator", "applies"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("Bool", False),
        ("NumericLessThan", False),
    ],
)
def test_a_key_that_the_request_does_not_carry(operator: str, applies: bool) -> None:
    assert (verdict({"Action": "*", "Condition": {operator: {"aws:Key": "1"}}}) == "Allow") is applies


def test_several_values() -> None:
    tags = {"aws:tagkeys": ["a", "b"]}

    def holds(operator: str, *wanted: str) -> bool:
        return verdict({"Action": "*", "Condition": {operator: {"aws:TagKeys": list(wanted)}}}, tags) == "Allow"

    assert holds("ForAllValues:StringEquals", "a", "b", "c")
    assert not holds("ForAllValues:StringEquals", "a")
    assert holds("ForAnyValue:StringEquals", "a")
    assert not holds("ForAnyValue:StringEquals", "c")


def test_all_conditions_must_hold() -> None:
    condition = {"StringEquals": {"aws:a": "1"}, "Bool": {"aws:b": "true"}}
    assert verdict({"Action": "*", "Condition": condition}, {"aws:a": ["1"], "aws:b": ["true"]}) == "Allow"
    assert verdict({"Action": "*", "Condition": condition}, {"aws:a": ["1"], "aws:b": ["false"]}) is None


def test_policy_variables() -> None:
    statement = {"Action": "*", "Resource": "arn:aws:s3:::bucket/${aws:PrincipalTag/team}"}
    assert verdict(statement, {"aws:principaltag/team": ["key"]}) == "Allow"
    assert verdict(statement, {"aws:principaltag/team": ["other"]}) is None
    assert verdict(statement) is None


def test_an_explicit_deny_wins() -> None:
    allowing = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    denying = json.dumps({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
    request = Request("s3:GetObject", ("arn:aws:s3:::bucket/key",))
    assert decide([denying, allowing], request) == decide([allowing, denying], request) == "Deny"


def test_an_unknown_resource_is_allowed_by_any_and_denied_only_by_all() -> None:
    one = "arn:aws:s3:::bucket/*"
    assert verdict({"Action": "*", "Resource": one}, resources=()) == "Allow"
    assert verdict({"Effect": "Deny", "Action": "*", "Resource": one}, resources=()) is None
    assert verdict({"Effect": "Deny", "Action": "*"}, resources=()) == "Deny"


def test_an_unknown_operator_is_an_error_and_no_silent_pass() -> None:
    with pytest.raises(ValueError, match="StringEqual'"):
        verdict({"Action": "*", "Condition": {"StringEqual": {"aws:a": "1"}}}, {"aws:a": ["1"]})


@pytest.mark.parametrize(
    ("principal", "meant"),
    [("*", True), ({"AWS": "*"}, True), ({"AWS": ["arn:me"]}, True), ({"Service": "s3.amazonaws.com"}, False)],
)
def test_principals_of_resource_policies(principal: Any, meant: bool) -> None:
    document = json.dumps({"Statement": [{"Effect": "Deny", "Principal": principal, "Action": "*", "Resource": "*"}]})
    request = Request("s3:GetObject", ("arn:aws:s3:::bucket/key",), {}, ("arn:me",))
    assert (decide([document], request, by_principal=True) == "Deny") is meant
