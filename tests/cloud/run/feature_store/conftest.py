"""A local cloud with one feature group, online and offline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.local import Cloud, allow, eventually, started

DEFINITIONS = [
    {"FeatureName": "origin", "FeatureType": "String"},
    {"FeatureName": "event_time", "FeatureType": "String"},
    {"FeatureName": "departures", "FeatureType": "Integral"},
    {"FeatureName": "mean_delay", "FeatureType": "Fractional"},
]


def record(**values: Any) -> list[dict[str, str]]:
    """Return a record in the API's form."""
    return [{"FeatureName": name, "ValueAsString": str(value)} for name, value in values.items()]


class Store(Cloud):
    """A local cloud and short ways to use its feature store."""

    def group(self, name: str, **more: Any) -> None:
        """Make a feature group and wait until it is there; `more` replaces parts of it."""
        self.client("sagemaker").create_feature_group(
            **{
                "FeatureGroupName": name,
                "RecordIdentifierFeatureName": "origin",
                "EventTimeFeatureName": "event_time",
                "FeatureDefinitions": DEFINITIONS,
                "OnlineStoreConfig": {"EnableOnlineStore": True},
                "OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://lake/features"}},
                "RoleArn": "arn:aws:iam::000000000000:role/features",
                **more,
            }
        )
        self.made(name)

    def made(self, name: str) -> None:
        """Wait until a group is made, and what was updated in it has come."""

        def settled() -> bool:
            found = self.client("sagemaker").describe_feature_group(FeatureGroupName=name)
            updating = found.get("LastUpdateStatus", {}).get("Status") == "InProgress"
            return found["FeatureGroupStatus"] == "Created" and not updating

        eventually(settled)

    def put(self, name: str, **values: Any) -> None:
        """Put a record."""
        self.client("sagemaker-featurestore-runtime").put_record(FeatureGroupName=name, Record=record(**values))

    def get(self, name: str, identifier: str, **more: Any) -> dict[str, str] | None:
        """Get a record as a dict, or None."""
        said = self.client("sagemaker-featurestore-runtime").get_record(
            FeatureGroupName=name, RecordIdentifierValueAsString=identifier, **more
        )
        if "Record" not in said:
            return None
        return {feature["FeatureName"]: feature["ValueAsString"] for feature in said["Record"]}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One local cloud for the folder's tests."""
    with started(Store, tmp_path_factory.mktemp("features")) as made:
        made.client("s3").create_bucket(Bucket="lake")
        made.role("features", "sagemaker.amazonaws.com", allow("s3:PutObject", "s3:GetBucketAcl"))
        yield made
