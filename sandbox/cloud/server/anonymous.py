"""Requests that nobody signed: S3 answers those that a bucket's policy allows to everybody, no other service does."""

from __future__ import annotations

from typing import Any

from sandbox.cloud.actions import AwsError, Call
from sandbox.cloud.control.iam import policy
from sandbox.cloud.control.iam.resources import needs
from sandbox.cloud.moto import s3
from sandbox.cloud.moto.protocols import match, request_of
from sandbox.cloud.server.identify import Asked
from sandbox.cloud.server.refusals import SignatureError, as_aws_says

_CONTEXT = {
    "aws:securetransport": ["true"],
    "aws:sourceip": ["127.0.0.1"],
    "aws:principaltype": ["Anonymous"],
    "aws:principalaccount": ["anonymous"],
}


def identify(environ: dict[str, Any], body: bytes, region: str) -> Asked:
    """Return what an unsigned request asks of S3, which is the only service that may answer it.

    Raises
    ------
    AwsError
        Where it is meant for another service, that a signature is missing.
    """
    if environ.get("HTTP_X_AMZ_TARGET"):
        raise as_aws_says(SignatureError("missing"), "", "json")
    if environ.get("HTTP_AUTHORIZATION") or "AWSAccessKeyId=" in environ.get("QUERY_STRING", ""):
        raise AwsError(
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    if is_form(environ):
        raise as_aws_says(SignatureError("missing"), "", "query")
    found = match("s3", request_of(environ, body))
    if found is None:
        raise as_aws_says(SignatureError("missing"), "s3", "rest-xml")
    return Asked("s3", found[0], found[1], region, "", "s3")


def is_form(environ: dict[str, Any]) -> bool:
    """Return whether a request is one of the query protocol."""
    kind = str(environ.get("CONTENT_TYPE", ""))
    return environ["REQUEST_METHOD"] == "POST" and kind.startswith("application/x-www-form-urlencoded")


def check(call: Call) -> None:
    """Refuse what the bucket's policy does not allow to everybody.

    Raises
    ------
    AwsError
        AccessDenied, which says no more than that.
    """
    for action, resources in needs(call):
        request = policy.Request(action, resources, _CONTEXT, ())
        document = _bucket_policy(call.account, resources)
        if document is None or policy.decide([document], request, by_principal=True) != policy.ALLOW:
            raise AwsError("AccessDenied", "Access Denied", 403)


def _bucket_policy(account: str, resources: tuple[str, ...]) -> str | None:
    """Return the policy of a bucket that does not block public ones."""
    name = resources[0].removeprefix("arn:aws:s3:::").partition("/")[0] if resources else ""
    return None if s3.lets_nobody_unknown_in(account, name) else s3.policy(account, name)
