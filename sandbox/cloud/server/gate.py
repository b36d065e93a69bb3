"""Who may speak to the local cloud at all: programs of this machine, and no page of a browser.

A page anywhere on the web can make its reader's browser send requests to 127.0.0.1, and by rebinding its own host name
to 127.0.0.1 it can also read the answers. What a page cannot do is choose the headers Host, Origin and Sec-Fetch-Site.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.cloud.server.wire import Answer

_OWN_NAMES = ("127.0.0.1", "localhost")
_ACCOUNT = re.compile(r"\d{12}\.(?=127\.0\.0\.1:|localhost:)")  # what clients of S3 Control put before the host


def refusal(environ: dict[str, Any], port: int) -> Answer | None:
    """Return the answer to a request that is none of ours to answer, or None for one that may go on.

    Parameters
    ----------
    environ : dict
        The WSGI environment.
    port : int
        The local cloud's own.
    """
    own = [f"{name}:{port}" for name in _OWN_NAMES]
    host = environ.get("HTTP_HOST", "")
    if _ACCOUNT.sub("", host, count=1) not in own:
        return _refused(f"Host must be one of {', '.join(own)}, got {host!r}")
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin.removeprefix("http://") not in own:
        return _refused(f"Origin must be the local cloud's own or none, got {origin!r}")
    site, mode = environ.get("HTTP_SEC_FETCH_SITE", "none"), environ.get("HTTP_SEC_FETCH_MODE")
    followed = environ.get("REQUEST_METHOD") == "GET" and mode == "navigate"  # a link, e.g. to a presigned URL
    if site not in ("none", "same-origin") and not followed:
        return _refused(f"Sec-Fetch-Site must be none or same-origin, got {site!r}")
    if environ.get("REQUEST_METHOD") == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
        return _refused("the local cloud answers no preflight requests")
    return None


def without_cors(got: Answer) -> Answer:
    """Return an answer without the headers that would let a page of another origin read it, e.g. a bucket's."""
    kept = [(name, value) for name, value in got.headers if not name.lower().startswith("access-control-")]
    return Answer(got.status, kept, got.body)


def _refused(why: str) -> Answer:
    text = f"Refused: {why}. The local cloud answers programs of this machine, not the pages of other origins.\n"
    return Answer(403, [("Content-Type", "text/plain; charset=utf-8")], text.encode())
