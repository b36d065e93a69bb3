"""The account that code of ours may work in: dynamic resources call AWS themselves, past the provider's check."""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3


_ATTEMPTS = 12  # of one call; pauses grow to 20 s
_ONE_AT_A_TIME = threading.Lock()  # a session may not be shared by threads, its clients may


class WrongAccountError(Exception):
    """The credentials belong to another account than the one that the stack was planned for."""


def patient_session(region: str) -> boto3.Session:
    """Open a session in `region` whose clients repeat what AWS throttles or fails more often than by default.

    They work, some for minutes, while the provider beside them makes a hundred resources.
    """
    import boto3  # noqa: PLC0415 (most updates need no boto3)
    import botocore.session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    patient = botocore.session.get_session()
    patient.set_default_client_config(Config(retries={"mode": "standard", "total_max_attempts": _ATTEMPTS}))
    return boto3.Session(botocore_session=patient, region_name=region)


def caller(region: str) -> str:
    """Return the account that the credentials belong to."""
    return str(patient_session(region).client("sts").get_caller_identity()["Account"])


def session_for(account_id: str, region: str) -> boto3.Session:
    """Open a patient session in `region`, after checking that the credentials belong to `account_id`.

    Raises
    ------
    WrongAccountError
        If they belong to another account; nothing has been called but ``sts:GetCallerIdentity``.
    """
    session = patient_session(region)
    actual = session.client("sts").get_caller_identity()["Account"]
    if actual != account_id:
        raise WrongAccountError(
            f"The credentials must belong to account {account_id}, got account {actual}. Sign in to {account_id}."
        )
    return session


def client_for(account_id: str, region: str, service: str) -> Any:
    """Return a patient client of a service, after checking that the credentials belong to `account_id`.

    A process has one for all its resources, in whatever thread: reading what botocore knows of SageMaker takes longer
    than asking SageMaker.

    Raises
    ------
    WrongAccountError
        As in `session_for`.
    """
    told = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    with _ONE_AT_A_TIME:
        return _client(account_id, region, service, told)


@functools.cache
def _client(account_id: str, region: str, service: str, _told: tuple[tuple[str, str], ...]) -> Any:
    session: Any = session_for(account_id, region)
    return session.client(service)
