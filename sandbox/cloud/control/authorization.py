"""Who may do what: identity policies of role sessions, bucket policies of everyone, and passing of roles.

The account's own keys ("local") are an administrator's: only a bucket policy's explicit deny stops them.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call
from sandbox.cloud.control import encryption, policy, tags, users
from sandbox.cloud.control.policy import ALLOW, DENY, Request
from sandbox.cloud.control.resources import needs

Context = dict[str, list[str]]
_PASSED_TO = {
    "codebuild": "codebuild.amazonaws.com",
    "events": "events.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "stepfunctions": "states.amazonaws.com",
}
_ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}
_ROLE_MEMBERS = {"RoleArn", "ExecutionRoleArn", "roleArn", "serviceRole"}
_ERRORS_WITHOUT_EXCEPTION = {"s3", "s3control", "iam", "sts", "sns", "cloudwatch", "ec2"}


@dataclass(frozen=True)
class Session:
    """Temporary credentials: the role behind them, and the ARN that messages name; an IAM user's are its own."""

    role_arn: str
    arn: str


@dataclass(frozen=True)
class Caller:
    """Who makes the request that this thread answers, and the condition keys that the request carries."""

    session: Session | None
    context: Context
    service: str


_caller: contextvars.ContextVar[Caller | None] = contextvars.ContextVar("caller", default=None)


def session_of(access_key: str) -> Session | None:
    """Return the session that an access key belongs to, or None for the account's own keys."""
    if not access_key.startswith("ASIA"):
        user = users.arn_of(access_key)
        return Session(user, user) if user else None
    from moto.sts.models import sts_backends  # noqa: PLC0415 - moto is configured by then

    found = sts_backends[settings.current().account]["aws"].get_assumed_role_from_access_key(access_key)
    return Session(found.role_arn, found.arn) if found else None


def check(call: Call, environ: dict[str, Any], session: Session | None) -> None:
    """Refuse a call that the caller's policies, or a bucket's, do not let through.

    Raises
    ------
    AwsError
        In AWS's words: who, which action, which resource, and why.
    """
    caller = Caller(session, _context(call, environ, session), call.service)
    _caller.set(caller)
    for action, resources in needs(call):
        if action in _ALWAYS_ALLOWED:
            continue
        _judge(caller, action, resources)
    if session:
        for action, key, conditions in encryption.uses(call):
            _judge(Caller(session, {**caller.context, **conditions}, call.service), action, (key,))
        for role in _passed_roles(call.params):
            context = {**caller.context, "iam:passedtoservice": [_PASSED_TO.get(call.service, "")]}
            _judge(Caller(session, context, call.service), "iam:PassRole", (role,))


def require(session: Session, service: str, action: str, resources: tuple[str, ...], context: Context) -> None:
    """Refuse what a session may not do, where no call of botocore's models stands for it.

    Raises
    ------
    AwsError
        As for a call that the role makes itself.
    """
    known: Context = {"aws:principalarn": [session.role_arn], "aws:securetransport": ["true"]}
    _judge(Caller(session, {**known, **context}, service), action, resources)


def caller_session() -> Session | None:
    """Return the session of the request that this thread answers; None for the account's own keys."""
    caller = _caller.get()
    return caller.session if caller else None


def bucket_denies(action: str, resource: str) -> bool:
    """Return whether the caller of the request in hand is refused an action on an object: moto asks for each key."""
    caller = _caller.get()
    if caller is None:
        return False
    try:
        _judge(caller, action, (resource,))
    except AwsError:
        return True
    return False


def _judge(caller: Caller, action: str, resources: tuple[str, ...]) -> None:
    account = settings.current().account
    session = caller.session
    names = (session.arn, session.role_arn) if session else ()
    root = f"arn:aws:iam::{account}:root"
    request = Request(action, resources, caller.context, (*names, root, account))
    identity = policy.decide(_identity_policies(session.role_arn), request) if session else ALLOW
    document = _resource_policy(account, action, resources)
    resource = policy.decide([document], request, by_principal=True) if document else None
    if DENY in (identity, resource):
        kind = "identity" if identity == DENY else "resource"
        raise _denied(caller, action, resources, f"with an explicit deny in {_an(kind)}-based policy")
    if document and session:
        if action.startswith("kms:") and resource != ALLOW:
            raise _denied(caller, action, resources, f"because no resource-based policy allows the {action} action")
        # what a policy allows the account's root, the account gives to its roles by their own policies
        resource = policy.decide([document], replace(request, principals=names), by_principal=True)
    if ALLOW not in (identity, resource):
        why = f"because no identity-based policy allows the {action} action"
        raise _denied(caller, action, resources, why)


