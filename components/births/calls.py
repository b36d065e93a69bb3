"""What a creation that failed leaves behind under a name of ours, and how it goes.

Pulumi does not know what AWS began to make and could not finish. It holds the name, so that every later attempt would
be refused. It is known again by the tags that the provider gave it; what somebody else made stays.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.account import client_for
from components.tags import carried

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_PAUSE_SECONDS = 1.0
_GONE_SECONDS = 30 * 60  # AWS: an endpoint takes minutes, a tracking server up to a quarter of an hour


class NameTakenError(Exception):
    """A failed creation holds the name, and it is not this environment's to delete."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What SageMaker calls a kind of resource, and how it speaks of one.

    Attributes
    ----------
    noun : str
        In messages.
    operation : str
        What follows ``describe_`` and ``delete_``.
    prefix : str
        What stands before ``Name``, ``Arn`` and ``Status`` in its answers.
    failed : str
        The status of one whose creation failed.
    named : str
        Under which the props of `clear` hold the name.
    """

    noun: str
    operation: str
    prefix: str
    failed: str
    named: str


ENDPOINT = Kind(noun="endpoint", operation="endpoint", prefix="Endpoint", failed="Failed", named="endpoint_name")
TRACKING_SERVER = Kind(
    noun="MLflow tracking server",
    operation="mlflow_tracking_server",
    prefix="TrackingServer",
    failed="CreateFailed",
    named="server_name",
)


def status(kind: Kind, props: Mapping[str, Any], name: str) -> str | None:
    """Return the status of what has a name, in the account and region of `props`; None if there is nothing."""
    client = client_for(props["account_id"], props["region"], "sagemaker")
    found = _describe(kind, client, name)
    return None if found is None else str(found[f"{kind.prefix}Status"])


def clear(kind: Kind, props: Mapping[str, Any]) -> None:
    """Delete what a failed creation left under the name in `props`, and wait until it is free; anything else stays.

    Raises
    ------
    NameTakenError
        If it does not carry the `tags` of `props`, or does not go.
    """
    client = client_for(props["account_id"], props["region"], "sagemaker")
    name = props[kind.named]
    found = _describe(kind, client, name)
    if found is None or found[f"{kind.prefix}Status"] != kind.failed:
        return
    if not props["tags"].items() <= carried(client, found[f"{kind.prefix}Arn"]).items():
        raise NameTakenError(
            f"The name {name} must be free, and a failed {kind.noun} without the tags {props['tags']} holds it. "
            f"Delete that {kind.noun}, or name this one differently."
        )
    _delete(kind, client, name)
    deadline = time.monotonic() + _GONE_SECONDS
    while _describe(kind, client, name) is not None:
        if time.monotonic() > deadline:
            raise NameTakenError(f"The failed {kind.noun} {name} must be gone within half an hour. Try again.")
        time.sleep(_PAUSE_SECONDS)


def _delete(kind: Kind, client: Any, name: str) -> None:
    """Begin to delete something; a repeated call whose first answer was lost finds it gone or going."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        getattr(client, f"delete_{kind.operation}")(**{f"{kind.prefix}Name": name})
    except ClientError as error:
        found = None if _missing(error) else _describe(kind, client, name)
        if found is not None and found[f"{kind.prefix}Status"] != "Deleting":
            raise


def _describe(kind: Kind, client: Any, name: str) -> Mapping[str, Any] | None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 (the plan of an update needs no boto3)

    try:
        found: Mapping[str, Any] = getattr(client, f"describe_{kind.operation}")(**{f"{kind.prefix}Name": name})
        return found
    except ClientError as error:
        if _missing(error):
            return None
        raise


def _missing(error: ClientError) -> bool:
    # SageMaker says of endpoints that they are invalid where it means that there are none.
    return error.response["Error"]["Code"] == "ResourceNotFound" or "Could not find" in str(error)
