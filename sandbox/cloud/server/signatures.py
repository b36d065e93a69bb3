"""AWS Signature Version 4, checked as AWS checks it: in the header or in the URL, over the body or over its chunks.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from botocore.utils import normalize_url_path

from sandbox.cloud.server import streams
from sandbox.cloud.server.keys import Keys
from sandbox.cloud.server.refusals import SignatureError

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
_LONGEST_LINK = 604_800  # seconds, a week
_SKEW = {"s3": timedelta(minutes=15)}
_SKEW_OTHERS = timedelta(minutes=5)
_HEADER = re.compile(
    rf"{ALGORITHM} +Credential=(?P<Credential>[^,\s]+),\s*SignedHeaders=(?P<SignedHeaders>[^,\s]+),"
    r"\s*Signature=(?P<Signature>[0-9a-f]{64})"
)
_TIME = "%Y%m%dT%H%M%SZ"
Environ = dict[str, Any]


@dataclass(frozen=True)
class Signature:
    """What a request says about its signature."""

    access_key: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    value: str
    expires: int | None = None  # seconds; of a presigned URL
    query: tuple[tuple[str, str], ...] = ()

    @property
    def scope(self) -> str:
        """The scope of the credential, without the key."""
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def check(environ: Environ, body: bytes, keys: Keys, now: datetime | None = None) -> bytes:
    """Refuse a request that is not signed with the secret of the key that it names; return its body, of one piece.

    Raises
    ------
    SignatureError
        With the reason.
    """
    now = now or datetime.now(UTC)
    signature = read(environ)
    at = _time(environ, signature)
    _in_time(signature, at, now)
    key = keys.find(signature.access_key)
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or dict(signature.query).get("X-Amz-Security-Token")
    if key is None or (key.token and not token):
        raise SignatureError("unknown")
    if token and not (key.token and hmac.compare_digest(token.encode(), key.token.encode())):
        raise SignatureError("token")
    _headers_are_signed(environ, signature)
    stamp = at.strftime(_TIME)
    payload = _payload(environ, signature, body)
    signing = _signing_key(key.secret, signature.day, signature.region, signature.service)
    canonical = hashlib.sha256(_canonical(environ, signature, payload)).hexdigest()
    computed = _hmac(signing, f"{ALGORITHM}\n{stamp}\n{signature.scope}\n{canonical}").hex()
    if not hmac.compare_digest(computed.encode(), signature.value.encode()):
        raise SignatureError("mismatch")
    if key.expires and now > key.expires:
        raise SignatureError("expired")
    if payload.startswith("STREAMING-"):
        about = f"{stamp}\n{signature.scope}"
        seed = streams.Seed(signature.value, about, lambda text: _hmac(signing, text).hex())
        return streams.take(environ, body, payload, seed)
    return body


def read(environ: Environ) -> Signature:
    """Return what a request says about its signature, once and in one place: two answers would be a way around.

    Raises
    ------
    SignatureError
        Where it is not written as AWS wants it.
    """
    header = environ.get("HTTP_AUTHORIZATION")
    query = tuple(_query(environ))
    if header is None:
        named = dict(query)
        if sum(name.startswith("X-Amz-") for name, _ in query) != sum(name.startswith("X-Amz-") for name in named):
            raise SignatureError("malformed", "A query parameter of the signature is given twice.")
        if named.get("X-Amz-Algorithm") != ALGORITHM:
            raise SignatureError("malformed", f"X-Amz-Algorithm must be {ALGORITHM}.")
        expires = named.get("X-Amz-Expires", "")
        if not (expires.isdigit() and 0 < int(expires) <= _LONGEST_LINK):
            raise SignatureError("malformed", f"X-Amz-Expires must be between 1 and {_LONGEST_LINK} seconds.")
        found = {name: named.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")}
    elif written := _HEADER.fullmatch(header):
        found, expires = written.groupdict(), ""
    else:
        raise SignatureError("malformed", f"Authorization must be {ALGORITHM} Credential=, SignedHeaders=, Signature=.")
    scope = found.get("Credential", "").split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not found.get("SignedHeaders") or not found.get("Signature"):
        raise SignatureError("malformed", "Credential, SignedHeaders and Signature must be given.")
    headers = tuple(found["SignedHeaders"].lower().split(";"))
    seconds = int(expires) if expires else None
    return Signature(scope[0], scope[1], scope[2], scope[3], headers, found["Signature"], seconds, query)


def _query(environ: Environ) -> Iterable[tuple[str, str]]:
    for pair in environ.get("QUERY_STRING", "").split("&"):
        if pair:
            name, _, value = pair.partition("=")
            yield unquote_to_bytes(name).decode("latin-1"), unquote_to_bytes(value).decode("latin-1")


def _time(environ: Environ, signature: Signature) -> datetime:
    """Return when the request was signed."""
    written = environ.get("HTTP_X_AMZ_DATE") or dict(signature.query).get("X-Amz-Date")
    try:
        if written:
            at = datetime.strptime(written, _TIME).replace(tzinfo=UTC)
        else:
            at = parsedate_to_datetime(environ.get("HTTP_DATE", "")).astimezone(UTC)
    except ValueError as error:
        raise SignatureError("malformed", "The request must carry a valid X-Amz-Date or Date.") from error
    if at.strftime("%Y%m%d") != signature.day:
        raise SignatureError("mismatch", "Date in Credential scope does not match the date of the request.")
    return at


def _in_time(signature: Signature, at: datetime, now: datetime) -> None:
    skew = _SKEW.get(signature.service, _SKEW_OTHERS)
    said, here, minutes = at.strftime(_TIME), now.strftime(_TIME), int(skew.total_seconds() // 60)
    if signature.expires is not None:
        if now > at + timedelta(seconds=signature.expires):
            raise SignatureError("old link")
        if at > now + skew:
            raise SignatureError("old link", "Request is not valid yet")
        return
    if abs(at - now) <= skew:
        return
    if signature.service == "s3":
        raise SignatureError("skewed")
    if at < now:
        edge = (now - skew).strftime(_TIME)
        raise SignatureError(
            "skewed", f"Signature expired: {said} is now earlier than {edge} ({here} - {minutes} min.)"
        )
    edge = (now + skew).strftime(_TIME)
    raise SignatureError(
        "skewed", f"Signature not yet current: {said} is still later than {edge} ({here} + {minutes} min.)"
    )


def _headers_are_signed(environ: Environ, signature: Signature) -> None:
    """Hold AWS's rule that the host and every x-amz- header of a request are among what is signed."""
    signed = {_variable(name) for name in signature.headers}
    given = {name for name in environ if name.startswith("HTTP_X_AMZ_") and name != "HTTP_X_AMZ_CONTENT_SHA256"}
    if not {"HTTP_HOST", *given} <= signed:
        raise SignatureError("unsigned header")


