"""Names: what may stand in a workload file, made from what stands in somebody's files."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

import duckdb

LONGEST = 63  # characters of a name in a workload file


@cache
def _keywords() -> frozenset[str]:
    """Words that DuckDB reads as names only in quotes."""
    with duckdb.connect() as database:
        query = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        return frozenset(word for (word,) in database.execute(query).fetchall())


def clean(name: str) -> str:
    """Make a name of lower-case letters, digits and underscores that begins with a letter.

    Examples
    --------
    >>> clean("Body Mass (kg)"), clean("2nd Visit"), clean("Größe"), clean("%")
    ('body_mass_kg', 'c_2nd_visit', 'grosse', 'c')
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", plain)  # tripDuration
    made = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
    if not made[:1].isalpha():
        made = f"c_{made}".rstrip("_")
    return made[:LONGEST].rstrip("_")


def unlike(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Clean several names so that no two become the same, by a number at the end where they would.

    Parameters
    ----------
    names : iterable of str
        In the order in which they keep their own.
    taken : iterable of str
        What none may become.

    Returns
    -------
    dict of str to str
        The clean name of each.
    """
    used, made = set(taken), {}
    for name in names:
        wanted = found = clean(name)
        count = 1
        while found in used:
            count += 1
            found = f"{wanted[: LONGEST - 3]}_{count}"
        used.add(found)
        made[name] = found
    return made


def quoted(name: str) -> str:
    """Write a name as DuckDB reads it, in quotes only where it needs them."""
    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in _keywords():
        return name
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a text as SQL's literal."""
    return "'" + value.replace("'", "''") + "'"


def meant(wanted: str, names: Sequence[str]) -> str:
    """Write the remedy for a name that is not there."""
    by_clean = {clean(name): name for name in names}
    close = difflib.get_close_matches(clean(wanted), list(by_clean), n=1)
    few = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"Did you mean {by_clean[close[0]]}?" if close else f"There are {few}."
