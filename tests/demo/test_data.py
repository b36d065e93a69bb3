"""Raw data come into the lake once, whoever brings them."""

from __future__ import annotations

import base64
import hashlib
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from demo import data
from tests.status.told import stubbed
from workloads.loading import RawFile


def checksum(body: bytes) -> str:
    """Return a SHA-256 as S3 gives it."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def test_what_two_workloads_share_is_loaded_once_and_what_is_there_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shared, own = RawFile("a", "raw/a/1.parquet", b"shared", 3), RawFile("b", "raw/b/1.parquet", b"own", 2)
    old = RawFile("b", "raw/b/2.parquet", b"new content", 4)
    loaders: list[Any] = [SimpleNamespace(files=lambda: [shared]), SimpleNamespace(files=lambda: [shared, own, old])]
    s3 = boto3.client("s3", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(s3) as aws:
        aws.add_response("head_object", {"ChecksumSHA256": checksum(b"shared")})
        aws.add_client_error("head_object", "404", http_status_code=404)
        aws.add_response("put_object", {})
        aws.add_response("head_object", {"ChecksumSHA256": checksum(b"old content")})
        aws.add_response("put_object", {})
        data.load(stubbed(s3=s3), loaders)
        aws.assert_no_pending_responses()
    assert "9 rows in 3 objects, 1 of them there already" in capsys.readouterr().out
