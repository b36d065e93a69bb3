"""What a job, a build or a pipeline may do: clients and checks for the role that it runs as."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.cloud import clients, settings
from sandbox.cloud.actions import AwsError
from sandbox.cloud.control.iam import authorization
from sandbox.cloud.control.iam.service_uses import Use
from sandbox.cloud.control.iam.trust import trusts

_SESSION = boto3.Session()
_MAKING = threading.Lock()  # a session must not make two clients at once
_CONFIG = Config(
    user_agent_extra=clients.AGENT, retries={"max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"}
)


def role_client(service: str, credentials: dict[str, str]) -> Any:
    """Return a client of the local cloud with the credentials that `assume` gave."""
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


class AssumeRoleError(AwsError):
    """A role that does not exist or that the service may not assume, in SageMaker's words."""

    def __init__(self, role_arn: str, use: Use) -> None:
        super().__init__(
            "ValidationException",
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{use.principal}' to assume the role.",
        )


def check_role(role_arn: str, use: Use, name: str) -> None:
    """Refuse a role that does not exist or does not trust the service for a use.

    Raises
    ------
    AssumeRoleError
        ValidationException, naming the role and the service that has to be trusted.
    """
    if not trusts(role_arn, use, name):
        raise AssumeRoleError(role_arn, use)


def assume(role_arn: str, use: Use, name: str, session_name: str) -> dict[str, str]:
    """Assume a role as a service does, and return its temporary credentials as environment variables for a process.

    Parameters
    ----------
    role_arn : str
    use : Use
        What the service wants the role for.
    name : str
        The resource on whose behalf, as the use's ``aws:SourceArn`` names it.
    session_name : str
        At most 64 characters count.

    Raises
    ------
    AssumeRoleError
        If the role does not exist or does not trust the service for this use.
    """
    check_role(role_arn, use, name)
    keys = clients.client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName=session_name[:64], DurationSeconds=clients.SESSION_SECONDS
    )["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def require(credentials: dict[str, str], action: str, resource: str, **context: str) -> None:
    """Refuse what a service does with a role and what no call of the local cloud stands for, such as kms:CreateGrant.

    Parameters
    ----------
    credentials : dict
        As `assume` gave them.
    action, resource : str
        e.g. ``kms:Encrypt`` and the key's ARN.
    **context : str
        Condition keys with ``__`` for their colon, in lower case.

    Raises
    ------
    AwsError
        As AWS refuses a call.
    """
    session = authorization.session_of(credentials["AWS_ACCESS_KEY_ID"])
    if session is None:
        raise AwsError("ExpiredTokenException", "The security token included in the request is expired", 403)
    keys = {key.replace("__", ":"): [value] for key, value in context.items()}
    resources = () if resource == "*" else (resource,)
    authorization.require(session, action.partition(":")[0], action, resources, keys)


def describe_error(error: Exception) -> str:
    """Return an error of AWS's as one line, without botocore's preamble."""
    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, ClientError):
        error = error.__context__
    if isinstance(error, AwsError):
        return f"{error.code}: {error.message}"
    if isinstance(error, ClientError):
        return f"{error.response['Error'].get('Code', 'Error')}: {error.response['Error'].get('Message', '')}"
    return str(error) or type(error).__name__
