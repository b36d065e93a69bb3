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

from stacks.settings import Settings, SettingsError, given

REPOSITORY = Path(__file__).resolve().parents[2]
AT = "@"  # apart, because no file of the project holds an address
NEEDED: dict[str, Any] = {
    "region": "eu-west-1",
    "allowed_account_ids": ["111122223333"],
    "workloads": ["workloads/flights/workload.yaml"],
}


def problems(environment: str, **values: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping(environment, {**NEEDED, **values})
    return [line.removeprefix("  - ") for line in str(caught.value).splitlines()[1:]]


def from_file(environment: str) -> Settings:
    """Read the settings of a stack's file."""
    return Settings.from_mapping(environment, values_of(environment))


def values_of(environment: str) -> dict[str, str]:
    """Read a stack's file as Pulumi hands it to the program: text, and lists as JSON."""
    written = yaml.safe_load((REPOSITORY / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8"))["config"]
    values = {key: json.dumps(value) if isinstance(value, list) else str(value) for key, value in written.items()}
    return {key.removeprefix("headrace:"): value for key, value in values.items()}


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
        "`headrace:approval` must be manual or automatic, got 'maybe'. Say manual where a person must approve.",
        "`headrace:endpoint_instance_count` must be a whole number from 1 to 100, got '0'. "
        "Give 2 or more where one instance may fail.",
        "`headrace:region` must be an AWS region, got 'somewhere'. Give a name such as eu-west-1.",
        "`headrace:log_retention_days` must be a retention that CloudWatch Logs knows, got '31'. "
        "Choose 30, 90, 365 or another that its documentation lists.",
        "`headrace:colour` must be one of region, allowed_account_ids, workloads, notify, log_retention_days, "
        "owns_job_logs, force_destroy, approval, training_instance_type, training_volume_gb, endpoint_instance_type, "
        "endpoint_instance_count, reconcile_minutes, got an unknown name. Correct the name or remove it.",
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
        ("workloads", "workloads/flights/workload.yaml"),
        ("workloads", []),
        ("workloads", "[workloads/flights/workload.yaml]"),
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


FLIGHTS = "workloads/flights/workload.yaml"


def test_a_workload_has_the_environments_choices_where_it_makes_none() -> None:
    entries = [FLIGHTS, {"file": "other.yaml", "approval": "manual", "endpoint_instance_count": 1}]
    given = {"approval": "automatic", "endpoint_instance_count": "3", "training_volume_gb": "50"}
    settings = Settings.from_mapping("dev", {**NEEDED, **given, "workloads": json.dumps(entries)})
    first, second = (entry.over(settings) for entry in settings.workloads)
    assert (first.approval, first.endpoint_instance_count, first.training_volume_gb) == ("automatic", 3, 50)
    assert (second.approval, second.endpoint_instance_count, second.training_volume_gb) == ("manual", 1, 50)


def test_what_is_wrong_with_an_entry_is_told_with_its_place_beside_all_else() -> None:
    entries = [
        "workloads/flights",
        {"file": FLIGHTS, "approval": "maybe", "endpoint_instance_type": "ml.g5.xlarge", "notify": []},
        {"training_volume_gb": 1},
        7,
    ]
    told = problems("dev", region="somewhere", workloads=json.dumps(entries))
    assert told[0].startswith("`headrace:region` must be an AWS region")
    assert [problem.partition(",")[0] for problem in told[1:]] == [
        "`headrace:workloads[0].file` must be the path of a workload file",
        "`headrace:workloads[1].approval` must be manual or automatic",
        "`headrace:workloads[1].endpoint_instance_type` must be a SageMaker instance type without local NVMe storage",
        "`headrace:workloads[1].notify` must be one of file",
        "`headrace:workloads[2].training_volume_gb` must be whole gigabytes from 5 to 16384",
        "`headrace:workloads[2].file` must be the path of a workload file",
        "`headrace:workloads[3]` must be a list of workload files",
    ]
    assert "got 'workloads/flights'. See workloads/flights/workload.yaml." in told[1]
    assert "got nothing. " in told[6]


def test_who_sets_the_old_name_is_told_the_new_one_and_no_more() -> None:
    values = {**NEEDED, "workload": FLIGHTS}
    del values["workloads"]
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping("dev", values)
    assert str(caught.value).splitlines()[1:] == [
        f"  - `headrace:workload` must be `headrace:workloads`, a list, got '{FLIGHTS}'. "
        f"Write `headrace:workloads: [{FLIGHTS}]`."
    ]


@pytest.mark.parametrize("name", ["local", "localb", "local2"])
def test_an_environment_on_this_machine_may_touch_nobodys_account_alone(name: str) -> None:
    Settings.from_mapping(name, {**NEEDED, "allowed_account_ids": ["000000000000"]})
    (problem,) = problems(name)
    assert "for an environment whose name begins with `local`, and never that one for others" in problem
    assert "got ['111122223333']" in problem


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
            "headrace:workloads": '["workloads/flights/workload.yaml"]',
            "aws:profile": "somebody",
        }
    )
    assert Settings.from_mapping(*given()) == Settings.from_mapping("dev", NEEDED)


def test_an_unknown_key_of_our_namespace_is_reported(stack: dict[str, str]) -> None:
    stack.update({"headrace:reigon": "eu-west-1"})
    with pytest.raises(SettingsError, match=r"`headrace:reigon` must be one of region, .*unknown name"):
        Settings.from_mapping(*given())


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
