"""The pack as a whole: its rules are found, mirrored and levelled, and it starts as the engine starts it."""

import ast
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy

from policies import enforcement, pack
from policies.exemptions import EXEMPTIONS, Exemption
from policies.rule import ResourceCheck, ResourceRule
from tests.policies.buckets import RAW
from tests.policies.harness import SECRET, judge

ROOT = Path(__file__).parents[2]
TODAY = datetime.now(UTC).date()
RULE_FILES = sorted(
    path.relative_to(ROOT / "policies") for path in (ROOT / "policies/rules").rglob("*.py") if path.stem != "__init__"
)


@pytest.mark.parametrize("rule", RULE_FILES, ids=str)
def test_every_rule_has_a_test_that_passes_fails_is_unknown_and_keeps_secrets(rule: Path) -> None:
    mirror = ROOT / "tests/policies" / rule.parent / f"test_{rule.name}"
    names = [node.name for node in ast.parse(mirror.read_text()).body if isinstance(node, ast.FunctionDef)]
    for kind in ("test_passes", "test_fails", "test_unknown", "test_secrets"):
        assert any(name.startswith(kind) for name in names), f"{mirror.name} has no {kind}..."


def test_every_rule_file_is_in_the_pack() -> None:
    assert len(pack.find_rules()) == len(RULE_FILES)


def test_every_rule_says_what_holds_by_which_control_and_what_to_do() -> None:
    for rule in pack.find_rules():
        assert rule.controls, rule.name
        assert rule.types, rule.name
        assert not rule.title.endswith("."), rule.name
        assert rule.remedy.endswith("."), rule.name


def test_names_are_unique_and_all_rules_are_mandatory() -> None:
    found = pack.policies()
    names = [policy.name for policy in found]
    assert len(names) == len(set(names))
    advisory = {policy.name for policy in found if policy.enforcement_level is not EnforcementLevel.MANDATORY}
    assert advisory == {"exemptions"}


def test_every_rule_is_in_the_documents_table() -> None:
    page = (ROOT / "docs/policies.md").read_text()
    for rule in pack.find_rules():
        row = next((line for line in page.splitlines() if line.startswith(f"| `{rule.name}` |")), "")
        for control in rule.controls:
            assert control.removeprefix("Config:") in row, f"docs/policies.md lacks {rule.name} with {control}"


def test_all_mistakes_in_rules_and_levels_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {
        "rules.one": SimpleNamespace(RULE=_rule("twice")),
        "rules.two": SimpleNamespace(RULE=_rule("twice")),
        "rules.three": SimpleNamespace(),
    }
    found = [SimpleNamespace(name=name, ispkg=False) for name in modules]
    monkeypatch.setattr(pkgutil, "walk_packages", lambda *_: found)
    monkeypatch.setattr(pack, "import_module", modules.__getitem__)
    monkeypatch.setattr(pack, "LEVELS", {"gone": EnforcementLevel.ADVISORY})
    with pytest.raises(ValueError, match="RULE") as caught:
        pack.find_rules()
    assert str(caught.value).splitlines() == [
        "`rules.three` must define RULE, a ResourceRule or a StackRule",
        "`twice` names several rules; give each its own",
        "`twice` has no level; add it to policies/enforcement.py",
        "`gone` has a level but no rule; remove it from LEVELS",
    ]


def test_a_rule_that_breaks_is_a_violation_and_does_not_quote_what_it_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(args: object) -> Iterator[str]:
        yield "this was found before"
        raise KeyError(SECRET)

    policy = _policy(monkeypatch, check)
    findings = _report(policy)
    assert len(findings) == 2
    assert "this was found before" in findings[0]
    assert "the rule itself broke on this resource (KeyError at test_pack.py:" in findings[1]
    assert SECRET not in "".join(findings)


