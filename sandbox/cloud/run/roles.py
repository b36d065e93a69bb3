"""What a job, a build or a pipeline may do: clients and checks for the role that it runs as."""

from __future__ import annotations

import json
import threading
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.cloud import clients, settings
from sandbox.cloud.actions import AwsError

_SESSION = boto3.Session()
_MAKING = threading.Lock()  # a session must not make two clients at once
_CONFIG = Config(retries={"max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"})


def role_client(service: str, credentials: dict[str, str]) -> Any:
    """Return a client of the local cloud with the credentials that `clients.role_credentials` gave."""
    at = settings.current()
    with _MAKING:
        return _SESSION.client(
            service,
            endpoint_url=at.endpoint_url,
            region_name=at.region,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
            config=_CONFIG,
        )


def check_role(role_arn: str, principal: str) -> None:
    """Refuse a role that does not exist or does not trust the service, in SageMaker's words.

    Raises
    ------
    AwsError
        ValidationException, naming the role and the service that has to be trusted.
    """
    refusal = AwsError(
        "ValidationException",
        f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
        f"'{principal}' to assume the role.",
    )
    if not trusts(role_arn, principal):
        raise refusal


def trusts(role_arn: str, principal: str) -> bool:
    """Return whether a role exists and a service may assume it."""
    try:
        role = clients.client("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
    except ClientError:
        return False
    document = role["AssumeRolePolicyDocument"]
    trust = json.loads(document) if isinstance(document, str) else document
    statements = trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]
    trusted: set[str] = set()
    for statement in statements:
        services = statement.get("Principal", {})
        named = services.get("Service", []) if isinstance(services, dict) else services
        if statement["Effect"] == "Allow":
            trusted.update([named] if isinstance(named, str) else named)
    return bool(trusted & {principal, "*"})


def describe_error(error: Exception) -> str:
    """Return an AWS client's error as one line, without botocore's preamble."""
    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, ClientError):
        error = error.__context__
    if isinstance(error, ClientError):
        return f"{error.response['Error'].get('Code', 'Error')}: {error.response['Error'].get('Message', '')}"
    return str(error) or type(error).__name__
