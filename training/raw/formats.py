"""From a file's bytes to its declared columns, as they were written: what kind of file it is, and who reads it."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import zlib
from collections.abc import Callable

import pyarrow as pa

from training.raw import of_csv, of_json, of_parquet
from training.raw.content import RELOAD, Content, Keep
from training.raw.files import RawFile
from training.raw.problems import RawProblem
from workloads.spec import Source

_PARQUET = b"PAR1"
_PARQUET_NAMES = (".parquet", ".parq", ".pq")
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_JSON_NAMES = (".jsonl", ".ndjson", ".json")
_COMPRESSED_NAMES = (".gz", ".gzip", ".zst", ".zstd", ".bz2")
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2"}


def content(file: RawFile, source: Source, keep: Keep | None = None) -> Content:
    """Read a file's declared columns.

    Parameters
    ----------
    file : RawFile
        Parquet, CSV or JSON Lines, by its name; compressed or not, by its first bytes.
    source : Source
        Which declares them.
    keep : callable, optional
        Told the smallest and the largest event time of a part of the file, decides whether it is read.
    """
    if file.open is not None and file.key.lower().endswith(_PARQUET_NAMES):
        return _safely(file, lambda: of_parquet.read(file, source, file.open(), keep))  # type: ignore[misc]
    body = file.read()
    if not body:
        return Content()
    return _safely(file, lambda: _body(file, source, body, keep))


def _safely(file: RawFile, read: Callable[[], Content]) -> Content:
    try:
        return read()
    except (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        return Content(problems=[RawProblem(file.key, f"be a whole file of its kind ({error})", RELOAD)])


def _body(file: RawFile, source: Source, body: bytes, keep: Keep | None) -> Content:
    body = decompressed(body)
    if body.startswith(_PARQUET):
        return of_parquet.read(file, source, io.BytesIO(body), keep)
    name = file.key.lower()
    while name.endswith(_COMPRESSED_NAMES):
        name = name.rpartition(".")[0]
    ending = "." + name.rpartition(".")[2]
    if not body.strip():
        return Content()
    if ending in _SEPARATORS:
        return of_csv.read(file, source, body, _SEPARATORS[ending])
    if ending in _JSON_NAMES:
        return of_json.read(file, source, body)
    if ending in _PARQUET_NAMES:
        return Content(problems=[RawProblem(file.key, "be a Parquet file", "Load it again, or name it by its kind.")])
    remedy = (
        "Name it by what it is: .parquet, .csv, .tsv, .jsonl or .json (JSON Lines), each also with .gz, .zst or .bz2. "
        "What holds no rows gets a name that begins with _, or lies elsewhere."
    )
    return Content(problems=[RawProblem(file.key, "be Parquet, CSV or JSON Lines", remedy)])


def decompressed(body: bytes) -> bytes:
    """Return the content of a file that may be compressed, by its first bytes."""
    kind = next((kind for magic, kind in _MAGIC.items() if body.startswith(magic)), None)
    if kind == "gzip":
        return gzip.decompress(body)
    if kind == "bz2":
        return bz2.decompress(body)
    return pa.CompressedInputStream(pa.BufferReader(body), kind).read() if kind else body
