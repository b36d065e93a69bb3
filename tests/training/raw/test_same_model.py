"""The same data make the same model, in whichever order and files they lie; what counts for nothing is said."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from inference import plan
from tests.training.raw.places import Lake, csv, parquet
from training import dataset, prepare, raw, train
from training.features import LeftOut
from training.job import JobError
from training.prepare import Prepared
from workloads import spec
from workloads.spec import Workload

START, DAYS = datetime(2013, 1, 1, tzinfo=UTC), 30
PAYMENTS, QUESTIONS, PRICES = 800_000, 600, 500  # so many payments that threads would share them
FILE = """
name: shop
description: Will a customer come back within an hour?
prior: 0.5
sources:
  payments:
    description: A payment.
    columns: {event_time: timestamp, customer: string, amount: number}
  prices:
    description: A price that a shop set.
    columns: {event_time: timestamp, shop: string, price: number, pieces: number}
  questions:
    description: A customer left a shop.
    columns: {event_time: timestamp, question: string, customer: string, shop: string, back: boolean}
examples: {view: examples, record_id: question, event_time: event_time}
entities:
  customer: {description: Who pays., view: customers, record_identifier: customer}
  shop: {description: Where., view: shops, record_identifier: shop}
features:
  hour: {description: Of the day., type: integer}
  mean: {description: Mean amount of yesterday., from: customer, type: number, nullable: true}
  price: {description: Newest price., from: shop, type: number, nullable: true}
  per_piece: {description: Price of a piece., from: shop, type: number, nullable: true}
label: {name: back, description: Came back., known_at: known_at}
check: {minimum_rows: 10}
holdout: {share: 0.2}
estimator:
  type: sklearn.ensemble.HistGradientBoostingClassifier
  parameters: {max_iter: 10, random_state: 1}
gates: {metrics: {roc_auc: {minimum: 0.0}}}
"""
SQL = """
CREATE VIEW customers AS
SELECT customer, date_trunc('day', event_time) + INTERVAL 1 DAY AS event_time, avg(amount) AS mean
FROM payments GROUP BY ALL;
CREATE VIEW shops AS SELECT shop, event_time, price, price / pieces AS per_piece FROM prices;
CREATE VIEW examples AS
SELECT question, event_time, customer, shop, hour(event_time) AS hour, back, event_time + INTERVAL 1 HOUR AS known_at
FROM questions;
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    folder = tmp_path_factory.mktemp("workloads") / "shop"
    folder.mkdir()
    (folder / "workload.yaml").write_text(FILE)
    (folder / "features.sql").write_text(SQL)
    return spec.load(folder / "workload.yaml")


@pytest.fixture(scope="module")
def rows() -> dict[str, pa.Table]:
    """The sources' rows: some payments are nobody's, and a shop sets two prices at once, some for no pieces."""
    chance = np.random.default_rng(2013)

    def moments(count: int, unit: str) -> pa.Array:
        kind = {"us": 10**6, "s": 1}[unit]
        seconds = np.sort(chance.integers(0, DAYS * 86400 * kind, count))
        return (
            pa.array(seconds + int(START.timestamp()) * kind)
            .cast(pa.timestamp(unit, "UTC"))
            .cast(pa.timestamp("us", "UTC"))
        )

    def names(kind: str, many: int, count: int) -> list[str]:
        return [f"{kind}{number}" for number in chance.integers(0, many, count)]

    payers: list[Any] = names("c", 20, PAYMENTS)
    payers[::1000] = [None] * len(payers[::1000])
    at = moments(PRICES, "s")
    prices = pa.concat_arrays([at, at])
    return {
        "payments": pa.table(
            {"event_time": moments(PAYMENTS, "us"), "customer": payers, "amount": chance.normal(9, 3, PAYMENTS)}
        ),
        "prices": pa.table(
            {
                "event_time": prices,
                "shop": names("s", 3, PRICES) * 2,
                "price": np.append(chance.normal(5, 1, PRICES), np.zeros(PRICES)),
                "pieces": np.append(np.ones(PRICES), np.zeros(PRICES)),
            }
        ),
        "questions": pa.table(
            {
                "event_time": moments(QUESTIONS, "us"),
                "question": [f"q{number}" for number in range(QUESTIONS)],
                "customer": names("c", 21, QUESTIONS),
                "shop": names("s", 3, QUESTIONS),
                "back": chance.integers(0, 2, QUESTIONS) == 1,
            }
        ),
    }


def prepared(workload: Workload, lake: Lake) -> Prepared:
    """Read a folder, and make the data set."""
    end = START + timedelta(days=DAYS)
    files = {name: raw.below(lake.folder, name) for name in workload.sources}
    streams = raw.read_all(workload.sources, files, START, end)
    return prepare.build(workload, {name: stream.table for name, stream in streams.items()}, START, end)


