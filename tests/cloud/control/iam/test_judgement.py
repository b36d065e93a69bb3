"""Whom a call is refused, and in which words: roles, users, the account's own keys, boundaries, resources' policies."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam import authorization, decisions
from sandbox.cloud.control.iam.authorization import Session
from tests.cloud.control.inside import ACCOUNT, ROOT, allow, call, client, deny, document, refusal, role, why

pytestmark = pytest.mark.usefixtures("_inside")
OBJECT = "arn:aws:s3:::lake/a"
GET = {"Bucket": "lake", "Key": "a"}


@pytest.fixture
def lake(_inside: None) -> None:
    """A bucket with one object."""
    client("s3").create_bucket(Bucket="lake")
    client("s3").put_object(Bucket="lake", Key="a", Body=b"1")


def bucket_policy(*statements: dict[str, Any]) -> None:
    client("s3").put_bucket_policy(Bucket="lake", Policy=document(*statements))


@pytest.mark.parametrize(
    ("service", "action", "params", "code", "status"),
    [
        ("s3", "GetObject", GET, "AccessDenied", 403),
        ("iam", "GetRole", {"RoleName": "r"}, "AccessDenied", 403),
        ("ssm", "GetParameter", {"Name": "/a"}, "AccessDeniedException", 400),
        ("dynamodb", "GetItem", {"TableName": "t"}, "AccessDeniedException", 400),
    ],
)
def test_a_refusal_is_told_as_the_service_tells_it(
    service: str, action: str, params: dict[str, str], code: str, status: int
) -> None:
    refused = refusal(role("r"), service, action, **params)
    assert refused is not None
    assert (refused.code, refused.status) == (code, status)


def test_a_refusal_names_who_what_on_what_and_why() -> None:
    refused = refusal(role("r"), "ssm", "GetParameter", Name="/a/b")
    assert refused is not None
    assert refused.message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/r/me is not authorized to perform: ssm:GetParameter on resource: "
        f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b because no identity-based policy allows the ssm:GetParameter "
        "action"
    )
    assert " on resource: * because" in why(role("r2"), "s3", "ListBuckets")


@pytest.mark.usefixtures("lake")
def test_inline_and_attached_policies_count_and_of_versions_the_default_one() -> None:
    inline = role("inline", allow("s3:GetObject"))
    both = role("both", allow("s3:PutObject"))
    iam = client("iam")
    managed = iam.create_policy(PolicyName="p", PolicyDocument=document(allow("s3:GetObject")))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="both", PolicyArn=managed)
    assert why(inline, "s3", "GetObject", **GET) == ""
    assert why(both, "s3", "GetObject", **GET) == ""
    assert why(both, "s3", "PutObject", **GET) == ""
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=document(allow("ssm:*")), SetAsDefault=True)
    assert "no identity-based policy" in why(both, "s3", "GetObject", **GET)
    assert why(both, "ssm", "GetParameter", Name="/a") == ""


def test_a_role_that_is_gone_may_nothing() -> None:
    gone = Session(f"arn:aws:iam::{ACCOUNT}:role/gone", f"arn:aws:sts::{ACCOUNT}:assumed-role/gone/me")
    assert "no identity-based policy" in why(gone, "ssm", "GetParameter", Name="/a")
    assert why(gone, "sts", "GetCallerIdentity") == ""


def test_a_user_is_known_by_its_key_and_judged_by_its_policies() -> None:
    iam = client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document(allow("ssm:GetParameter")))
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    session = authorization.session_of(key)
    assert session == Session(f"arn:aws:iam::{ACCOUNT}:user/u", f"arn:aws:iam::{ACCOUNT}:user/u")
    assert why(session, "ssm", "GetParameter", Name="/a") == ""
    refused = refusal(session, "ssm", "PutParameter", Name="/a")
    assert refused is not None
    assert refused.message.startswith(f"User: arn:aws:iam::{ACCOUNT}:user/u is not")
    assert authorization.session_of("local") is None


def test_a_session_is_known_by_its_key() -> None:
    arn = role("r").role_arn
    keys = client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    found = authorization.session_of(keys["AccessKeyId"])
    assert found is not None
    assert (found.role_arn, found.arn) == (arn, f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me")
    assert authorization.session_of("ASIAUNKNOWN") is None


@pytest.mark.usefixtures("lake")
def test_only_a_resource_s_deny_stops_the_account_s_own_keys() -> None:
    assert why(None, "s3", "GetObject", **GET) == ""
    assert why(None, "ssm", "GetParameter", Name="/a") == ""
    assert why(None, "s3", "GetObject", Bucket="lake", Key="gone") == "", "they may list"
    bucket_policy(deny("s3:GetObject", resource=OBJECT, Principal="*"))
    refused = refusal(None, "s3", "GetObject", **GET)
    assert refused is not None
    assert refused.message == (
        f"User: {ROOT} is not authorized to perform: s3:GetObject on resource: {OBJECT} "
        "with an explicit deny in a resource-based policy"
    )
    assert not decisions.read(settings.current().folder), "what the account's own keys ask is not written down"


def bound(name: str, *limit: dict[str, Any]) -> Session:
    """Return a session of a role that may everything, within a boundary."""
    session = role(name, allow("*"))
    arn = client("iam").create_policy(PolicyName=name, PolicyDocument=document(*limit))["Policy"]["Arn"]
    client("iam").put_role_permissions_boundary(RoleName=name, PermissionsBoundary=arn)
    return session


@pytest.mark.usefixtures("lake")
def test_a_boundary_allows_nothing_and_takes_away() -> None:
    session = bound("a", allow("s3:*"))
    assert why(session, "s3", "GetObject", **GET) == ""
    said = why(session, "ssm", "GetParameter", Name="/a")
    assert said.endswith("/a because no permissions boundary allows the ssm:GetParameter action")
    denied = bound("b", allow("*"), deny("s3:GetObject"))
    said = why(denied, "s3", "GetObject", **GET)
    assert said == f"s3:GetObject on resource: {OBJECT} with an explicit deny in a permissions boundary"
    bucket_policy(allow("s3:GetObject", resource=OBJECT, Principal={"AWS": bound("c", allow("ssm:*")).arn}))
    assert "no permissions boundary" in why(
        Session(f"arn:aws:iam::{ACCOUNT}:role/c", f"arn:aws:sts::{ACCOUNT}:assumed-role/c/me"), "s3", "GetObject", **GET
    ), "stricter than AWS"
    iam = client("iam")
    iam.delete_role_permissions_boundary(RoleName="a")
    assert why(session, "ssm", "GetParameter", Name="/a") == ""


@pytest.mark.usefixtures("lake")
@pytest.mark.parametrize(
    ("own", "of_bucket", "said"),
    [
        ([], None, "because no identity-based policy allows the s3:GetObject action"),
        ([allow("s3:*")], None, ""),
        ([allow("s3:*"), deny("s3:GetObject")], None, "with an explicit deny in an identity-based policy"),
        ([], allow("s3:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"}), ""),
        ([], allow("s3:*", Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/me"}), ""),
        ([], allow("s3:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}), "because no identity-based"),
        ([], allow("s3:*", Principal={"AWS": ROOT}), "because no identity-based"),
        ([allow("s3:*")], allow("s3:*", Principal={"AWS": ROOT}), ""),
        ([allow("s3:*")], deny("s3:*", Principal="*"), "with an explicit deny in a resource-based policy"),
        ([allow("s3:*")], deny("s3:*", Principal={"AWS": ROOT}), "with an explicit deny in a resource-based policy"),
        ([allow("s3:*")], deny("s3:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}), ""),
        ([deny("s3:*")], allow("s3:*", Principal="*"), "with an explicit deny in an identity-based policy"),
    ],
)
def test_a_role_s_policies_and_its_bucket_s_together(
    own: list[dict[str, Any]], of_bucket: dict[str, Any] | None, said: str
) -> None:
    session = role("r", *own)
    if of_bucket:
        bucket_policy({**of_bucket, "Resource": "arn:aws:s3:::lake/*"})
    found = why(session, "s3", "GetObject", **GET)
    assert found.startswith(f"s3:GetObject on resource: {OBJECT} {said}") if said else not found


@pytest.mark.parametrize(
    ("of_key", "own", "said"),
    [
        ({"AWS": ROOT}, [allow("kms:*")], ""),
        ({"AWS": ROOT}, [], "because no identity-based policy allows the kms:Decrypt action"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"}, [], ""),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}, [allow("*")], "because no resource-based policy allows"),
    ],
)
def test_a_key_lets_in_only_whom_its_own_policy_names(
    of_key: dict[str, str], own: list[dict[str, Any]], said: str
) -> None:
    session = role("r", *own)
    key = client("kms").create_key(Policy=document(allow("kms:*", Principal=of_key)))["KeyMetadata"]["Arn"]
    found = why(session, "kms", "Decrypt", KeyId=key, CiphertextBlob=b"1")
    assert found.startswith(f"kms:Decrypt on resource: {key} {said}") if said else not found


def test_of_several_resources_each_is_judged() -> None:
    session = role("r", allow("ssm:GetParameters", resource=f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a"))
    assert why(session, "ssm", "GetParameters", Names=["/a"]) == ""
    assert "parameter/b because" in why(session, "ssm", "GetParameters", Names=["/a", "/b"])


def test_each_decision_about_a_role_is_written_with_its_result() -> None:
    session = role("r", allow("ssm:GetParameter"))
    assert why(session, "ssm", "GetParameter", Name="/a") == ""
    assert why(session, "ssm", "PutParameter", Name="/a")
    found = [(one["principal"], one["action"], one["decision"]) for one in decisions.read(settings.current().folder)]
    assert found == [
        (session.role_arn, "ssm:GetParameter", "allowed"),
        (session.role_arn, "ssm:PutParameter", "denied"),
    ]


def test_conditions_are_judged_by_what_the_call_carries() -> None:
    mine = {"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/r", "aws:RequestedRegion": "us-east-1"}}
    session = role("r", allow("ssm:GetParameter", Condition=mine))
    assert why(session, "ssm", "GetParameter", Name="/a") == ""
    other = role("other", allow("ssm:GetParameter", Condition=mine))
    assert why(other, "ssm", "GetParameter", Name="/a")


def test_a_call_is_refused_with_an_error_that_stops_it() -> None:
    with pytest.raises(AwsError):
        authorization.check(call("ssm", "GetParameter", Name="/a"), {}, role("r"))
