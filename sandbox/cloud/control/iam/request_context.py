"""The condition keys that a request carries, as the service authorization reference lists them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud.actions import Call
from sandbox.cloud.control.iam.resources import needs
from sandbox.cloud.control.sagemaker import tags

Context = dict[str, list[str]]


def context_of(call: Call, environ: dict[str, Any], role_arn: str | None) -> Context:
    """Return the condition keys of a call, in lower case.

    Parameters
    ----------
    call : Call
    environ : dict
        The request's WSGI environment.
    role_arn : str or None
        The caller's role; None for the account's own keys.
    """
    now = datetime.now(UTC)
    context: Context = {
        "aws:securetransport": ["true"],  # the loopback interface counts as secure
        "aws:sourceip": ["127.0.0.1"],
        "aws:currenttime": [now.strftime("%Y-%m-%dT%H:%M:%SZ")],
        "aws:epochtime": [str(int(now.timestamp()))],
        "aws:requestedregion": [call.region],
        "aws:principalaccount": [call.account],
        "aws:principaltype": ["AssumedRole" if role_arn else "Account"],
        "aws:principalarn": [role_arn or f"arn:aws:iam::{call.account}:root"],
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
