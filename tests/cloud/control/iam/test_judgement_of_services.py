"""What else a call needs, what the caller in hand may do beside it, and what services may do as themselves."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call
from sandbox.cloud.control.iam import authorization, decisions, trust
from sandbox.cloud.control.iam.authorization import Session
from sandbox.cloud.control.iam.service_uses import MLFLOW, STATES
from tests.cloud.control.inside import ACCOUNT, REGION, ROOT, allow, call, client, deny, document, role, why

pytestmark = pytest.mark.usefixtures("_inside")


def apart(what: Callable[[], Any]) -> Any:
    """Run something as the server does: each request in a context of its own."""
    return contextvars.Context().run(what)


def after(session: Session | None, what: Callable[[], Any]) -> Any:
    """Run something while a call of a session, which needs no right, is answered."""

    def run() -> Any:
        authorization.check(call("sts", "GetCallerIdentity"), {}, session)
        return what()

    return apart(run)


def test_a_missing_object_asks_for_the_right_to_list() -> None:
    client("s3").create_bucket(Bucket="lake")
    reader, lister = role("reader", allow("s3:GetObject")), role("lister", allow("s3:GetObject", "s3:ListBucket"))
    said = why(reader, "s3", "GetObject", Bucket="lake", Key="gone")
    assert said.startswith("s3:ListBucket on resource: arn:aws:s3:::lake because")
    assert why(lister, "s3", "GetObject", Bucket="lake", Key="gone") == ""
    client("s3").put_object(Bucket="lake", Key="here", Body=b"1")
    assert why(reader, "s3", "GetObject", Bucket="lake", Key="here") == ""


def test_an_encrypted_topic_asks_for_its_key_through_sns() -> None:
    key = client("kms").create_key(Policy=document(allow("kms:*", Principal={"AWS": ROOT})))["KeyMetadata"]["Arn"]
    topic = client("sns").create_topic(Name="t", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    publish: dict[str, Any] = {"TopicArn": topic, "Message": "1"}
    assert why(role("a", allow("sns:*")), "sns", "Publish", **publish).startswith(f"kms:Decrypt on resource: {key}")
    through = {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}}
    session = role("b", allow("sns:*"), allow("kms:*", Condition=through))
    assert why(session, "sns", "Publish", **publish) == ""
    assert "kms:Decrypt" in why(session, "kms", "Decrypt", KeyId=key, CiphertextBlob=b"1"), "not through SNS"


@pytest.mark.parametrize(
    ("service", "action", "params", "to"),
    [
        ("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": "ROLE"}, "sagemaker.amazonaws.com"),
        ("stepfunctions", "CreateStateMachine", {"name": "m", "roleArn": "ROLE"}, "states.amazonaws.com"),
        ("codebuild", "CreateProject", {"name": "m", "serviceRole": "ROLE"}, "codebuild.amazonaws.com"),
        ("events", "PutTargets", {"Rule": "m", "Targets": [{"Id": "1", "RoleArn": "ROLE"}]}, "events.amazonaws.com"),
        ("scheduler", "CreateSchedule", {"Name": "m", "Target": {"RoleArn": "ROLE"}}, "scheduler.amazonaws.com"),
    ],
)
def test_handing_over_a_role_is_a_right_of_its_own(service: str, action: str, params: dict[str, Any], to: str) -> None:
    handed = role("handed").role_arn

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(inner) for key, inner in value.items()}
        return [filled(inner) for inner in value] if isinstance(value, list) else {"ROLE": handed}.get(value, value)

    wanted = filled(params)
    own = [allow(f"{prefix}:*") for prefix in ("sagemaker", "states", "codebuild", "events", "scheduler")]
    said = why(role("without", *own), service, action, **wanted)
    assert said.startswith(f"iam:PassRole on resource: {handed} because")
    passing = allow("iam:PassRole", resource=handed, Condition={"StringEquals": {"iam:PassedToService": to}})
    assert why(role("with", *own, passing), service, action, **wanted) == ""
    other = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    elsewhere = allow("iam:PassRole", resource=handed, Condition=other)
    assert "iam:PassRole" in why(role("elsewhere", *own, elsewhere), service, action, **wanted)


def test_what_only_looks_like_a_role_is_handed_to_nobody() -> None:
    session = role("r", allow("*"), deny("iam:PassRole"))
    assert why(session, "sagemaker", "CreateModel", ModelName="m", ExecutionRoleArn="none") == ""
    assert why(session, "sagemaker", "CreateModel", ModelName=f"arn:aws:iam::{ACCOUNT}:role/m") == ""
    assert why(session, "sagemaker", "CreateModel", ModelName="m", ExecutionRoleArn=7) == ""
    assert why(session, "sts", "AssumeRole", RoleArn=session.role_arn, RoleSessionName="s") == "", "not handed over"


def test_what_the_caller_in_hand_may_do_beside_its_call() -> None:
    session = role("r", allow("s3:DeleteObject", resource="arn:aws:s3:::lake/mine/*"))

    def judged() -> list[bool]:
        mine, theirs = "arn:aws:s3:::lake/mine/a", "arn:aws:s3:::lake/theirs/a"
        return [
            authorization.caller_may("s3:DeleteObject", mine),
            authorization.caller_may("s3:DeleteObject", theirs),
            authorization.bucket_denies("s3:DeleteObject", mine),
            authorization.bucket_denies("s3:DeleteObject", theirs),
        ]

    assert after(session, judged) == [True, False, False, True]
    assert after(None, judged) == [True, True, False, False]
    assert apart(judged) == [True, True, False, False], "where no call is answered, nobody asks"


def test_who_the_caller_in_hand_is() -> None:
    session = role("r")
    assert after(session, authorization.caller_session) == session
    assert after(session, authorization.caller_arn) == session.arn
    assert after(None, authorization.caller_session) is None
    assert after(None, authorization.caller_arn) == ROOT
    assert apart(authorization.caller_session) is None
    assert apart(authorization.caller_arn) == ROOT


def test_a_session_s_use_past_the_entrance_is_judged_with_what_is_known_of_it() -> None:
    known = {
        "StringEquals": {
            "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/r",
            "aws:PrincipalType": "AssumedRole",
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": "s3.us-east-1.amazonaws.com",
        },
        "Bool": {"aws:SecureTransport": "true"},
    }
    key = client("kms").create_key(Policy=document(allow("kms:*", Principal={"AWS": ROOT})))["KeyMetadata"]["Arn"]
    through = {"kms:viaservice": ["s3.us-east-1.amazonaws.com"]}
    session = role("r", allow("kms:Decrypt", Condition=known))
    authorization.require(session, "s3", "kms:Decrypt", (key,), through)
    with pytest.raises(AwsError, match="kms:Encrypt on resource") as refused:
        authorization.require(session, "s3", "kms:Encrypt", (key,), through)
    assert refused.value.code == "AccessDenied"
    with pytest.raises(AwsError, match="kms:Decrypt"):
        authorization.require(session, "s3", "kms:Decrypt", (key,), {})


def test_a_service_acts_as_itself_where_a_resource_lets_it() -> None:
    service, topic = "cloudwatch.amazonaws.com", client("sns").create_topic(Name="t")["TopicArn"]
    ours = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "Bool": {"aws:SecureTransport": "true"}}
    ours["Bool"] |= {"aws:PrincipalIsAWSService": "true"}
    statement = allow("sns:Publish", resource=topic, Principal={"Service": service}, Condition=ours)
    client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(statement))
    from_us = {"aws:sourceaccount": [ACCOUNT]}
    assert authorization.service_may(service, "sns:Publish", topic, from_us)
    assert not authorization.service_may(service, "sns:Publish", topic, {})
    assert not authorization.service_may("events.amazonaws.com", "sns:Publish", topic, from_us)
    assert not authorization.service_may(service, "sns:Subscribe", topic, from_us)
    assert not authorization.service_may(service, "sns:Publish", f"{topic}-gone", from_us)
    client("s3").create_bucket(Bucket="bare")
    assert not authorization.service_may(service, "s3:PutObject", "arn:aws:s3:::bare/a", {})
    found = [(one["principal"], one["decision"]) for one in decisions.read(settings.current().folder)]
    assert found[:2] == [(service, "allowed"), (service, "denied")]


def trusting(principal: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def test_a_role_is_assumed_by_whom_it_trusts() -> None:
    mine = document(trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"}))
    other = document(trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}))
    arn = f"arn:aws:iam::{ACCOUNT}:role/wanted"
    session = role("r")
    assert after(session, lambda: authorization.trusted_by(mine, arn)) is True
    assert after(session, lambda: authorization.trusted_by(other, arn)) is False
    assert after(session, lambda: authorization.trusted_by(document(trusting({"AWS": ROOT})), arn)) is True
    assert after(None, lambda: authorization.trusted_by(other, arn)) is True
    assert apart(lambda: authorization.trusted_by(other, arn)) is True


def assume(session: Session | None, arn: str) -> Any:
    """Assume a role as a session does; moto's answer is said in a word."""
    wanted = {"RoleArn": arn, "RoleSessionName": "s"}
    role_arn = session.role_arn if session else None
    asked = Call("sts", "AssumeRole", wanted, ACCOUNT, REGION, role_arn, lambda *_: {"assumed": arn})
    return after(session, lambda: trust._assume(asked))