def _payload(environ: Environ, signature: Signature, body: bytes) -> str:
    """Return the canonical request's last line, after comparing it with the body."""
    given = environ.get("HTTP_X_AMZ_CONTENT_SHA256") or dict(signature.query).get("X-Amz-Content-Sha256")
    if signature.service == "s3":
        if given is None and signature.expires is not None:
            return UNSIGNED
        if given is None:
            raise SignatureError("malformed", "Missing required header for this request: x-amz-content-sha256")
        if given == UNSIGNED or given in streams.KINDS:
            return str(given)
    computed = hashlib.sha256(body).hexdigest()
    if given is not None and given.lower() != computed:
        raise SignatureError("payload")
    return str(given or computed)


def _canonical(environ: Environ, signature: Signature, payload: str) -> bytes:
    pairs = [
        (_encoded(name), _encoded(value))
        for name, value in signature.query
        if signature.expires is None or name != "X-Amz-Signature"
    ]
    lines = [
        environ["REQUEST_METHOD"],
        _path(environ, signature.service),
        "&".join(f"{name}={value}" for name, value in sorted(pairs)),
        *(f"{name}:{' '.join(environ.get(_variable(name), '').split())}" for name in signature.headers),
        "",
        ";".join(signature.headers),
        payload,
    ]
    return "\n".join(lines).encode("latin-1")


def _path(environ: Environ, service: str) -> str:
    raw = str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")[0]
    if not raw.startswith("/"):  # the whole URL, as a proxy is asked
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    if service == "s3":
        return quote(unquote_to_bytes(raw), safe="/~")
    return quote(normalize_url_path(raw), safe="/~")


def _encoded(text: str) -> str:
    return quote(text.encode("latin-1"), safe="~")


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


@functools.lru_cache(maxsize=1024)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _hmac(key, part)
    return key
