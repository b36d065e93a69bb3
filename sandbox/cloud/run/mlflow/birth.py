"""What SageMaker does with an MLflow tracking server's role before the server is Created.

It finds the artifact bucket (HeadBucket and GetBucketLocation, which carry no ``s3:prefix``), and writes, reads and
lists below the server's own prefix. AWS says CreateFailed 45 minutes later; here it takes a moment.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam.service_uses import MLFLOW
from sandbox.cloud.run.shared import transfer
from sandbox.cloud.run.shared.roles import assume, describe_error, role_client

_PATIENCE = 60.0  # seconds; while the local cloud itself starts, it takes no requests
_PROBE = ".sagemaker-mlflow"


class BirthError(Exception):
    """The server cannot be made; the message names the role, the call and what was said."""


def credentials(server: str, role_arn: str, artifact_uri: str, given_up: threading.Event) -> dict[str, str]:
    """Return the credentials of a server's role, once it has shown that it can do a server's work.

    Parameters
    ----------
    server : str
        The tracking server's name.
    role_arn, artifact_uri : str
        As CreateMlflowTrackingServer got them.
    given_up : threading.Event
        Set when nobody waits any more.

    Raises
    ------
    BirthError
        If it cannot.
    """
    try:
        keys = _patiently(role_arn, server, given_up)
        _look_at_the_bucket(role_client("s3", keys), artifact_uri)
    except ClientError as error:  # names the operation, which the answer to a HEAD request alone does not
        raise BirthError(f"role {role_arn}: {error}") from error
    except (AwsError, BotoCoreError, ValueError) as error:
        raise BirthError(f"role {role_arn}: {describe_error(error)}") from error
    return keys


def _patiently(role_arn: str, server: str, given_up: threading.Event) -> dict[str, str]:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return assume(role_arn, MLFLOW, server, "SageMakerMlflow")
        except (ClientError, BotoCoreError):
            if time.monotonic() > end or given_up.wait(0.5):
                raise


def _look_at_the_bucket(s3: Any, artifact_uri: str) -> None:
    bucket, prefix = transfer.split(artifact_uri)
    inside = f"{prefix.rstrip('/')}/" if prefix else ""
    s3.head_bucket(Bucket=bucket)
    s3.get_bucket_location(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=inside + _PROBE, Body=b"")
    s3.get_object(Bucket=bucket, Key=inside + _PROBE)
    s3.list_objects_v2(Bucket=bucket, Prefix=inside, MaxKeys=1)