def test_assuming_a_role_is_refused_where_the_role_does_not_trust() -> None:
    session = role("r", allow("sts:AssumeRole"))
    open_one = role("open", trust=trusting({"AWS": session.role_arn})).role_arn
    closed = role("closed", trust=trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"})).role_arn
    gone = f"arn:aws:iam::{ACCOUNT}:role/gone"
    assert assume(session, open_one) == {"assumed": open_one}
    for arn in (closed, gone):
        with pytest.raises(AwsError) as refused:
            assume(session, arn)
        assert (refused.value.code, refused.value.status) == ("AccessDenied", 403)
        assert refused.value.message == (
            f"User: {session.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )
    assert assume(None, closed) == {"assumed": closed}


def test_a_service_assumes_a_role_only_by_its_trust() -> None:
    ours = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "Bool": {"aws:PrincipalIsAWSService": "true"}}
    machine = role("m", trust=trusting({"Service": "states.amazonaws.com"}, Condition=ours)).role_arn
    assert trust.trusts(machine, STATES, "m")
    assert not trust.trusts(machine, MLFLOW, "m")
    assert not trust.trusts(f"{machine}-gone", STATES, "m")
    found = [(one["principal"], one["resource"], one["decision"]) for one in decisions.read(settings.current().folder)]
    assert found == [
        ("states.amazonaws.com", machine, "allowed"),
        ("sagemaker.amazonaws.com", machine, "denied"),
    ]
