"""boto3 clients of the local cloud itself, for the parts that act on its behalf."""

from __future__ import annotations

import functools
from typing import Any

import boto3
from botocore.config import Config

from sandbox.cloud import credentials, settings

SESSION_SECONDS = (
    43_200  # the longest that AWS gives; its services renew what they hand to a process, here nothing does
)
AGENT = "local-cloud"  # in the user agent of calls that are AWS's own
TASK_AGENT = "local-state-machine"  # of those that a state machine's tasks make
_CONFIG = Config(
    user_agent_extra=AGENT, retries={"max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"}
)


@functools.cache
def client(service: str) -> Any:
    """Return a client with the account's own (administrator) keys."""
    at = settings.current()
    return boto3.client(
        service,
        endpoint_url=at.endpoint_url,
        region_name=at.region,
        aws_access_key_id=credentials.ACCESS_KEY,
        aws_secret_access_key=credentials.secret(at.folder),
        config=_CONFIG,
    )
