"""What AWS does not know yet: for some seconds after something was made, reads may say that there is no such thing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

_PAUSE = 0.5  # seconds
_SECONDS = 30.0
_UNKNOWN = ("ResourceNotFound", "ResourceNotFoundException", "ExecutionDoesNotExist")
_WORDS = ("does not exist", "Could not find", "not found")
T = TypeVar("T")


def known(read: Callable[[], T], seconds: float = _SECONDS) -> T:
    """Read something that is known to be there, again for a while as long as AWS says that it is not.

    Raises
    ------
    botocore.exceptions.ClientError
        If AWS still does not know it, or for any other reason at once.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return read()
        except ClientError as error:
            if not _unknown(error) or time.monotonic() > until:
                raise
        time.sleep(_PAUSE)


def _unknown(error: ClientError) -> bool:
    said = error.response["Error"]
    if said["Code"] in _UNKNOWN:
        return True
    return said["Code"] == "ValidationException" and any(words in said["Message"] for words in _WORDS)
