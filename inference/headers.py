"""Content-Type and Accept, read as RFC 9110 says.

werkzeug parses the two; which media type wins is decided here, because werkzeug's own choice lets ``*/*`` bring back
what ``q=0`` has excluded.
"""

from __future__ import annotations

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from workloads.problems import Problem

JSON = "application/json"
CSV = "text/csv"
SUPPORTED = (JSON, CSV)
_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")  # ASCII is UTF-8, too
# What an answer's media type may be asked to be; a range with any other parameter asks for something else.
_ANSWERS: dict[str, dict[str, tuple[str, ...]]] = {
    JSON: {"charset": _UTF8},
    CSV: {"charset": _UTF8, "header": ("absent",)},
}


class HeaderError(Exception):
    """A header that names nothing that can be read or answered.

    Attributes
    ----------
    status : int
        415 for the request's type, 406 for the answer's.
    problem : Problem
    """

    def __init__(self, status: int, field: str, rule: str, value: str, remedy: str) -> None:
        self.status = status
        self.problem = Problem(field=field, rule=rule, value=value, remedy=remedy)
        super().__init__(str(self.problem))


def request_type(content_type: str) -> str:
    """Find which of `SUPPORTED` a Content-Type names.

    Raises
    ------
    HeaderError
        With status 415; also for a character set that is not UTF-8.
    """
    kind, parameters = parse_options_header(content_type)
    kind = kind.strip().lower()
    if kind not in SUPPORTED:
        rule, remedy = f"be one of {', '.join(SUPPORTED)}", f"Send Content-Type: {JSON} or Content-Type: {CSV}."
        raise HeaderError(415, "Content-Type", rule, content_type, remedy)
    if parameters.get("charset", "utf-8").lower() not in _UTF8:
        remedy = "Encode the body as UTF-8 and leave charset out."
        raise HeaderError(415, "Content-Type", "name the character set UTF-8", content_type, remedy)
    return kind


def answer_type(accept: str, preferred: str) -> str:
    """Choose which of `SUPPORTED` an Accept header likes best.

    Parameters
    ----------
    accept : str
        The header; several lines are joined by commas. Empty: anything will do.
    preferred : str
        The media type that wins where the header likes both the same: the request's.

    Raises
    ------
    HeaderError
        With status 406.
    """
    ranges = parse_accept_header(accept, MIMEAccept)
    if not accept.strip(" \t,"):
        return preferred
    offers = sorted(SUPPORTED, key=lambda kind: kind != preferred)
    best = max(offers, key=lambda kind: _quality(ranges, kind))  # of equals, the first
    if _quality(ranges, best) > 0:
        return best
    remedy = f"Send Accept: {JSON}, Accept: {CSV}, or none."
    raise HeaderError(406, "Accept", f"allow one of {', '.join(SUPPORTED)}", accept, remedy)


def _quality(ranges: MIMEAccept, kind: str) -> float:
    """Return the quality that the most specific matching range gives a media type; 0 where none matches."""
    found = [(specific, quality) for text, quality in ranges for specific in _matches(text, kind)]
    return max(found)[1] if found else 0.0


def _matches(text: str, kind: str) -> list[tuple[int, int]]:
    """Return how specific a range is, if it matches a media type: by type and subtype, then by parameters."""
    name, parameters = parse_options_header(text)
    name = name.strip().lower()
    depth = {"*/*": 0, f"{kind.partition('/')[0]}/*": 1, kind: 2}.get(name)
    allowed = _ANSWERS[kind]
    if depth is None or any(value.lower() not in allowed.get(key, ()) for key, value in parameters.items()):
        return []
    return [(depth, len(parameters))]
