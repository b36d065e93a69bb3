"""The feature store keeps the newest values online and every record offline, and refuses what a group forbids."""

from __future__ import annotations

import io
import time
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import allow, eventually
from tests.cloud.run.feature_store.conftest import DEFINITIONS, Store, record

JFK = {"origin": "JFK", "event_time": "2013-04-01T10:00:00Z", "departures": 12, "mean_delay": 3.5}


def test_newest_event_time_wins_whatever_the_order_of_arrival(store: Store) -> None:
    store.group("newest")
    store.put("newest", **JFK)
    store.put("newest", **{**JFK, "event_time": "2013-04-01T09:00:00Z", "departures": 1})
    assert store.get("newest", "JFK") == {name: str(value) for name, value in JFK.items()}
    store.put("newest", **{**JFK, "event_time": "2013-04-01T10:00:00.500Z", "departures": 13})
    assert store.get("newest", "JFK", FeatureNames=["departures"]) == {"departures": "13"}
    assert store.get("newest", "EWR") is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"departures": "many"}, "departures must be Integral .* got 'many'"),
        ({"mean_delay": "nan"}, "mean_delay must be Fractional .* got 'nan'"),
        ({"runway": 4}, "runway is not defined; the group has origin, event_time, departures, mean_delay"),
        ({"event_time": "yesterday"}, "event_time must be yyyy-MM-ddTHH:mm:ssZ .* got 'yesterday'"),
        ({"event_time": "2013-02-30T00:00:00Z"}, "event_time is no moment of the calendar"),
    ],
)
def test_record_that_breaks_a_rule_names_the_feature(store: Store, change: dict[str, Any], said: str) -> None:
    _ensure(store, "strict")
    with pytest.raises(ClientError, match=said) as refused:
        store.put("strict", **{**JFK, **change})
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert store.get("strict", "JFK") is None


def test_all_faults_of_a_record_are_told_at_once(store: Store) -> None:
    _ensure(store, "strict")
    with pytest.raises(ClientError, match=r"departures must be .* origin must be there: it is the record identifier"):
        store.put("strict", event_time="2013-04-01T10:00:00Z", departures="x")


def test_unknown_group_is_not_found(store: Store) -> None:
    with pytest.raises(ClientError, match="Feature Group nowhere does not exist") as refused:
        store.get("nowhere", "JFK")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"


def test_batch_writes_the_good_entries_and_returns_the_bad_ones(store: Store) -> None:
    store.group("batch")
    runtime = store.client("sagemaker-featurestore-runtime")
    origins = [f"A{number:02d}" for number in range(24)]
    entries = [{"FeatureGroupName": "batch", "Record": record(**{**JFK, "origin": origin})} for origin in origins]
    entries.append({"FeatureGroupName": "batch", "Record": record(**{**JFK, "departures": 1.5})})
    said = runtime.batch_write_record(Entries=entries)
    assert said["UnprocessedEntries"] == []
    (error,) = said["Errors"]
    assert (error["ErrorCode"], error["Entry"]["Record"]) == ("ValidationError", entries[-1]["Record"])
    assert "departures must be Integral" in error["ErrorMessage"]
    found = runtime.batch_get_record(
        Identifiers=[
            {
                "FeatureGroupName": "batch",
                "RecordIdentifiersValueAsString": [*origins, "none"],
                "FeatureNames": ["origin"],
            }
        ]
    )
    assert [one["Record"][0]["ValueAsString"] for one in found["Records"]] == origins
    assert found["Errors"] == found["UnprocessedIdentifiers"] == []
    with pytest.raises(ClientError, match="at most 25 members, got 26"):
        store.hasty("sagemaker-featurestore-runtime").batch_write_record(Entries=entries + entries[:1])


def test_soft_delete_hides_and_hard_delete_forgets(store: Store) -> None:
    store.group("deleting")
    runtime = store.client("sagemaker-featurestore-runtime")
    named = {"FeatureGroupName": "deleting", "RecordIdentifierValueAsString": "JFK"}
    store.put("deleting", **JFK)
    runtime.delete_record(**named, EventTime="2013-04-01T11:00:00Z")
    assert store.get("deleting", "JFK") is None
    store.put("deleting", **JFK)
    assert store.get("deleting", "JFK") is None, "an older record must not bring a deleted one back"
    runtime.delete_record(**named, EventTime="2013-04-01T12:00:00Z", DeletionMode="HardDelete")
    store.put("deleting", **JFK)
    assert store.get("deleting", "JFK") is not None


