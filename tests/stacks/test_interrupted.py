"""What a killed update may leave: everything that has a name of ours can be found again, and nothing of others' is."""

from __future__ import annotations

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
