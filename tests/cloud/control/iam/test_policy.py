"""The policy language: actions, resources, principals, and what wins. Conditions have a file of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.cloud.control.iam.policy import Request, decide

ME, MY_ROLE, ROOT, ACCOUNT = "arn:aws:sts::1:assumed-role/r/me", "arn:aws:iam::1:role/r", "arn:aws:iam::1:root", "1"


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
        ("arn:aws:s3:::bucket/k?", False),
        ("arn:aws:s3:::bucket", False),
        ("arn:aws:s3:::BUCKET/*", False),
    ],
)
def test_resources(resource: str, applies: bool) -> None:
    assert (verdict({"Action": "*", "Resource": resource}) == "Allow") is applies


def test_everything_but_is_the_opposite() -> None:
    assert verdict({"NotAction": "s3:Put*"}) == "Allow"
    assert verdict({"NotAction": ["s3:Put*", "s3:Get*"]}) is None
    assert verdict({"NotAction": "S3:GET*"}) is None
    assert verdict({"Action": "*", "NotResource": "arn:aws:s3:::other/*"}) == "Allow"
    assert verdict({"Action": "*", "NotResource": ["arn:aws:s3:::other/*", "arn:aws:s3:::bucket/*"]}) is None


def test_a_deny_of_everything_but_spares_only_what_it_names() -> None:
    but = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::bucket/*"}
    assert verdict(but) is None
    assert verdict(but, resources=("arn:aws:s3:::other/key",)) == "Deny"
    assert verdict({"Effect": "Deny", "NotAction": "s3:*"}) is None
    assert verdict({"Effect": "Deny", "NotAction": "s3:*"}, action="ssm:GetParameter") == "Deny"


def test_an_explicit_deny_wins() -> None:
    allowing = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    denying = json.dumps({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
    request = Request("s3:GetObject", ("arn:aws:s3:::bucket/key",))
    assert decide([denying, allowing], request) == decide([allowing, denying], request) == "Deny"


def test_an_action_on_no_resource_is_matched_by_the_star_alone() -> None:
    one = "arn:aws:s3:::bucket/*"
    assert verdict({"Action": "*", "Resource": one}, resources=()) is None
    assert verdict({"Action": "*", "Resource": "*"}, resources=()) == "Allow"
    assert verdict({"Effect": "Deny", "Action": "*", "Resource": one}, resources=()) is None
    assert verdict({"Effect": "Deny", "Action": "*"}, resources=()) == "Deny"


def principal_verdict(statement: dict[str, Any], *principals: str, service: str = "") -> str | None:
    document = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **statement}]})
    request = Request("s3:GetObject", ("arn:aws:s3:::bucket/key",), {}, principals, service)
    return decide([document], request, by_principal=True)


@pytest.mark.parametrize(
    ("principal", "meant"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": [MY_ROLE]}, True),
        ({"AWS": ROOT}, True),
        ({"AWS": "arn:aws:iam::1:role/other"}, False),
        ({"Service": "s3.amazonaws.com"}, False),
    ],
)
def test_principals_of_resource_policies(principal: Any, meant: bool) -> None:
    assert (principal_verdict({"Principal": principal}, ME, MY_ROLE, ROOT, ACCOUNT) == "Allow") is meant


@pytest.mark.parametrize(
    ("principal", "meant"),
    [
        ("*", True),
        ({"Service": "s3.amazonaws.com"}, True),
        ({"Service": ["s3.amazonaws.com", "events.amazonaws.com"], "AWS": ROOT}, True),
        ({"Service": "events.amazonaws.com"}, False),
        ({"AWS": ROOT}, False),
    ],
)
def test_services_in_resource_policies(principal: Any, meant: bool) -> None:
    assert (principal_verdict({"Principal": principal}, service="s3.amazonaws.com") == "Allow") is meant


def test_a_statement_without_principal_means_nobody() -> None:
    assert principal_verdict({}, ME, MY_ROLE, ROOT, ACCOUNT) is None


@pytest.mark.parametrize(
    ("spared", "decision"),
    [
        ({"AWS": [MY_ROLE, ROOT]}, None),
        ({"AWS": [ME, ACCOUNT]}, None),
        ({"AWS": [MY_ROLE]}, "Deny"),  # "you must also specify the account ARN"
        ({"AWS": [ROOT]}, "Deny"),
        ({"AWS": ["arn:aws:iam::1:role/other", ROOT]}, "Deny"),
        ({"Service": "s3.amazonaws.com"}, "Deny"),
    ],
)
def test_a_deny_of_everybody_but_spares_whom_it_names_in_full(spared: Any, decision: str | None) -> None:
    statement = {"Effect": "Deny", "NotPrincipal": spared}
    assert principal_verdict(statement, ME, MY_ROLE, ROOT, ACCOUNT) == decision


def test_the_accounts_own_keys_and_services_are_spared_by_their_one_name() -> None:
    assert principal_verdict({"Effect": "Deny", "NotPrincipal": {"AWS": ROOT}}, ROOT, ACCOUNT) is None
    of_s3 = {"Effect": "Deny", "NotPrincipal": {"Service": "s3.amazonaws.com"}}
    assert principal_verdict(of_s3, service="s3.amazonaws.com") is None
    assert principal_verdict(of_s3, service="events.amazonaws.com") == "Deny"


def test_an_allow_of_everybody_but_leaves_out_whom_it_names_by_any_name() -> None:
    assert principal_verdict({"NotPrincipal": {"AWS": MY_ROLE}}, ME, MY_ROLE, ROOT, ACCOUNT) is None
    assert principal_verdict({"NotPrincipal": {"AWS": ROOT}}, ME, MY_ROLE, ROOT, ACCOUNT) is None
    assert principal_verdict({"NotPrincipal": {"AWS": "arn:aws:iam::1:role/b"}}, ME, MY_ROLE, ROOT, ACCOUNT) == "Allow"
