"""What prepare leaves: each part apart, the histories, and from which versions it was all made."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.made_up import ROWS, START, examples
from tests.training.steps import mounted
from training import dataset, features, prepare, proof, storage
from training.features import Features
from training.raw.values import ARROW_TYPES
from training.storage import Version
from workloads.spec import Workload

END = START + timedelta(minutes=10 * ROWS)
PARTS = ("2013-01.parquet", "more/2013-01.parquet")
HISTORY = pa.table({"a": [1, 2]})


def partly_answered(workload: Workload) -> pa.Table:
    """Examples of which two have no answer, one an answer that came with the end, one an answer of no moment."""
    rows = examples(workload).to_pylist()
    for row in (1, 2):
        rows[row][workload.label.name] = None
    rows[3][workload.label.known_at] = datetime(2013, 1, 3, tzinfo=UTC)
    rows[5][workload.label.known_at] = None
    return pa.Table.from_pylist(rows)


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workload: Workload) -> Path:
    """Run prepare on examples that are there already; of each source two files of two moments."""
    mounted(tmp_path, workload, monkeypatch)
    monkeypatch.setenv("RAW_BUCKET", "raw")
    moments = [START, datetime(2013, 1, 3, tzinfo=UTC)]
    bodies: dict[str, bytes] = {}
    for name, source in workload.sources.items():
        kinds = {column: ARROW_TYPES[kind] for column, kind in source.columns.items()}
        rows = pa.table({column: pa.nulls(2, kind) for column, kind in kinds.items()})
        rows = rows.set_column(rows.column_names.index(source.event_time), source.event_time, [moments])
        for part in PARTS:
            out = io.BytesIO()
            pq.write_table(rows, out)
            bodies[f"raw/{name}/{part}"] = out.getvalue()

    def newest(_: object, bucket: str, prefix: str) -> list[Version]:
        return [Version(key, "v", "e", len(body)) for key, body in bodies.items() if key.startswith(prefix)]

    def compute(_: Workload, streams: dict[str, pa.Table]) -> Features:
        rows = {name: stream.num_rows for name, stream in streams.items()}
        assert rows == dict.fromkeys(workload.sources, 2), "what comes after the end is left out"
        return Features(partly_answered(workload), dict.fromkeys(workload.entities, HISTORY))

    monkeypatch.setattr(storage, "client", lambda _: None)
    monkeypatch.setattr(storage, "newest_versions", newest)
    monkeypatch.setattr(storage, "read_version", lambda _, __, version: bodies[version.key])
    monkeypatch.setattr(features, "compute", compute)
    monkeypatch.setattr(proof, "prove", lambda *_: None)  # these streams are not what the examples are made of
    prepare.main(["--data-start", "2013-01-01", "--data-end", "2013-01-03"])
    return tmp_path / "processing/output"


def test_each_part_lies_apart_and_they_are_whole_together(output: Path, workload: Workload) -> None:
    parts = {part: dataset.read(output / part, part) for part in dataset.PARTS}
    together = dataset.whole(workload, parts)
    assert 0 < len(together) <= ROWS - 4
    assert together[workload.label.name].notna().all()
    assert parts["holdout"].column_names == [workload.examples.record_id, *workload.features]
    for entity in workload.entities:
        assert pq.read_table(output / "histories" / f"{entity}.parquet").equals(HISTORY)


def test_what_was_read_is_written_down_and_has_a_digest(output: Path, workload: Workload) -> None:
    record = json.loads((output / "training" / dataset.VERSION_FILE).read_text())
    assert dataset.version(output / "training") == record["dataset_version"]
    assert (record["data_start"], record["data_end"], record["bucket"]) == ("2013-01-01", "2013-01-03", "raw")
    assert [one["key"] for one in record["objects"]] == [
        f"raw/{name}/{part}" for name in sorted(workload.sources) for part in PARTS
    ]
    split = json.loads((output / "labels" / dataset.SPLIT_FILE).read_text())
    assert split["dataset_version"] == record["dataset_version"]
    rows = {part: dataset.read(output / part, part).num_rows for part in ("training", "holdout")}
    assert {part: split[part]["rows"] for part in rows} == rows


def test_what_became_of_the_rows_is_written_down(output: Path, workload: Workload) -> None:
    report = json.loads((output / "labels" / dataset.REPORT_FILE).read_text())
    for name, source in workload.sources.items():
        assert report["sources"][name] == {"read": 4, "outside": 2}, f"{name}, {source.reference}"
    assert (report["examples"], report["label_null"], report["known_late"]) == (ROWS, 2, 2)
    split = json.loads((output / "labels" / dataset.SPLIT_FILE).read_text())
    assert report["split"].items() <= split.items()
