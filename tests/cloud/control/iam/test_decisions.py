"""What was asked of IAM is written down, once, as simulations take it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.control.iam import decisions
from tests.cloud.local import Cloud, allow


def test_a_role_s_calls_are_written_once(cloud: Cloud, acting: Callable[..., Any], name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    s3 = acting("s3", allow("s3:ListBucket", "s3:PutObject", resource=f"arn:aws:s3:::{name}*"))
    for _ in range(3):
        s3.list_objects_v2(Bucket=name, Prefix="a/")
        s3.put_object(Bucket=name, Key="a/b", Body=b"1")
    with pytest.raises(ClientError):
        s3.get_bucket_location(Bucket=name)
    bucket = f"arn:aws:s3:::{name}"
    made = [one for one in decisions.read(cloud.settings.folder) if one["resource"].startswith(bucket)]
    found = [(one["action"], one["resource"], one["decision"]) for one in made]
    assert found == [
        ("s3:ListBucket", bucket, "allowed"),
        ("s3:PutObject", f"{bucket}/a/b", "allowed"),
        ("s3:GetBucketLocation", bucket, "denied"),
    ]
    assert made[0]["context"]["s3:prefix"] == ["a/"]
    assert made[0]["context"]["aws:securetransport"] == ["true"]
    assert {one["principal"].partition(":role/")[2][:5] for one in made} == {"role-"}
    assert not decisions.FLEETING & set(made[1]["context"])


def test_the_account_s_own_calls_are_left_out(cloud: Cloud, name: str) -> None:
    cloud.client("s3").create_bucket(Bucket=name)
    assert not [one for one in decisions.read(cloud.settings.folder) if name in one["resource"]]


def test_a_half_written_line_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / decisions.FILE).write_text('{"action": "a"}\n{"action": ')
    assert decisions.read(tmp_path) == [{"action": "a"}]
    assert (tmp_path / decisions.FILE).read_text() == '{"action": "a"}\n'
