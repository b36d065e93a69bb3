"""Bodies in chunks: what S3's clients send when they sign or sum a body while they read it."""

from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.cloud import credentials
from sandbox.cloud.server import signatures
from tests.cloud.local import REGION, Cloud
from tests.cloud.server.local import Said, send

CHUNKS = [b"a" * 8192, b"b" * 1000, b""]


def _streamed(cloud: Cloud, name: str, chunks: list[bytes], spoil: int | None = None, trailer: str = "") -> Said:
    """Put an object in signed chunks, one of them spoilt after it was signed."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    headers = {
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(sum(map(len, chunks))),
        "X-Amz-Content-SHA256": kind,
        **({"x-amz-trailer": "x-amz-checksum-sha256"} if trailer else {}),
    }
    request = AWSRequest("PUT", f"{cloud.settings.endpoint_url}/{name}/streamed", headers)
    keys = Credentials("local", credentials.secret(cloud.settings.folder))
    SigV4Auth(keys, "s3", REGION).add_auth(request)
    stamp = request.headers["X-Amz-Date"]
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    key = signatures._signing_key(keys.secret_key, stamp[:8], REGION, "s3")
    previous = request.headers["Authorization"].rpartition("Signature=")[2]
    nothing = hashlib.sha256(b"").hexdigest()
    body = b""
    for number, chunk in enumerate(chunks):
        digest = hashlib.sha256(chunk).hexdigest()
        previous = signatures._hmac(
            key, f"AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{scope}\n{previous}\n{nothing}\n{digest}"
        ).hex()
        sent = b"z" * len(chunk) if number == spoil else chunk
        body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + sent + (b"\r\n" if chunk else b"")
    if trailer:
        digest = hashlib.sha256(f"x-amz-checksum-sha256:{trailer}\n".encode()).hexdigest()
        last = signatures._hmac(key, f"AWS4-HMAC-SHA256-TRAILER\n{stamp}\n{scope}\n{previous}\n{digest}").hex()
        body += f"x-amz-checksum-sha256:{trailer}\r\nx-amz-trailer-signature:{last}\r\n".encode()
    request.data = body + b"\r\n"
    return send(request)


def test_signed_chunks_are_checked_one_by_one(cloud: Cloud, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    assert "SignatureDoesNotMatch" in _streamed(cloud, name, CHUNKS, spoil=0).text
    assert "SignatureDoesNotMatch" in _streamed(cloud, name, CHUNKS, spoil=1).text
    assert _streamed(cloud, name, CHUNKS).status == 200
    assert cloud.client("s3").get_object(Bucket=name, Key="streamed")["Body"].read() == b"".join(CHUNKS)
    wrong = _streamed(cloud, name, CHUNKS, trailer="47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    assert (wrong.status, "BadDigest" in wrong.text) == (400, True)


@pytest.mark.parametrize("body", [b"", b"x" * 100_000])
def test_a_checksum_that_trails_the_body_is_compared(cloud: Cloud, name: str, body: bytes) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    url = f"{cloud.settings.endpoint_url}/{name}/trailing"

    def put(checksum: str) -> Said:
        headers = {
            "Content-Encoding": "aws-chunked",
            "x-amz-decoded-content-length": str(len(body)),
            "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-trailer": "x-amz-checksum-crc32",
        }
        chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""
        request = AWSRequest("PUT", url, headers, chunk + f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode())
        keys = Credentials("local", credentials.secret(cloud.settings.folder))
        SigV4Auth(keys, "s3", REGION).add_auth(request)
        return send(request)

    right = {0: "AAAAAA==", 100_000: _crc32(body)}[len(body)]
    assert put(right).status == 200
    assert cloud.client("s3").get_object(Bucket=name, Key="trailing")["Body"].read() == body
    wrong = put("AAAAAQ==")
    assert (wrong.status, "BadDigest" in wrong.text) == (400, True)


def _crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
