"""Of a large object in S3 only those parts are read that may hold rows of the dates."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.training.raw.places import parquet, source
from tests.training.steps import Cloud
from training import raw, storage
from training.raw import RawFile
from training.storage import RangedReader, Version

START = datetime(2013, 1, 1, tzinfo=UTC)
ROWS = 30_000


class Counting:
    """An S3 client that counts the bytes that it was asked for."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.asked = 0

    def get_object(self, **request: str) -> Any:
        """Get an object, or a part of it."""
        first, last = request["Range"].removeprefix("bytes=").split("-")
        self.asked += int(last) - int(first) + 1
        return self._s3.get_object(**request)


@pytest.fixture(scope="module")
def large(cloud: Cloud) -> Version:
    chance = np.random.default_rng(0)
    body = parquet(
        {
            "event_time": [START + timedelta(minutes=minute) for minute in range(ROWS)],
            "it": chance.normal(size=ROWS),
            "other": chance.normal(size=ROWS),
        },
        row_group_size=1000,
    )
    answer = cloud.s3.put_object(Bucket="raw", Key="large/raw/events/all.parquet", Body=body)
    return Version("large/raw/events/all.parquet", answer["VersionId"], "", len(body))


def test_only_parts_are_fetched(cloud: Cloud, large: Version) -> None:
    counting = Counting(cloud.s3)
    file = RawFile("raw/events/all.parquet", bytes, partial(RangedReader, counting, "raw", large))
    start, end = START + timedelta(days=7), START + timedelta(days=8)
    stream = raw.read_all({"events": source({"it": "number"})}, {"events": [file]}, start, end)["events"]
    assert stream.table.num_rows == 2000  # the parts that the day touches
    assert stream.skipped == ROWS - 2000
    assert counting.asked < large.size / 4


def test_what_was_written_later_is_not_read(cloud: Cloud, large: Version) -> None:
    cloud.s3.put_object(Bucket="raw", Key=large.key, Body=b"another")
    whole = storage.read_version(cloud.s3, "raw", large)
    assert pq.read_table(io.BytesIO(whole)).equals(pq.ParquetFile(RangedReader(cloud.s3, "raw", large)).read())


def test_it_is_a_file(cloud: Cloud, large: Version) -> None:
    reader, whole = RangedReader(cloud.s3, "raw", large), storage.read_version(cloud.s3, "raw", large)
    assert (reader.readable(), reader.seekable()) == (True, True)
    assert reader.seek(-4, io.SEEK_END) == large.size - 4
    assert reader.read() == b"PAR1"
    assert reader.read() == b""
    reader.seek(10)
    reader.seek(5, io.SEEK_CUR)
    assert (reader.tell(), reader.read(7), reader.tell()) == (15, whole[15:22], 22)
