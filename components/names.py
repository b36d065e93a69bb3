"""Names and tags of what releases make at run time, by which it is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

RELEASE_TAGS: Mapping[str, str] = {"headrace:made-by": "release"}
"""What every model and endpoint configuration carries that a release made; the sweeper looks for it."""

_LONGEST_PREFIX = 36  # leaves 27 of SageMaker's 63 characters for "--v<version>-p<version>-<hash>"
_SEPARATOR = "--"  # which no workload's name has, so that what `flights` released is never a match for `flights-2`
_HASH_LENGTH = 8


def release_name_prefix(endpoint_name: str) -> str:
    """Return what the names of an endpoint's released models and configurations begin with, and no other's do.

    At most 38 characters, the last two of which are hyphens.
    """
    if len(endpoint_name) <= _LONGEST_PREFIX:
        return endpoint_name + _SEPARATOR
    short = endpoint_name[: _LONGEST_PREFIX - _HASH_LENGTH - 1].rstrip("-")
    return f"{short}-{short_hash(endpoint_name)}{_SEPARATOR}"


def short_hash(*parts: str) -> str:
    """Return 8 hexadecimal digits that stand for `parts`."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_HASH_LENGTH]
