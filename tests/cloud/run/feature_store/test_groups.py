"""Feature groups as AWS makes and changes them: not at once, by additions alone, one update at a time."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.run.feature_store.conftest import DEFINITIONS, Store

JFK = {"origin": "JFK", "event_time": "2013-04-01T10:00:00Z", "departures": 12, "mean_delay": 3.5}
GATES = {"FeatureName": "gates", "FeatureType": "Integral"}


def _described(store: Store, name: str) -> dict[str, Any]:
    found: dict[str, Any] = store.client("sagemaker").describe_feature_group(FeatureGroupName=name)
    return found


def _refused(store: Store, said: str, code: str = "ValidationException", **update: Any) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        store.hasty("sagemaker").update_feature_group(**update)
    assert refused.value.response["Error"]["Code"] == code


def test_a_group_takes_a_moment_to_be_made(store: Store) -> None:
    store.client("sagemaker").create_feature_group(
        FeatureGroupName="slow",
        RecordIdentifierFeatureName="origin",
        EventTimeFeatureName="event_time",
        FeatureDefinitions=DEFINITIONS,
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    assert _described(store, "slow")["FeatureGroupStatus"] == "Creating"
    with pytest.raises(ClientError, match="slow is Creating"):
        store.put("slow", **JFK)
    store.made("slow")
    store.put("slow", **JFK)


def test_a_feature_that_is_added_can_be_written_once_the_update_has_come(store: Store) -> None:
    store.group("growing")
    store.put("growing", **JFK)
    store.client("sagemaker").update_feature_group(FeatureGroupName="growing", FeatureAdditions=[GATES])
    found = _described(store, "growing")
    assert found["LastUpdateStatus"] == {"Status": "InProgress"}
    assert found["FeatureDefinitions"] == DEFINITIONS
    with pytest.raises(ClientError, match="gates is not defined"):
        store.put("growing", **JFK, gates=4)
    more = {"FeatureName": "runways", "FeatureType": "Integral"}
    _refused(store, "growing is in progress", FeatureGroupName="growing", FeatureAdditions=[more])
    store.made("growing")
    found = _described(store, "growing")
    assert found["LastUpdateStatus"] == {"Status": "Successful"}
    assert found["FeatureDefinitions"] == [*DEFINITIONS, GATES]
    assert store.get("growing", "JFK") == {name: str(value) for name, value in JFK.items()}
    store.put("growing", **JFK, gates=4)
    assert store.get("growing", "JFK", FeatureNames=["gates"]) == {"gates": "4"}


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"FeatureAdditions": [DEFINITIONS[2]]}, "departures is there already"),
        ({"FeatureAdditions": [{"FeatureName": "write_time", "FeatureType": "String"}]}, "cannot be write_time"),
        ({"FeatureAdditions": []}, "featureAdditions"),
        (
            {"FeatureAdditions": [{"FeatureName": f"f{number}", "FeatureType": "String"} for number in range(101)]},
            "featureAdditions",
        ),
        ({}, "exactly one of"),
        ({"FeatureAdditions": [GATES], "OnlineStoreConfig": {"TtlDuration": {"Unit": "Days", "Value": 1}}}, "exactly"),
    ],
)
def test_what_aws_would_refuse_changes_nothing(store: Store, update: dict[str, Any], said: str) -> None:
    if not store.client("sagemaker").list_feature_groups(NameContains="steady")["FeatureGroupSummaries"]:
        store.group("steady")
    _refused(store, said, FeatureGroupName="steady", **update)
    assert _described(store, "steady")["FeatureDefinitions"] == DEFINITIONS
    assert "LastUpdateStatus" not in _described(store, "steady")


def test_a_group_that_is_not_there_cannot_be_updated(store: Store) -> None:
    _refused(store, "does not exist", "ResourceNotFound", FeatureGroupName="nowhere", FeatureAdditions=[GATES])


def test_a_time_to_live_leaves_the_rest_of_the_online_store_as_it_is(store: Store) -> None:
    key = {"SecurityConfig": {"KmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/one"}}
    store.group("lasting", OnlineStoreConfig={"EnableOnlineStore": True, **key})
    duration = {"TtlDuration": {"Unit": "Hours", "Value": 1}}
    store.client("sagemaker").update_feature_group(FeatureGroupName="lasting", OnlineStoreConfig=duration)
    store.made("lasting")
    assert _described(store, "lasting")["OnlineStoreConfig"] == {"EnableOnlineStore": True, **key, **duration}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"OnlineStoreConfig": None, "OfflineStoreConfig": None}, "At least one of"),
        ({"RoleArn": None}, "RoleArn is required"),
        ({"FeatureDefinitions": [*DEFINITIONS, DEFINITIONS[0]]}, "origin is there already"),
        ({"EventTimeFeatureName": "at"}, "EventTimeFeatureName 'at' is not one of"),
    ],
)
def test_a_group_that_aws_would_not_make_is_refused(store: Store, given: dict[str, Any], said: str) -> None:
    asked = {
        "FeatureGroupName": "impossible",
        "RecordIdentifierFeatureName": "origin",
        "EventTimeFeatureName": "event_time",
        "FeatureDefinitions": DEFINITIONS,
        "OnlineStoreConfig": {"EnableOnlineStore": True},
        "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://lake/features"}},
        "RoleArn": "arn:aws:iam::000000000000:role/features",
        **given,
    }
    with pytest.raises(ClientError, match=said):
        store.client("sagemaker").create_feature_group(**{name: value for name, value in asked.items() if value})
    assert not store.client("sagemaker").list_feature_groups(NameContains="impossible")["FeatureGroupSummaries"]


def test_a_feature_carries_a_description_and_parameters_that_can_change(store: Store) -> None:
    store.group("explained")
    sagemaker = store.client("sagemaker")
    one = {"FeatureGroupName": "explained", "FeatureName": "origin"}
    assert "Description" not in sagemaker.describe_feature_metadata(**one)
    added = [{"Key": "unit", "Value": "none"}, {"Key": "owner", "Value": "us"}]
    sagemaker.update_feature_metadata(**one, Description="An airport", ParameterAdditions=added)
    sagemaker.update_feature_metadata(**one, Description="Where it leaves", ParameterRemovals=["unit"])
    found = sagemaker.describe_feature_metadata(**one)
    assert (found["Description"], found["Parameters"]) == ("Where it leaves", added[1:])
    assert found["FeatureType"] == "String"
    assert found["LastModifiedTime"] > found["CreationTime"]
    with pytest.raises(ClientError, match="Feature runway of feature group explained does not exist"):
        sagemaker.update_feature_metadata(FeatureGroupName="explained", FeatureName="runway", Description="?")