def _an(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _denied(caller: Caller, action: str, resources: tuple[str, ...], why: str) -> AwsError:
    who = caller.session.arn if caller.session else f"arn:aws:iam::{settings.current().account}:root"
    on = resources[0] if resources else "*"
    message = f"User: {who} is not authorized to perform: {action} on resource: {on} {why}"
    if caller.service in _ERRORS_WITHOUT_EXCEPTION:
        return AwsError("AccessDenied", message, 403)
    return AwsError("AccessDeniedException", message, 400)


def _identity_policies(role_arn: str) -> list[str]:
    from moto.iam.exceptions import NotFoundException  # noqa: PLC0415
    from moto.iam.models import iam_backends  # noqa: PLC0415

    if ":user/" in role_arn:
        return users.policies(role_arn)
    try:
        role = iam_backends[settings.current().account]["aws"].get_role_by_arn(role_arn)
    except NotFoundException:
        return []
    attached = [_default_document(managed) for managed in role.managed_policies.values()]
    return [*role.policies.values(), *attached]


def _default_document(managed: Any) -> str:
    found = (version for version in managed.versions if version.version_id == managed.default_version_id)
    return str(next(found).document)


def _resource_policy(account: str, action: str, resources: tuple[str, ...]) -> str | None:
    """Return the policy of the bucket or the key that an action is about."""
    if action.startswith("kms:") and resources:
        return encryption.key_policy(account, resources[0])
    if not action.startswith("s3:"):
        return None
    from moto.s3.models import s3_backends  # noqa: PLC0415

    name = resources[0].removeprefix("arn:aws:s3:::").partition("/")[0] if resources else ""
    bucket = s3_backends[account]["aws"].buckets.get(name)
    return bucket.policy.decode() if bucket is not None and bucket.policy else None


def _passed_roles(params: Any) -> Iterable[str]:
    """Return every role that a request hands to a service, wherever it stands in it."""
    if isinstance(params, dict):
        for member, value in params.items():
            if member in _ROLE_MEMBERS and isinstance(value, str) and ":role/" in value:
                yield value
            else:
                yield from _passed_roles(value)
    elif isinstance(params, list):
        for value in params:
            yield from _passed_roles(value)


def _context(call: Call, environ: dict[str, Any], session: Session | None) -> Context:
    now = datetime.now(UTC)
    context: Context = {
        "aws:securetransport": ["true"],  # the loopback interface counts as secure
        "aws:sourceip": ["127.0.0.1"],
        "aws:currenttime": [now.strftime("%Y-%m-%dT%H:%M:%SZ")],
        "aws:epochtime": [str(int(now.timestamp()))],
        "aws:requestedregion": [call.region],
        "aws:principalaccount": [call.account],
        "aws:principaltype": ["AssumedRole" if session else "Account"],
        "aws:principalarn": [session.role_arn if session else f"arn:aws:iam::{call.account}:root"],
        "aws:principalisawsservice": ["false"],
        "aws:viaawsservice": ["false"],
    }
    given = call.params
    wanted = given.get("Tags") or given.get("tags")
    if isinstance(wanted, list):
        pairs = {str(tag.get("Key", tag.get("key"))): str(tag.get("Value", tag.get("value"))) for tag in wanted}
        context["aws:tagkeys"] = list(pairs)
        context.update({f"aws:requesttag/{key.lower()}": [value] for key, value in pairs.items()})
    if call.service == "s3":
        context.update(_s3_context(call, environ))
    elif call.service == "sagemaker":
        context.update(_sagemaker_context(call))
    elif call.service == "cloudwatch" and given.get("Namespace"):
        context["cloudwatch:namespace"] = [given["Namespace"]]
    return context


_CREATES_OBJECT = {"PutObject": "true", "CopyObject": "true", "CompleteMultipartUpload": "true"}


def _s3_context(call: Call, environ: dict[str, Any]) -> Context:
    context: Context = {
        "s3:authtype": ["REST-HEADER"],
        "s3:signatureversion": ["AWS4-HMAC-SHA256"],
        "s3:tlsversion": ["1.3"],
    }
    for name, value in environ.items():
        if name.startswith("HTTP_X_AMZ_"):
            context[f"s3:{name.removeprefix('HTTP_').lower().replace('_', '-')}"] = [str(value)]
    for header, key in (("HTTP_IF_NONE_MATCH", "s3:if-none-match"), ("HTTP_IF_MATCH", "s3:if-match")):
        if header in environ:
            context[key] = [environ[header]]
    for member, key in (
        ("Prefix", "prefix"),
        ("Delimiter", "delimiter"),
        ("MaxKeys", "max-keys"),
        ("VersionId", "versionid"),
    ):
        if call.params.get(member) is not None:
            context[f"s3:{key}"] = [str(call.params[member])]
    if call.action in _CREATES_OBJECT or call.action in ("CreateMultipartUpload", "UploadPart", "UploadPartCopy"):
        context["s3:objectcreationoperation"] = [_CREATES_OBJECT.get(call.action, "false")]
    return context


def _sagemaker_context(call: Call) -> Context:
    given, context = call.params, {}
    for member, key in (
        ("ModelApprovalStatus", "modelapprovalstatus"),
        ("EnableNetworkIsolation", "networkisolation"),
        ("EnableInterContainerTrafficEncryption", "intercontainertrafficencryption"),
        ("KmsKeyId", "volumekmskey"),
    ):
        if member in given:
            context[f"sagemaker:{key}"] = [
                str(given[member]).lower() if isinstance(given[member], bool) else str(given[member])
            ]
    for key, member in (
        ("instancetypes", "InstanceType"),
        ("volumekmskey", "VolumeKmsKeyId"),
        ("outputkmskey", "KmsKeyId"),
    ):
        found = sorted(set(_values(given, member)))
        if found:
            context.setdefault(f"sagemaker:{key}", found)
    network = given.get("VpcConfig") or (given.get("NetworkConfig") or {}).get("VpcConfig") or {}
    if network:
        context["sagemaker:vpcsubnets"] = list(network.get("Subnets", []))
        context["sagemaker:vpcsecuritygroupids"] = list(network.get("SecurityGroupIds", []))
    for _, arns in needs(call)[:1]:
        for arn in arns:
            context.update({f"aws:resourcetag/{key.lower()}": [value] for key, value in tags.get(arn).items()})
    return context


def _values(params: Any, member: str) -> Iterable[str]:
    if isinstance(params, dict):
        for name, value in params.items():
            if name == member and isinstance(value, str):
                yield value
            else:
                yield from _values(value, member)
    elif isinstance(params, list):
        for value in params:
            yield from _values(value, member)
