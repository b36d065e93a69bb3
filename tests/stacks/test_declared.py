"""What the resources of an environment say: encryption, protection, alarms, life cycles, and all of it as a text.

`declared.txt` is for reviewers: the value of each plain setting, what is waited for, what is left alone, and from which
resources an input is made. Write it anew with: `python -m tests.stacks.test_declared`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.components.recording import Recording, Registration
from tests.stacks import environments

SNAPSHOT = Path(__file__).with_name("declared.txt")
DIGEST = re.compile(r"[0-9a-f]{64}")
KEY = re.compile(r"arn:aws:kms:[^:]+:\d+:key/keys-(\w+)-0000000")
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"

# Which of the three keys encrypts what, wherever a key can be named. Access logs take S3's own keys only.
KEYS = {
    "data": {
        "catalogue-workgroup",
        "flights-endpoint-bootstrap-configuration",  # what is captured
        "flights-files-features.sql",
        "flights-files-workload.yaml",
        "flights-features-aircraft",
        "flights-features-origin",
        "flights-features-route",
        "lake-curated-encryption",
        "lake-raw-encryption",
        "flights-release-lease",
        "flights-release-ledger-table",
    },
    "model": {
        "flights-endpoint-bootstrap-configuration",
        "image-build",
        "image-repository",
        "lake-artifacts-encryption",
        "flights-files-bootstrap",
    },
    "logs": {
        "alarms-topic",
        "flights-approver-log",
        "flights-endpoint-log",
        "image-build-log",
        "job-logs-processing",
        "job-logs-training",
        "flights-release-log",
    },
}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield every plain value within an input, by its path; lists add nothing to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "__defaults":
                yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield ".".join(path), value


def written(recording: Recording) -> str:
    """Return the text of `declared.txt`."""
    sections = (_settings(recording), _order(recording), _made_from(recording))
    return "\n\n".join("\n".join(sorted(section)) for section in sections) + "\n"


def _settings(recording: Recording) -> Iterator[str]:
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in recording.aws:
        for path, value in leaves(one.inputs):
            if not _is_text(path, value):
                shown = DIGEST.sub("DIGEST", f"{value}")
                found[f"{one.type.rpartition(':')[2]}.{path}"][shown].append(one.name)
    for path, values in found.items():
        for value, names in values.items():
            among = f"{len(names)} times" if len(values) == 1 else ", ".join(sorted(names))
            yield f"{path} = {value} ({among})"


def _is_text(path: str, value: Any) -> bool:
    """Say whether a value is a sentence, a name or a document, which other tests look at."""
    if not isinstance(value, str):
        return False
    return bool(
        re.search(r"0000000|headrace|arn:|\{", value)
        or re.search(r"escription|columns|featureDef|content$|contentBase64", path)
    )


def _order(recording: Recording) -> Iterator[str]:
    names = {found.urn: found.name for found in recording.registrations}
    for found in recording.registrations:
        by_hand = set(found.depends_on) - {urn for urns in found.sources.values() for urn in urns}
        if by_hand:
            yield f"{found.name} waits for {', '.join(sorted(names.get(urn, urn) for urn in by_hand))}"
        if found.ignored:
            yield f"{found.name} leaves alone {', '.join(found.ignored)}"
        if found.replaced_on:
            yield f"{found.name} is replaced by a change of {', '.join(found.replaced_on)}"
        for does, what in (
            (found.deleted_first, "deleted before it is made anew"),
            (found.protected, "protected"),
            (found.retained, "kept in AWS when it is forgotten"),
        ):
            if does:
                yield f"{found.name} is {what}"


def _made_from(recording: Recording) -> Iterator[str]:
    names = {found.urn: found.name for found in recording.registrations}
    for found in recording.registrations:
        for key, urns in found.sources.items():
            if urns and found.type.split(":")[0] != "headrace" and key not in ("policy", "definition"):
                yield f"{found.name}.{key} <- {', '.join(sorted(names[urn] for urn in urns))}"


def test_everything_is_declared_as_reviewed() -> None:
    assert written(environments.of("local")).splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", environments.EVERY)
def test_everything_that_takes_a_key_has_the_one_of_its_kind(name: str) -> None:
    recording = environments.of(name)
    there = {found.name for found in recording.aws}
    used: dict[str, set[str]] = defaultdict(set)
    for found in recording.aws:
        for _, value in leaves(
            {key: value for key, value in found.inputs.items() if key not in ("policy", "definition")}
        ):
            if isinstance(value, str) and (key := KEY.fullmatch(value)):
                used[key[1]].add(found.name)
    assert used == {key: named & there for key, named in KEYS.items()}


@pytest.mark.parametrize(("name", "may_go"), [("local", True), ("dev", True), ("prod", False)])
def test_data_go_with_an_environment_only_where_its_settings_say_so(name: str, may_go: bool) -> None:
    recording = environments.of(name)

    def said(type_: str, key: str) -> set[Any]:
        return {found.inputs[key] for found in recording.of(type_) if key in found.inputs}

    assert said("aws:s3/bucket:Bucket", "forceDestroy") == {may_go}
    assert said("aws:ecr/repository:Repository", "forceDelete") == {may_go}
    assert said("aws:athena/workgroup:Workgroup", "forceDestroy") == {may_go}
    assert said("aws:kms/key:Key", "deletionWindowInDays") == {7 if may_go else 30}
    assert said("aws:dynamodb/table:Table", "deletionProtectionEnabled") == {not may_go}
    ledger = recording.one("aws:dynamodb/table:Table", "flights-release-ledger-table")
    assert ledger.inputs["deletionProtectionEnabled"] is not may_go


@pytest.mark.parametrize(("name", "days"), [("local", 90), ("dev", 90), ("prod", 365)])
def test_logs_are_kept_as_long_as_the_settings_say(name: str, days: int) -> None:
    groups = environments.of(name).of("aws:cloudwatch/logGroup:LogGroup")
    assert {group.name for group in groups} >= {"flights-endpoint-log", "image-build-log", "flights-release-log"}
    assert {group.inputs["retentionInDays"] for group in groups} == {days}


@pytest.mark.parametrize(
    ("alarm", "metric", "statistic", "threshold"),
    [
        ("flights-alarms-server-errors", "Invocation5XXErrors", ("statistic", "Average"), 0.01),
        ("flights-alarms-client-errors", "Invocation4XXErrors", ("statistic", "Average"), 0.2),
        ("flights-alarms-latency", "ModelLatency", ("extendedStatistic", "p99"), 1_000_000),
    ],
)
def test_an_alarm_rings_after_three_bad_minutes_of_five(
    alarm: str, metric: str, statistic: tuple[str, str], threshold: float
) -> None:
    recording = environments.of("prod")
    inputs = recording.one(ALARM, alarm).inputs
    topic = recording.one("aws:sns/topic:Topic", "alarms-topic").state["arn"]
    assert {key: value for key, value in inputs.items() if key != "alarmDescription"} == {
        "namespace": "AWS/SageMaker",
        "metricName": metric,
        "dimensions": {"EndpointName": "headrace-prod-flights", "VariantName": "live"},
        statistic[0]: statistic[1],
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": threshold,
        "period": 60,
        "evaluationPeriods": 5,
        "datapointsToAlarm": 3,
        "treatMissingData": "notBreaching",
        "alarmActions": [topic],
        "okActions": [topic],
        "tags": {"headrace:workload": "flights"},
    }


def test_layers_of_builds_that_never_finished_go_and_tagged_images_stay() -> None:
    policy = environments.of("prod").one("aws:ecr/lifecyclePolicy:LifecyclePolicy", "image-lifecycle").inputs["policy"]
    (rule,) = json.loads(policy)["rules"]
    assert rule["selection"] == {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": 30,
    }
    assert (rule["rulePriority"], rule["action"]) == (1, {"type": "expire"})


def test_every_child_is_named_after_its_parent() -> None:
    recording = environments.of("local")
    names = {found.urn: found.name for found in recording.registrations}

    def strays(found: Registration) -> bool:
        above = names.get(found.parent, found.name)
        return found.name != above and not found.name.startswith(f"{above}-")

    assert [found.name for found in recording.registrations if strays(found)] == []
    orphans = {found.name for found in recording.aws if found.parent not in names}
    assert orphans == set()


if __name__ == "__main__":
    SNAPSHOT.write_text(written(environments.of("local")), encoding="utf-8")
