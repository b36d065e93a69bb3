"""Roles, users and resources of moto in this process, and what the local cloud's authorisation says of their calls."""

from __future__ import annotations

import functools
import json
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT

from sandbox.cloud.actions import AwsError, Call
from sandbox.cloud.control.iam import authorization
from sandbox.cloud.control.iam.authorization import Session

REGION = "us-east-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
__all__ = ["ACCOUNT", "REGION", "ROOT"]


@functools.cache
def client(service: str) -> Any:
    """Return a client of moto in this process."""
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "aws_session_token": "any"}
    return boto3.client(service, region_name=REGION, **keys)


def document(*statements: dict[str, Any]) -> str:
    """Write a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that allows actions."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that denies actions."""
    return {**allow(*actions, resource=resource, **more), "Effect": "Deny"}


def role(name: str, *statements: dict[str, Any], trust: dict[str, Any] | None = None) -> Session:
    """Make a role with rights; return a session of it."""
    trusting = trust or {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}
    made = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(trusting))
    if statements:
        client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return Session(made["Role"]["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/me")


def call(service: str, action: str, **params: Any) -> Call:
    """Return a call as the server hands it on."""
    return Call(service, action, params, ACCOUNT, REGION)


def refusal(session: Session | None, service: str, action: str, **params: Any) -> AwsError | None:
    """Return how a call is refused, or None where it is let through."""
    try:
        authorization.check(call(service, action, **params), {}, session)
    except AwsError as refused:
        return refused
    return None


def why(session: Session | None, service: str, action: str, **params: Any) -> str:
    """Return what a refusal says after the action's name, empty where there is none."""
    refused = refusal(session, service, action, **params)
    return refused.message.partition("is not authorized to perform: ")[2] if refused else ""