def put(lake: Lake, rows: dict[str, pa.Table]) -> Lake:
    """Write a file for each source."""
    return lake.put({f"../{name}/all.parquet": parquet(table) for name, table in rows.items()})


def digest(workload: Workload, made: Prepared, folder: Path) -> str:
    """Train on a data set, and return the model's digest."""
    how, estimator = train.fit(workload, made.parts[dataset.TRAINING].to_pandas(), dict(workload.estimator.parameters))
    return plan.save(folder, workload, how, estimator)


def test_order_and_files_do_not_change_the_model(shop: Workload, rows: dict[str, pa.Table], tmp_path: Path) -> None:
    chance, digests, first = np.random.default_rng(7), set(), None
    for attempt in range(3):
        lake = Lake(tmp_path / str(attempt))
        for name, table in rows.items():
            shuffled = table.take(pa.array(chance.permutation(table.num_rows))) if attempt else table
            cuts = [0, *sorted(chance.integers(0, table.num_rows, 3).tolist()), table.num_rows]
            for part, (begin, finish) in enumerate(itertools.pairwise(cuts)):
                piece = shuffled.slice(begin, finish - begin)
                written = {f"{chance.integers(100)}/{part}.csv": csv(piece)} if part == 2 else {}
                lake.put({f"../{name}/{key}": body for key, body in written.items()})
                if not written:
                    lake.put(
                        {f"../{name}/{chance.integers(100)}/{part}.parquet": parquet(piece, row_group_size=10_000)}
                    )
        made = prepared(shop, lake)
        first = first or made
        assert all(made.parts[part].equals(first.parts[part]) for part in dataset.PARTS)
        assert all(made.histories[entity].equals(first.histories[entity]) for entity in shop.entities)
        digests.add(digest(shop, made, tmp_path / f"model{attempt}"))
    assert len(digests) == 1


def test_what_counts_for_nothing_is_said(
    shop: Workload, rows: dict[str, pa.Table], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = prepared(shop, put(Lake(tmp_path), rows))
    ties = 2 * PRICES - made.histories["shop"].num_rows
    assert made.report.histories == {"customer": LeftOut(DAYS, 0, 0), "shop": LeftOut(0, 0, ties)}
    assert ties >= PRICES
    said = capsys.readouterr().out
    assert f"Left {DAYS} rows out of the history of customer: without identifier" in said
    assert f"Left {ties} rows out of the history of shop: same moment" in said


def test_of_two_rows_of_a_moment_the_greater_counts(shop: Workload, rows: dict[str, pa.Table], tmp_path: Path) -> None:
    history = prepared(shop, put(Lake(tmp_path), rows)).histories["shop"]
    assert pc.min(history["price"]).as_py() > 0


def test_zero_by_zero_is_a_missing_value(shop: Workload, rows: dict[str, pa.Table], tmp_path: Path) -> None:
    nothing = rows["prices"].filter(pc.equal(rows["prices"]["pieces"], 0))
    made = prepared(shop, put(Lake(tmp_path), {**rows, "prices": nothing}))
    assert made.histories["shop"]["per_piece"].null_count == made.histories["shop"].num_rows
    assert made.parts[dataset.TRAINING]["per_piece"].null_count == made.parts[dataset.TRAINING].num_rows


def test_infinity_is_refused_with_its_view_and_row(shop: Workload, rows: dict[str, pa.Table], tmp_path: Path) -> None:
    at = rows["prices"]["event_time"].combine_chunks()[:1]
    one = pa.table({"event_time": at, "shop": ["s0"], "price": [5.0], "pieces": [0.0]})
    with pytest.raises(JobError) as refused:
        prepared(shop, put(Lake(tmp_path), {**rows, "prices": one}))
    assert str(refused.value).startswith(
        "shops.per_piece must be finite, got infinity in 1 rows, such as that of s0 at 2"
    )
    assert str(refused.value).endswith("A division by zero makes it: write `x / nullif(y, 0)` in features.sql.")


def test_no_examples_name_the_sources_without_rows(shop: Workload, rows: dict[str, pa.Table], tmp_path: Path) -> None:
    files = put(Lake(tmp_path), rows)
    streams = {name: raw.read(name, source, raw.below(files.folder, name)) for name, source in shop.sources.items()}
    with pytest.raises(JobError) as refused:
        prepare.build(shop, streams, datetime(2014, 1, 1, tzinfo=UTC), datetime(2014, 2, 1, tzinfo=UTC))
    assert str(refused.value) == (
        "examples must have rows between DataStart and DataEnd, got none from 2014-01-01 to 2014-02-01. No row of "
        "payments, prices, questions lies between them. Load events of these dates, or choose other dates."
    )
    silent = {**streams, "prices": streams["prices"].slice(0, 0)}  # a month without a price
    report = prepare.build(shop, silent, START, START + timedelta(days=DAYS)).report
    assert (report.sources["prices"].read, report.examples) == (0, QUESTIONS)
