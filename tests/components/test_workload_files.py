"""A workload's files: one object each, under their digest, encrypted, and left behind by those that follow."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from components.workload_files import WorkloadFiles, WorkloadFilesArgs
from tests.components.parts import keys, lake, options
from tests.components.recording import ACCOUNT, REGION, Recording, record

OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
BUCKET = "lake-artifacts-bucket-0000000"
FILES = {"features.sql": b"SELECT 1", "model.py": "é = 1".encode(), "workload.yaml": b"name: mine"}


def program(digest: str = "d1", told: dict[str, object] | None = None) -> Callable[[], None]:
    def register() -> None:
        place, opts = options()
        known = keys(place, opts)
        files = WorkloadFiles(
            "workload",
            WorkloadFilesArgs(
                bucket=lake(place, opts, known).artifacts,
                files_key_arn=known.data_arn,
                workload_name="mine",
                files=FILES,
                digest=digest,
                bootstrap=b"\x1f\x8b",
                bootstrap_digest="b1",
            ),
            opts,
        )
        if told is not None:
            told["objects"] = len(files.objects)
            files.uri.apply(lambda uri: told.__setitem__("uri", uri))
            files.bootstrap_url.apply(lambda url: told.__setitem__("bootstrap_url", url))

    return register


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(program())


def test_each_file_is_an_object_under_the_digest(recording: Recording) -> None:
    found = {one.inputs["key"]: one.inputs.get("content") for one in recording.of(OBJECT)}
    assert found == {
        "workloads/mine/d1/features.sql": "SELECT 1",
        "workloads/mine/d1/model.py": "é = 1",
        "workloads/mine/d1/workload.yaml": "name: mine",
        "bootstraps/mine/b1/model.tar.gz": None,
    }
    archive = recording.one(OBJECT, "workload-bootstrap").inputs
    assert base64.b64decode(archive["contentBase64"]) == b"\x1f\x8b"


def test_the_files_have_the_key_that_every_job_has_and_the_bootstrap_the_models(recording: Recording) -> None:
    for one in recording.of(OBJECT):
        assert one.inputs["bucket"] == BUCKET
        assert one.inputs["serverSideEncryption"] == "aws:kms"
        key = "model" if one.inputs["key"].startswith("bootstraps/") else "data"
        assert one.inputs["kmsKeyId"] == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/keys-{key}-0000000"


def test_another_digest_is_another_place_and_what_lies_at_the_old_one_stays(recording: Recording) -> None:
    """An execution that began before mounts the old files, and an endpoint loads its archive again."""
    later = record(program("d2"))
    assert {one.urn for one in later.registrations} == {one.urn for one in recording.registrations}
    for one in later.of(OBJECT):
        assert one.retained
    assert later.one(OBJECT, "workload-model.py").inputs["key"] == "workloads/mine/d2/model.py"


def test_what_reads_them_learns_where_they_are(recording: Recording) -> None:
    told: dict[str, object] = {}
    record(program(told=told))
    assert told == {
        "objects": 4,
        "uri": f"s3://{BUCKET}/workloads/mine/d1/",
        "bootstrap_url": f"s3://{BUCKET}/bootstraps/mine/b1/model.tar.gz",
    }
