"""Questions to AWS: read-only by construction, and what may not be asked is told apart from what AWS says."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

READS = ("Describe", "Get", "List", "Simulate", "Validate")
"""How the operations begin that a rehearsal may use. None of them creates, changes or starts anything."""

_REFUSED = {"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation", "AuthorizationError"}
_ABSENT = {
    "EntityNotFoundException",
    "NoSuchEntity",
    "NotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
}
_SAYS_ABSENT = ("could not find", "does not exist", "not found")  # SageMaker says so in a ValidationException
# IAM's prefix where it is not boto3's name of the service.
_PREFIXES = {"accessanalyzer": "access-analyzer", "service-quotas": "servicequotas", "stepfunctions": "states"}


class NotReadOnlyError(RuntimeError):
    """A rehearsal was about to use an operation that may change something."""


class NotAllowedError(Exception):
    """The credentials may not ask.

    Attributes
    ----------
    action : str
        The IAM action that is missing.
    """

    def __init__(self, action: str) -> None:
        self.action = action
        super().__init__(f"your credentials may not {action}")


class Aws:
    """AWS in one region, as a rehearsal sees it.

    Attributes
    ----------
    used : set of str
        The IAM actions of everything that was asked.
    """

    def __init__(self, region: str) -> None:
        # Its own: boto3's default session keeps the credentials that it met first in this process.
        self._session = boto3.Session(region_name=region)
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()
        self.used: set[str] = set()

    def ask(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Ask once.

        Raises
        ------
        NotReadOnlyError
            For an operation that does not begin with one of `READS`.
        NotAllowedError
            If the credentials may not ask.
        botocore.exceptions.ClientError
            For any other refusal.
        """
        client = self._client(service, operation)
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        except ClientError as error:
            raise self._judged(error, service, operation) from error
        return answer

    def every(self, service: str, operation: str, key: str, **params: Any) -> list[Any]:
        """Ask for all pages, and return what they hold under a key."""
        client = self._client(service, operation)
        try:
            pages = client.get_paginator(xform_name(operation)).paginate(**params)
            return [entry for page in pages for entry in page.get(key, [])]
        except ClientError as error:
            raise self._judged(error, service, operation) from error

    def found(self, service: str, operation: str, **params: Any) -> dict[str, Any] | None:
        """Ask about something that may not be there: None where it is not."""
        try:
            return self.ask(service, operation, **params)
        except ClientError as error:
            said = error.response["Error"]
            told = any(words in str(said.get("Message", "")).lower() for words in _SAYS_ABSENT)
            if said["Code"] in _ABSENT or (said["Code"] == "ValidationException" and told):
                return None
            raise

    def _client(self, service: str, operation: str) -> Any:
        if not operation.startswith(READS):
            raise NotReadOnlyError(f"A rehearsal must not call {service}:{operation}: it may change something.")
        self.used.add(f"{_PREFIXES.get(service, service)}:{operation}")
        with self._making:
            if service not in self._clients:
                config = Config(retries={"total_max_attempts": 8, "mode": "standard"}, max_pool_connections=32)
                self._clients[service] = self._session.client(service, config=config)
            return self._clients[service]

    @staticmethod
    def _judged(error: Exception, service: str, operation: str) -> Exception:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        if code in _REFUSED:
            return NotAllowedError(f"{_PREFIXES.get(service, service)}:{operation}")
        return error
