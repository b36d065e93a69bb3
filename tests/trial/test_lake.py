from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest
from moto import mock_aws

import trial
from training import storage
from training.raw import RawDataError
from trial import lake
from trial.cache import Cache
from workloads import spec
from workloads.problems import ProblemsError
from workloads.spec import Workload

BUCKET = "raw"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def loaded(s3: Any, january: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The lake with the flights of January."""
    for path in january.rglob("*.parquet"):
        s3.put_object(Bucket=BUCKET, Key=path.relative_to(january).as_posix(), Body=path.read_bytes())
    monkeypatch.setattr(lake, "bucket_of", lambda stack: BUCKET)
    return s3


@pytest.fixture(scope="module")
def workload() -> Workload:
    return spec.named("flights")


def test_a_lake_gives_what_a_folder_of_the_same_events_gives(
    loaded: Any, first: trial.Trial, flights: Path, tmp_path: Path
) -> None:
    found = trial.run_on_lake(flights, "local", cache=Cache(tmp_path / "of-lake"))
    pd.testing.assert_frame_equal(found.metrics, first.metrics)
    assert found.digests["model"] == first.digests["model"]


def test_objects_are_read_once(loaded: Any, flights: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    trial.run_on_lake(flights, "local", cache=cache)

    def nothing(*_: Any) -> bytes:
        raise AssertionError("an object was read again")

    monkeypatch.setattr(storage, "read_version", nothing)
    for stream in cache.at.glob("*.parquet"):
        stream.unlink()
    again = trial.run_on_lake(flights, "local", cache=cache)
    assert not any(again.sources["cached"])


def test_a_new_version_of_an_object_is_read(loaded: Any, workload: Workload, cache: Cache, january: Path) -> None:
    before, _ = lake.sample(workload, BUCKET, cache)
    body = (january / "raw" / "planes" / "2013-01.parquet").read_bytes()
    loaded.put_object(Bucket=BUCKET, Key="raw/planes/2013-01.parquet", Body=body)
    after, _ = lake.sample(workload, BUCKET, cache)
    assert [name for name in before if before[name][0].digest != after[name][0].digest] == ["planes"]


def months(files: Any, name: str) -> list[str]:
    return [file.raw.key.rpartition("/")[2] for file in files[name]]


@pytest.fixture
def year(s3: Any, workload: Workload) -> None:
    """Three months of ten bytes a source, reference data in January alone."""
    for name, source in workload.sources.items():
        for month in ("2013-01",) if source.reference else ("2013-01", "2013-02", "2013-03"):
            s3.put_object(Bucket=BUCKET, Key=f"raw/{name}/{month}.parquet", Body=b"0123456789")
        s3.put_object(Bucket=BUCKET, Key=f"raw/{name}/_SUCCESS", Body=b"")


@pytest.mark.usefixtures("year")
def test_dates_choose_the_objects(workload: Workload, cache: Cache) -> None:
    start, end = datetime(2013, 2, 10, tzinfo=UTC), datetime(2013, 3, 1, tzinfo=UTC)
    found, begin = lake.sample(workload, BUCKET, cache, start=start, end=end)
    assert months(found, "schedules") == ["2013-02.parquet"]
    assert months(found, "planes") == ["2013-01.parquet"]  # reference data, known whatever the start
    assert begin == start


def test_a_table_formats_files_are_refused_as_by_the_job(loaded: Any, flights: Path, cache: Cache) -> None:
    loaded.put_object(Bucket=BUCKET, Key="raw/planes/_delta_log/00000000000000000000.json", Body=b"{}")
    with pytest.raises(RawDataError, match="not a table of Delta Lake"):
        trial.run_on_lake(flights, "local", start="2013-01-01", cache=cache)


@pytest.mark.usefixtures("year")
def test_of_too_much_the_newest_are_taken(workload: Workload, cache: Cache) -> None:
    found, begin = lake.sample(workload, BUCKET, cache)
    assert months(found, "schedules") == ["2013-01.parquet", "2013-02.parquet", "2013-03.parquet"]
    assert begin is None
    found, begin = lake.sample(workload, BUCKET, cache, most=100)  # four sources of two months, and planes
    assert {name: len(files) for name, files in found.items()} == {
        "schedules": 2,
        "departures": 2,
        "arrivals": 2,
        "weather": 2,
        "planes": 1,
    }
    assert begin == datetime(2013, 2, 1, tzinfo=UTC)


@pytest.mark.usefixtures("year")
def test_too_much_for_any_dates_is_refused(workload: Workload, cache: Cache) -> None:
    with pytest.raises(ProblemsError, match=r"s3://raw/raw must be at most 0 MB to be tried on.*START and END"):
        lake.sample(workload, BUCKET, cache, most=10)


@pytest.mark.usefixtures("year")
def test_a_source_without_objects_of_the_dates_is_named(workload: Workload, cache: Cache) -> None:
    with pytest.raises(ProblemsError) as raised:
        lake.sample(workload, BUCKET, cache, start=datetime(2014, 1, 1, tzinfo=UTC))
    assert [problem.field for problem in raised.value.problems] == [
        f"sources.{name}" for name in ("schedules", "departures", "arrivals", "weather")
    ]


def test_a_lake_that_may_not_be_read_is_told(s3: Any, flights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake, "bucket_of", lambda stack: "not-there")
    with pytest.raises(
        ProblemsError, match=r'ENV must have a lake that you may read, got "s3://not-there".*NoSuchBucket'
    ):
        trial.run_on_lake(flights, "local")


def test_an_environment_that_is_not_deployed_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\necho \"error: no stack named 'dev' found\" >&2\nexit 255\n")
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ProblemsError, match=r"make up ENV=dev.*no stack named 'dev' found"):
        lake.bucket_of("dev")


def test_an_environment_names_its_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text('#!/bin/sh\ntest "$3 $6" = "raw_bucket dev" && echo \'"lake-raw-bucket-1"\'\n')
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert lake.bucket_of("dev") == "lake-raw-bucket-1"


def test_without_pulumi_the_remedy_is_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProblemsError, match="name a folder of events with FROM"):
        lake.bucket_of("dev")
