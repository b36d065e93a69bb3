"""What Feature Store looks at when a group with an offline store is made: its role, and the bucket."""

from __future__ import annotations

from botocore.exceptions import ClientError

from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam.service_uses import FEATURE_STORE
from sandbox.cloud.run.shared.roles import assume, describe_error, role_client
from sandbox.cloud.run.shared.transfer import split
from sandbox.cloud.state.records import Record


def check(row: Record) -> None:
    """Make a group CreateFailed whose role cannot be assumed, or may not look at the offline store's bucket.

    The looks are those of the managed policy AmazonSageMakerFeatureStoreAccess.

    Raises
    ------
    AwsError
        ValidationException for an offline store without a role.
    """
    offline = row.get("OfflineStoreConfig")
    if not offline:
        return
    role = row.get("RoleArn")
    if not role:
        raise AwsError("ValidationException", "RoleArn is required when OfflineStoreConfig is given.")
    try:
        s3 = role_client("s3", assume(role, FEATURE_STORE, row["FeatureGroupName"], "FeatureStore"))
        bucket, _ = split(offline["S3StorageConfig"]["S3Uri"])
        s3.get_bucket_acl(Bucket=bucket)
    except ValueError as error:
        raise AwsError("ValidationException", str(error)) from error
    except (AwsError, ClientError) as error:
        row["FeatureGroupStatus"] = "CreateFailed"
        row["FailureReason"] = f"{describe_error(error)} Please check the role {role} and the offline store's bucket."
        row["OfflineStoreStatus"] = {"Status": "Disabled"}
