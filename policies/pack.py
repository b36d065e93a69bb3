"""The pack: finds the rules, gives each its level, and turns what they say into findings."""

import pkgutil
import traceback
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from policies import rules as rules_package
from policies.enforcement import LEVELS
from policies.exemptions import EXEMPTIONS, Exemption
from policies.rule import ResourceRule, Rule, StackRule
from policies.stack import NotYetKnown, Stack

NAME = "headrace"


def find_rules() -> list[ResourceRule | StackRule]:
    """Return the `RULE` of every module below `policies/rules/`, by name.

    Raises
    ------
    ValueError
        If a module has no rule, two rules share a name, or names and levels do not match; all at once.
    """
    found: list[ResourceRule | StackRule] = []
    errors: list[str] = []
    for module in pkgutil.walk_packages(rules_package.__path__, f"{rules_package.__name__}."):
        if module.ispkg:
            continue
        rule = getattr(import_module(module.name), "RULE", None)
        if isinstance(rule, ResourceRule | StackRule):
            found.append(rule)
        else:
            errors.append(f"`{module.name}` must define RULE, a ResourceRule or a StackRule")
    names = [rule.name for rule in found]
    errors += [
        f"`{name}` names several rules; give each its own" for name in sorted(set(names)) if names.count(name) > 1
    ]
    errors += [f"`{name}` has no level; add it to policies/enforcement.py" for name in sorted(set(names) - set(LEVELS))]
    errors += [f"`{name}` has a level but no rule; remove it from LEVELS" for name in sorted(set(LEVELS) - set(names))]
    if errors:
        raise ValueError("\n".join(errors))
    return sorted(found, key=lambda rule: rule.name)


def policies(exemptions: Sequence[Exemption] = EXEMPTIONS) -> list[Policy]:
    """Return the pack's policies: one for each rule, and one that tells which exemptions are in use."""
    found = find_rules()
    unknown = sorted({exemption.rule for exemption in exemptions} - {rule.name for rule in found})
    if unknown:
        raise ValueError(f"policies/exemptions.py names rules that do not exist: {', '.join(unknown)}")
    return [*(_policy(rule, exemptions) for rule in found), _exemptions_policy(exemptions)]


def serve() -> None:
    """Serve the pack to the engine until the engine ends it."""
    PolicyPack(NAME, policies=policies(), enforcement_level=EnforcementLevel.MANDATORY, display_name="Headrace")


def _policy(rule: ResourceRule | StackRule, exemptions: Sequence[Exemption]) -> Policy:
    common = {
        "name": rule.name,
        "description": f"{', '.join(rule.controls)}: {rule.title}.",
        "enforcement_level": LEVELS[rule.name],
        "config_schema": rule.config,
        "framework": PolicyComplianceFramework(name="AWS Security Hub"),
        "tags": list(rule.controls),
        "remediation_steps": rule.remedy,
    }

    def exempt(resource_type: str, name: str) -> bool:
        return any(exemption.covers(rule.name, resource_type, name) for exemption in exemptions)

    if isinstance(rule, StackRule):

        def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
            stack = Stack(args.resources)
            open_questions = []
            for resource in stack.of(rule.types):
                if exempt(resource.resource_type, resource.name):
                    continue
                reasons, missing = _judge(rule.check(resource, stack))
                for reason in reasons:
                    report(_finding(rule, resource.resource_type, resource.name, reason), resource.urn)
                if missing:
                    open_questions.append(f"{resource.name} ({missing})")
            if open_questions:
                raise _not_judged(rule, open_questions)

        return StackValidationPolicy(validate=validate_stack, **common)

    def validate_resource(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in rule.types or exempt(args.resource_type, args.name):
            return
        reasons, missing = _judge(rule.check(args))
        for reason in reasons:
            report(_finding(rule, args.resource_type, args.name, reason), args.urn)
        if missing:
            raise _not_judged(rule, [f"{args.name} ({missing})"])

    return ResourceValidationPolicy(validate=validate_resource, **common)


def _judge(check: Iterator[str]) -> tuple[list[str], str | None]:
    """Return a check's reasons, and what must be known before it can say more."""
    reasons: list[str] = []
    try:
        for reason in check:
            reasons.append(reason)  # one at a time: those found before an unknown are kept
    except UnknownValueError as unknown:
        return reasons, ".".join(unknown.props)
    except NotYetKnown as unknown:
        return reasons, str(unknown)
    except Exception as error:
        # An exception's own text may quote a property's value, so only its type and place are told.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        reasons.append(f"the rule itself broke on this resource ({type(error).__name__} at {where}); mend the rule")
    return reasons, None


def _finding(rule: Rule, resource_type: str, name: str, reason: str) -> str:
    return f"{name} ({resource_type}) breaks {rule.name} ({', '.join(rule.controls)}): {reason}. Remedy: {rule.remedy}"


def _not_judged(rule: Rule, resources: Iterable[str]) -> UnknownValueError:
    """Return the exception that the policy SDK reports as an advisory, whatever the rule's level."""
    error = UnknownValueError(UNKNOWN_STRING_VALUE, [])
    error.message = (
        f"{', '.join(rule.controls)} can be judged only by `pulumi up`, because this is not known before: "
        f"{', '.join(resources)}"
    )
    return error


def _exemptions_policy(exemptions: Sequence[Exemption]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for resource in args.resources:
            for exemption in exemptions:
                if exemption.covers(exemption.rule, resource.resource_type, resource.name):
                    text = f"{resource.name} need not keep {exemption.rule} until {exemption.until}: {exemption.reason}"
                    report(text, resource.urn)

    return StackValidationPolicy(
        "exemptions",
        "Resources that need not keep a rule for a while.",
        validate,
        enforcement_level=EnforcementLevel.ADVISORY,
    )
