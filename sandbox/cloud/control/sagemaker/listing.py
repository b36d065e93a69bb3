"""What SageMaker's List calls share: filters by name and time, order, pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sandbox.cloud.actions import AwsError, Params
from sandbox.cloud.state.records import Record

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
Row = TypeVar("Row")


def ordered(rows: Iterable[Record], params: Params, name: str, descending: bool = False) -> list[Record]:
    """Filter and sort records by the common parameters of a List call.

    Parameters
    ----------
    rows : iterable of dict
    params : dict
        NameContains, CreationTimeAfter, CreatedBefore, LastModifiedTimeAfter..., SortBy, SortOrder; others are ignored.
    name : str
        The member that holds a record's name.
    descending : bool
        The order where SortOrder is not given.
    """
    wanted = [row for row in rows if _matches(row, params, name)]
    by = str(params.get("SortBy", "CreationTime"))
    member = name if by.endswith("Name") else by if by != "CreatedTime" else "CreationTime"
    order = params.get("SortOrder")
    reverse = descending if order is None else str(order).lower() == "descending"
    return sorted(wanted, key=lambda row: _key(row, member, name), reverse=reverse)


def page(
    rows: list[Row], params: Params, most: int = 100, size_member: str = "MaxResults"
) -> tuple[list[Row], str | None]:
    """Return one page and the token of the next, None at the end."""
    start = _position(params.get("NextToken"))
    size = int(params.get(size_member) or most)
    following = start + size
    token = base64.b64encode(str(following).encode()).decode() if following < len(rows) else None
    return rows[start:following], token


def _position(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token))
    except (binascii.Error, ValueError) as bad:
        raise AwsError("ValidationException", f"Invalid NextToken: {token}") from bad


def _matches(row: Record, params: Params, name: str) -> bool:
    created = row.get("CreationTime", _BEGINNING)
    modified = row.get("LastModifiedTime", created)
    for prefix, value in (("CreationTime", created), ("Created", created), ("LastModifiedTime", modified)):
        after, before = params.get(f"{prefix}After"), params.get(f"{prefix}Before")
        if (after and value < after) or (before and value > before):
            return False
    return str(params.get("NameContains", "")).lower() in str(row.get(name, "")).lower()


def _key(row: Record, member: str, name: str) -> tuple[Any, ...]:
    value = row.get(member)
    return (value is not None, value if value is not None else 0, str(row.get(name, "")))