def test_record_expires_after_its_time_to_live(store: Store) -> None:
    store.group("expiring", OnlineStoreConfig={"EnableOnlineStore": True, "TtlDuration": {"Unit": "Hours", "Value": 1}})
    store.put("expiring", **JFK)
    assert store.get("expiring", "JFK") is None
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    store.put("expiring", **{**JFK, "event_time": now})
    said = store.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName="expiring", RecordIdentifierValueAsString="JFK", ExpirationTimeResponse="Enabled"
    )
    assert said["ExpiresAt"] > now


def test_group_of_the_same_name_starts_empty(store: Store) -> None:
    store.group("again")
    store.put("again", **JFK)
    store.client("sagemaker").delete_feature_group(FeatureGroupName="again")
    with pytest.raises(ClientError, match="does not exist"):
        store.get("again", "JFK")
    store.group("again")
    assert store.get("again", "JFK") is None


def _offline(store: Store, name: str) -> list[dict[str, Any]]:
    described = store.client("sagemaker").describe_feature_group(FeatureGroupName=name)
    prefix = described["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"].removeprefix("s3://lake/")
    s3 = store.client("s3")
    rows = []
    for found in s3.list_objects_v2(Bucket="lake", Prefix=prefix + "/").get("Contents", []):
        body = s3.get_object(Bucket="lake", Key=found["Key"])["Body"].read()
        rows += pq.read_table(io.BytesIO(body)).to_pylist()
    return sorted(rows, key=lambda row: (row["event_time"], row["api_invocation_time"]))


def test_every_record_reaches_the_offline_store_with_its_types(store: Store) -> None:
    store.group("history")
    earlier = {**JFK, "event_time": "2013-03-01T10:00:00Z"}
    store.put("history", **JFK)
    store.put("history", **earlier)
    store.client("sagemaker-featurestore-runtime").delete_record(
        FeatureGroupName="history", RecordIdentifierValueAsString="JFK", EventTime="2013-05-01T00:00:00Z"
    )
    rows = eventually(lambda: _offline(store, "history") if len(_offline(store, "history")) == 3 else None)
    assert [{name: row[name] for name in JFK} for row in rows[:2]] == [earlier, JFK]
    assert [row["is_deleted"] for row in rows] == [False, False, True]
    assert rows[2]["departures"] is None
    assert all(row["write_time"] >= row["api_invocation_time"] for row in rows)


def test_target_stores_choose_where_a_record_goes(store: Store) -> None:
    store.group("chosen")
    runtime = store.client("sagemaker-featurestore-runtime")
    runtime.put_record(FeatureGroupName="chosen", Record=record(**JFK), TargetStores=["OfflineStore"])
    assert store.get("chosen", "JFK") is None
    eventually(lambda: _offline(store, "chosen"))
    store.client("sagemaker").create_feature_group(
        FeatureGroupName="online",
        RecordIdentifierFeatureName="origin",
        EventTimeFeatureName="event_time",
        FeatureDefinitions=DEFINITIONS,
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    store.made("online")
    with pytest.raises(ClientError, match="Feature Group online has no OfflineStore"):
        runtime.put_record(FeatureGroupName="online", Record=record(**JFK), TargetStores=["OfflineStore"])


def test_role_that_may_not_write_blocks_the_offline_store_and_keeps_the_records(store: Store) -> None:
    weak = store.role("weak", "sagemaker.amazonaws.com", allow("s3:GetBucketAcl"))
    store.group("blocked", RoleArn=weak)
    store.put("blocked", **JFK)
    sagemaker = store.client("sagemaker")

    def blocked() -> dict[str, Any] | None:
        status: dict[str, Any] = sagemaker.describe_feature_group(FeatureGroupName="blocked")["OfflineStoreStatus"]
        return status if status["Status"] == "Blocked" else None

    assert "AccessDenied" in eventually(blocked)["BlockedReason"]
    rights = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]}'
    store.client("iam").put_role_policy(RoleName="weak", PolicyName="rights", PolicyDocument=rights)
    assert len(eventually(lambda: _offline(store, "blocked"))) == 1


def test_thousands_of_records_are_quick_and_survive_a_restart(store: Store) -> None:
    store.group("many")
    runtime = store.client("sagemaker-featurestore-runtime")
    began = time.monotonic()
    for start in range(0, 2500, 25):
        rows = [record(**{**JFK, "origin": f"X{number}"}) for number in range(start, start + 25)]
        runtime.batch_write_record(Entries=[{"FeatureGroupName": "many", "Record": row} for row in rows])
    assert time.monotonic() - began < 20
    store.stop()
    store.start()
    assert store.get("many", "X2499", FeatureNames=["departures"]) == {"departures": "12"}
    eventually(lambda: len(_offline(store, "many")) == 2500)


def _ensure(store: Store, name: str) -> None:
    if not store.client("sagemaker").list_feature_groups(NameContains=name)["FeatureGroupSummaries"]:
        store.group(name)
