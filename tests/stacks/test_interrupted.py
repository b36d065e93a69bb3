"""What a killed update may leave: everything that has a name of ours can be found again, and nothing of others' is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.births import calls as births
from machine.cli import PulumiError
from stacks import interrupted
from tests.replacing import HOLDS_DATA, fixed_name
from tests.stacks import environments

TAGS = {"headrace:stack": "test"}
# What Pulumi's second attempt just makes again: AWS takes the same name twice, or chooses the id.
MADE_AGAIN = {
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:kms/key:Key",  # one that was lost costs until somebody schedules its deletion
}


def test_what_has_a_name_of_ours_or_holds_data_can_be_found_by_its_id() -> None:
    kinds = {
        found.type
        for name in ("local", "dev", "prod")
        for found in environments.of(name).registrations
        if found.type.startswith("aws:") and (fixed_name(found) is not None or found.type in HOLDS_DATA)
    }
    assert kinds - MADE_AGAIN <= interrupted.IDS.keys()
    assert interrupted.BORN.keys() <= interrupted.IDS.keys()


def test_an_id_is_the_providers() -> None:
    table = interrupted.IDS["aws:glue/catalogTable:CatalogTable"]
    assert table("111122223333", {"databaseName": "flights", "name": "planes"}) == "111122223333:flights:planes"
    database = interrupted.IDS["aws:glue/catalogDatabase:CatalogDatabase"]
    assert database("111122223333", {"name": "flights"}) == "111122223333:flights"


def test_what_carries_tags_is_ours_by_the_stacks_tags() -> None:
    assert interrupted.is_ours({"name": "a"}, {"name": "a", "tagsAll": {**TAGS, "more": "tags"}}, TAGS)
    assert not interrupted.is_ours({"name": "a"}, {"name": "a", "tagsAll": {"headrace:stack": "other"}}, TAGS)
    assert not interrupted.is_ours({"name": "a"}, {"name": "a", "tagsAll": {}}, TAGS)


def test_what_carries_none_is_ours_by_every_value() -> None:
    asked = {"name": "alias/a", "targetKeyId": "one"}
    assert interrupted.is_ours(asked, {**asked, "arn": "arn:aws:kms:::alias/a"}, TAGS)
    assert not interrupted.is_ours(asked, {**asked, "targetKeyId": "two"}, TAGS)


PROVIDER = "urn:pulumi:test::headrace::pulumi:providers:aws::aws"


class Cli:
    """The stack's state as `pulumi` keeps it; a refresh looks at what AWS has."""

    def __init__(self, pending: list[dict[str, Any]], aws: dict[str, dict[str, Any]]) -> None:
        inputs = {"region": "eu-west-1", "defaultTags": json.dumps({"tags": TAGS})}
        provider = {"urn": PROVIDER, "type": "pulumi:providers:aws", "inputs": inputs}
        self.state: dict[str, Any] = {"deployment": {"resources": [provider], "pending_operations": pending}}
        self.aws = aws
        self.said: list[str] = []

    def __call__(self, *words: str) -> str:
        self.said.append(" ".join(words[:2]))
        if words[:2] == ("stack", "import"):
            self.state = json.loads(Path(words[-1]).read_text(encoding="utf-8"))
        if words[0] == "refresh":
            kept = []
            for one in self.state["deployment"]["resources"]:
                if one["urn"] not in words:
                    kept.append(one)
                elif one["id"] in self.aws:
                    kept.append({**one, "outputs": self.aws[one["id"]]})
            self.state["deployment"]["resources"] = kept
        return json.dumps(self.state)

    @property
    def ids(self) -> list[str]:
        """What the state holds beside the provider."""
        return [one["id"] for one in self.state["deployment"]["resources"][1:]]


def operation(name: str, kind: str = "aws:dynamodb/table:Table", what: str = "creating", **more: Any) -> dict[str, Any]:
    urn = f"urn:pulumi:test::headrace::{kind}::{name}"
    resource = {"urn": urn, "type": kind, "provider": f"{PROVIDER}::id", "inputs": {"name": name, **more}}
    return {"type": what, "resource": resource}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupted, "caller", lambda _: "111122223333")


def test_only_what_was_being_created_is_looked_for(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = Cli([operation("a", what="updating"), operation("b", what="deleting")], {})
    monkeypatch.setattr(interrupted, "pulumi", cli)
    assert interrupted.main(["test"]) == 0
    assert cli.said == ["stack export"]


def test_what_is_there_and_ours_is_taken_over_and_the_rest_left_to_be_made(
    account: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"ours": {"name": "ours", "tagsAll": TAGS}, "theirs": {"name": "theirs", "tagsAll": {}}}
    cli = Cli([operation("ours"), operation("theirs"), operation("never made")], there)
    monkeypatch.setattr(interrupted, "pulumi", cli)
    assert interrupted.main(["test"]) == 0
    assert cli.ids == ["ours"]
    assert cli.state["deployment"]["resources"][1]["outputs"] == there["ours"]
    assert cli.state["deployment"]["pending_operations"] == []
    said = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in said] == ["taken over as ours", *["left to be made again"] * 2]


@pytest.mark.parametrize(
    ("statuses", "taken"),
    [(["Creating", "InService"], ["e"]), (["InService"], ["e"]), (["Creating", "Failed"], []), ([None], [])],
)
def test_what_takes_long_is_waited_for_and_what_failed_is_not_taken(
    account: None, monkeypatch: pytest.MonkeyPatch, statuses: list[str | None], taken: list[str]
) -> None:
    cli = Cli([operation("e", kind="aws:sagemaker/endpoint:Endpoint")], {"e": {"name": "e", "tagsAll": TAGS}})
    monkeypatch.setattr(interrupted, "pulumi", cli)
    monkeypatch.setattr(interrupted, "_PAUSE_SECONDS", 0)
    looks = iter(statuses)
    monkeypatch.setattr(births, "status", lambda *_: next(looks))
    assert interrupted.main(["test"]) == 0
    assert cli.ids == taken
    assert list(looks) == []


def test_what_pulumi_refuses_is_said_without_a_traceback(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: str) -> str:
        raise PulumiError("pulumi stack export", "no backend")

    monkeypatch.setattr(interrupted, "pulumi", refuse)
    with pytest.raises(SystemExit, match="`pulumi stack export` failed:\nno backend"):
        interrupted.main(["test"])
