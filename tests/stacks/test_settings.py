"""An environment's settings: every rule, every message, and which value wins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import config

from stacks.settings import Settings, SettingsError

REPOSITORY = Path(__file__).resolve().parents[2]
AT = "@"  # apart, because no file of the project holds an address
NEEDED: dict[str, Any] = {
    "region": "eu-west-1",
    "allowed_account_ids": ["111122223333"],
    "workload": "workloads/flights/workload.yaml",
}


def problems(environment: str, **values: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping(environment, {**NEEDED, **values})
    return [line.removeprefix("  - ") for line in str(caught.value).splitlines()[1:]]


def from_file(environment: str) -> Settings:
    """Read a stack's file as Pulumi hands it to the program: text, and lists as JSON."""
    written = yaml.safe_load((REPOSITORY / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8"))["config"]
    values = {key: json.dumps(value) if isinstance(value, list) else str(value) for key, value in written.items()}
    return Settings.from_mapping(environment, {key.removeprefix("headrace:"): value for key, value in values.items()})


def test_defaults_are_careful() -> None:
    settings = Settings.from_mapping("prod", NEEDED)
    assert settings.approval == "manual"
    assert settings.force_destroy is False
    assert settings.owns_job_logs is False
    assert settings.prefix == "headrace-prod"


def test_a_given_value_wins_over_the_default() -> None:
    settings = Settings.from_mapping("dev", {**NEEDED, "log_retention_days": "30", "force_destroy": "true"})
    assert settings.log_retention_days == 30
    assert settings.force_destroy is True


def test_local_settings_allow_nobodys_account_only() -> None:
    assert from_file("local").allowed_account_ids == ("000000000000",)
    assert len(problems("local", allowed_account_ids=["111122223333"])) == 1
    assert len(problems("local", allowed_account_ids=["000000000000", "111122223333"])) == 1


def test_dev_settings_load_and_name_the_documentation_account() -> None:
    assert from_file("dev").allowed_account_ids == ("111122223333",)


def test_no_other_environment_may_allow_the_local_account() -> None:
    (problem,) = problems("dev", allowed_account_ids=["000000000000"])
    assert problem.startswith("`headrace:allowed_account_ids` must be a list of account ids")
    assert "got ['000000000000']" in problem


def test_allowed_account_ids_are_required() -> None:
    with pytest.raises(SettingsError, match=r"`headrace:allowed_account_ids` must be .*, got nothing\. List"):
        Settings.from_mapping("dev", {key: value for key, value in NEEDED.items() if key != "allowed_account_ids"})


def test_an_account_id_without_quotes_is_refused_with_the_remedy() -> None:
    (problem,) = problems("local", allowed_account_ids="[0]")
    assert problem.endswith("got [0]. List the accounts that this environment may touch, each in quotes.")


def test_all_errors_are_told_at_once() -> None:
    told = problems(
        "dev", region="somewhere", approval="maybe", endpoint_instance_count="0", log_retention_days="31", colour="red"
    )
    assert told == [
        "`headrace:region` must be an AWS region, got 'somewhere'. Give a name such as eu-west-1.",
        "`headrace:approval` must be manual or automatic, got 'maybe'. Say manual where a person must approve.",
        "`headrace:endpoint_instance_count` must be a whole number from 1 to 100, got '0'. "
        "Give 2 or more where one instance may fail.",
        "`headrace:log_retention_days` must be a retention that CloudWatch Logs knows, got '31'. "
        "Choose 30, 90, 365 or another that its documentation lists.",
        "`headrace:colour` must be one of region, allowed_account_ids, workload, approval, training_instance_type, "
        "training_volume_gb, endpoint_instance_type, endpoint_instance_count, reconcile_minutes, notify, "
        "log_retention_days, owns_job_logs, force_destroy, got an unknown name. Correct the name or remove it.",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("training_instance_type", "m5.large"),
        ("endpoint_instance_type", "ml.m5"),
        ("training_volume_gb", "1"),
        ("reconcile_minutes", "0"),
        ("force_destroy", "perhaps"),
        ("owns_job_logs", "perhaps"),
        ("workload", "workloads/flights"),
        ("allowed_account_ids", []),
        ("notify", ["nobody"]),
    ],
)
def test_each_rule_names_its_field_and_the_value(field: str, value: Any) -> None:
    (problem,) = problems("dev", **{field: value})
    assert problem.startswith(f"`headrace:{field}` must be ")
    assert f"got {value!r}. " in problem


@pytest.mark.parametrize(
    "family", ["g4dn", "g5", "g6", "p3dn", "p4d", "p4de", "p5", "c5d", "m5d", "m5dn", "r5d", "c6gd", "g7e", "dl1", "q9"]
)
def test_an_instance_whose_volume_takes_no_key_is_refused(family: str) -> None:
    instance = f"ml.{family}.xlarge"
    told = problems("dev", training_instance_type=instance, endpoint_instance_type=instance)
    assert len(told) == 2
    assert all("without local NVMe storage, for which SageMaker refuses a volume key" in problem for problem in told)


@pytest.mark.parametrize("family", ["m5", "c5", "c6g", "c7i", "r5", "t2", "p3", "inf1", "inf2"])
def test_an_endpoint_whose_volume_takes_a_key_is_accepted(family: str) -> None:
    Settings.from_mapping("dev", {**NEEDED, "endpoint_instance_type": f"ml.{family}.xlarge"})


@pytest.mark.parametrize("name", ["Dev", "dev_1", "dev-2", "anamethatistoolong"])
def test_a_stack_whose_name_cannot_be_part_of_names_is_refused(name: str) -> None:
    (problem,) = problems(name)
    assert problem.startswith("`the stack's name` must be 1 to 16 lower-case letters")


def test_who_is_told_is_a_list_each_once_and_no_error_shows_an_address() -> None:
    queue = "arn:aws:sqs:eu-west-1:111122223333:alarms"
    told = [f"ada{AT}example.com", "https://hooks.example.com/x", queue]
    assert Settings.from_mapping("dev", {**NEEDED, "notify": json.dumps(told)}).notify == tuple(told)
    for wrong in ([*told, told[0]], [*told, "http://hooks.example.com"], json.dumps([*told, "+4512345678"])):
        (problem,) = problems("dev", notify=wrong)
        assert problem.startswith("`headrace:notify` must be a list of e-mail addresses")
        assert "pulumi config set --secret headrace:notify" in problem
        assert f"a...{AT}example.com" in problem
        assert f"ada{AT}" not in problem


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    values: dict[str, str] = {}
    token = config.CONFIG.set(values)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    yield values
    config.CONFIG.reset(token)


def test_pulumis_configuration_is_read_and_other_namespaces_are_left_alone(stack: dict[str, str]) -> None:
    stack.update(
        {
            "headrace:region": "eu-west-1",
            "headrace:allowed_account_ids": '["111122223333"]',
            "headrace:workload": "workloads/flights/workload.yaml",
            "aws:profile": "somebody",
        }
    )
    assert Settings.from_pulumi() == Settings.from_mapping("dev", NEEDED)


def test_an_unknown_key_of_our_namespace_is_reported(stack: dict[str, str]) -> None:
    stack.update({"headrace:reigon": "eu-west-1"})
    with pytest.raises(SettingsError, match=r"`headrace:reigon` must be one of region, .*unknown name"):
        Settings.from_pulumi()


# Amazon CloudWatch Logs API reference, PutRetentionPolicy
RETENTIONS = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}


def test_logs_are_kept_for_as_many_days_as_cloudwatch_knows() -> None:
    def taken(days: int) -> bool:
        try:
            Settings.from_mapping("dev", {**NEEDED, "log_retention_days": str(days)})
        except SettingsError:
            return False
        return True

    assert {days for days in range(3700) if taken(days)} == RETENTIONS
