"""Bodies that come in chunks (aws-chunked): each chunk's signature, and the checksum that comes after the last.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.cloud.control.s3 import CHECKSUMS
from sandbox.cloud.server.refusals import SignatureError

SIGNED = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
KINDS = (*SIGNED, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Seed:
    """What the signatures of chunks build on.

    Attributes
    ----------
    signature : str
        That of the request's head.
    about : str
        Its time and scope, each on a line.
    sign : callable
        Signs a text with the request's key.
    """

    signature: str
    about: str
    sign: Callable[[str], str]


def take(environ: dict[str, Any], body: bytes, payload: str, seed: Seed) -> bytes:
    """Compare the chunks with their signatures, the whole with the length that was said, and with the trailer.

    Returns the content, and makes the request look as if it had come in one piece.

    Raises
    ------
    SignatureError
        Where one differs, or the body is not in chunks.
    """
    try:
        chunks, trailer = _parse(body)
    except ValueError as error:
        raise SignatureError("malformed", f"The body is not aws-chunked: {error}") from error
    if payload in SIGNED:
        previous = seed.signature
        for content, signature in chunks:
            digest = hashlib.sha256(content).hexdigest()
            computed = seed.sign(f"AWS4-HMAC-SHA256-PAYLOAD\n{seed.about}\n{previous}\n{_NOTHING}\n{digest}")
            previous = _same(computed, signature)
        if payload.endswith("TRAILER"):
            said = "".join(f"{name}:{value}\n" for name, value in trailer if name != "x-amz-trailer-signature")
            digest = hashlib.sha256(said.encode()).hexdigest()
            computed = seed.sign(f"AWS4-HMAC-SHA256-TRAILER\n{seed.about}\n{previous}\n{digest}")
            _same(computed, dict(trailer).get("x-amz-trailer-signature", ""))
    content = b"".join(content for content, _ in chunks)
    if environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH") != str(len(content)):
        raise SignatureError("malformed", f"x-amz-decoded-content-length must be the body's length, {len(content)}")
    _summed(content, trailer)
    encodings = [part.strip() for part in environ.pop("HTTP_CONTENT_ENCODING", "").split(",")]
    if kept := [part for part in encodings if part not in ("", "aws-chunked")]:
        environ["HTTP_CONTENT_ENCODING"] = ",".join(kept)
    environ |= {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in trailer if name.startswith("x-amz-checksum-")
    }
    environ |= {"HTTP_X_AMZ_CONTENT_SHA256": "UNSIGNED-PAYLOAD", "CONTENT_LENGTH": str(len(content))}
    return content


def _parse(body: bytes) -> tuple[list[tuple[bytes, str]], list[tuple[str, str]]]:
    """Return the chunks, the last of which is empty, each with its signature, and the trailer's headers."""
    chunks: list[tuple[bytes, str]] = []
    at = 0
    while not chunks or chunks[-1][0]:
        end = body.index(b"\r\n", at)
        size, _, extension = body[at:end].decode("ascii").partition(";")
        start, length = end + 2, int(size, 16)
        chunks.append((body[start : start + length], extension.removeprefix("chunk-signature=")))
        at = start + length
        if length:
            if body[at : at + 2] != b"\r\n":
                raise ValueError("a chunk is longer than it says")
            at += 2
    lines = body[at:].decode("ascii").split("\r\n")
    pairs = [line.partition(":") for line in lines if line.strip()]
    return chunks, [(name.strip().lower(), value.strip()) for name, _, value in pairs]


def _same(computed: str, given: str) -> str:
    if not hmac.compare_digest(computed.encode(), given.encode()):
        raise SignatureError("mismatch")
    return computed


def _summed(content: bytes, trailer: Iterable[tuple[str, str]]) -> None:
    for name, value in trailer:
        checksum = CHECKSUMS.get(name.removeprefix("x-amz-checksum-").upper())
        if checksum and base64.b64encode(checksum(content)).decode() != value:
            raise SignatureError("digest", f"The {name} you specified did not match the calculated checksum.")
