"""What a workload brings so that `make demo WORKLOAD=<name>` can tell its story: an ``ingest.py`` in its folder.

That module is a `Loader`: it has the names below, and gets its data wherever they are: from a package that is
installed, from files, from a generator. The demo puts its files into the lake, runs the pipeline on `Loader.TRAINING`,
and asks the model `Loader.questions`, whose true answers it shows beside the model's. Nothing else uses it: jobs and
endpoints never see an ``ingest.py``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class RawFile:
    """One object of the raw bucket.

    Attributes
    ----------
    source : str
        The source that it belongs to, as workload.yaml calls it.
    key : str
        Where it lies in the bucket: below ``raw/<source>/``, for instance ``raw/<source>/2013-04.parquet``.
    body : bytes
        Its content, the same bytes on every machine: the demo leaves out what is there already.
    rows : int
        How many rows it has.
    """

    source: str
    key: str
    body: bytes
    rows: int


@dataclass(frozen=True)
class Questions:
    """What the demo asks a model: the examples of a time that the workload's own SQL makes of these rows.

    Attributes
    ----------
    start, end : str
        ISO times in UTC, both included: the examples asked between them, after the training data.
    what : str
        What they are, for a sentence: ``flights of 1 April 2013``.
    sources : mapping of str to DataFrame
        All rows that the SQL needs for them, by source: also the later ones that hold their answers. Histories are not
        computed from these, but read from the online store, as any caller does.
    """

    start: str
    end: str
    what: str
    sources: Mapping[str, pd.DataFrame]


class Loader(Protocol):
    """The names that an ``ingest.py`` has."""

    TRAINING: tuple[str, str]
    """The first day of the training data and the day after their last, ISO dates: the pipeline's DataStart and
    DataEnd."""

    def files(self) -> Iterable[RawFile]:
        """Return the raw files that training needs, in an order of your choice."""

    def questions(self) -> Questions:
        """Return what the demo asks."""


def parquet(rows: pd.DataFrame) -> bytes:
    """Return rows as a Parquet file: the same bytes for the same rows, with UTC timestamps in microseconds."""
    out = io.BytesIO()
    pq.write_table(pa.table({str(name): _array(rows[name]) for name in rows}), out, compression="zstd")
    return out.getvalue()


def _array(values: pd.Series[Any]) -> pa.Array:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return pa.array(values.dt.tz_convert(None).to_numpy(), pa.timestamp("us", tz="UTC"))
    return pa.array(
        values.to_numpy(dtype=object if pd.api.types.is_string_dtype(values.dtype) else None), from_pandas=True
    )