def test_an_exempted_resource_is_told_but_not_stopped() -> None:
    exemption = Exemption(rule="s3-versioning", resource="aws:s3/bucket:Bucket::raw", reason="A scratch.", until=TODAY)
    by_name = {policy.name: policy for policy in pack.policies([exemption])}
    assert _report_stack(by_name["s3-versioning"]) == []
    assert len(_report_stack(by_name["s3-tls-only"])) == 1
    assert _report_stack(by_name["exemptions"]) == [f"raw need not keep s3-versioning until {TODAY}: A scratch."]
    assert by_name["exemptions"].enforcement_level is EnforcementLevel.ADVISORY


def test_an_exemption_ends_and_covers_only_its_resource() -> None:
    exemption = Exemption(rule="s3-versioning", resource="aws:s3/bucket:Bucket::raw", reason="A scratch.", until=TODAY)
    ended = replace(exemption, until=TODAY - timedelta(days=1))
    another = replace(exemption, resource="aws:s3/bucket:Bucket::logs")
    by_name = {policy.name: policy for policy in pack.policies([ended, another])}
    assert len(_report_stack(by_name["s3-versioning"])) == 1
    assert _report_stack(by_name["exemptions"]) == []


def test_an_exempted_resource_rule_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(args: object) -> Iterator[str]:
        yield "never kept"

    exemption = Exemption(rule="try", resource="aws:x/y:Y::thing", reason="It is tried out.", until=TODAY)
    assert _report(_policy(monkeypatch, check)) != []
    assert _report(_policy(monkeypatch, check, exemption)) == []


def test_an_exemption_from_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="names rules that do not exist: s4-tls"):
        pack.policies([Exemption(rule="s4-tls", resource="a::b", reason="?", until=TODAY)])


def test_exemptions_in_use_are_written_down_with_a_reason() -> None:
    page = (ROOT / "docs/decisions/exemptions.md").read_text()
    for exemption in EXEMPTIONS:
        assert exemption.reason
        assert exemption.resource in page


def test_levels_live_apart_from_the_rules() -> None:
    for path in RULE_FILES:
        assert "EnforcementLevel" not in (ROOT / "policies" / path).read_text(), path
    assert list(enforcement.LEVELS) == sorted(enforcement.LEVELS)


def test_the_pack_starts_as_the_engine_starts_it(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policies")]
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                analyzer = analyzer_pb2_grpc.AnalyzerStub(channel)
                info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=30)
                request = analyzer_pb2.AnalyzeRequest(type="aws:kms/key:Key", urn="urn:key", name="data")
                answer = analyzer.Analyze(request, timeout=30)
        finally:
            process.terminate()
    assert info.name == "headrace"
    assert {policy.name for policy in info.policies} == {policy.name for policy in pack.policies()}
    assert [item.policyName for item in answer.diagnostics] == ["kms-key-rotation"]


def test_a_stack_without_the_pack_s_resources_is_silent() -> None:
    assert judge("kms-key-rotation", RAW).silent


def _rule(name: str, check: ResourceCheck = iter) -> ResourceRule:
    return ResourceRule(name=name, controls=("X.1",), title="It holds", types=("aws:x/y:Y",), remedy="Do.", check=check)


def _policy(monkeypatch: pytest.MonkeyPatch, check: ResourceCheck, *exemptions: Exemption) -> ResourceValidationPolicy:
    monkeypatch.setattr(pack, "find_rules", lambda: [_rule("try", check)])
    monkeypatch.setattr(pack, "LEVELS", {"try": EnforcementLevel.MANDATORY})
    return pack.policies(exemptions)[0]


def _report(policy: ResourceValidationPolicy) -> list[str]:
    findings: list[str] = []
    resource = SimpleNamespace(resource_type="aws:x/y:Y", name="thing", urn="urn:thing", props={})
    policy.validate(resource, lambda text, _urn=None: findings.append(text))
    return findings


def _report_stack(policy: StackValidationPolicy) -> list[str]:
    findings: list[str] = []
    bucket = SimpleNamespace(
        resource_type=RAW.type, name=RAW.name, urn=RAW.urn, props=dict(RAW.properties), property_dependencies={}
    )
    policy.validate(SimpleNamespace(resources=[bucket]), lambda text, _urn=None: findings.append(text))
    return findings
