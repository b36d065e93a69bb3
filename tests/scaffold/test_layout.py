"""Which files of a folder are which table."""

from __future__ import annotations

from pathlib import Path

import pytest

from trial import layout
from workloads.problems import ProblemsError


def _found(folder: Path, *paths: str) -> dict[str, list[str]]:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a,b\n1,2\n")
    return {name: [source.key(file) for file in source.files] for name, source in layout.sources(folder).items()}


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["trips/year=2024/month=01/a.parquet"], {"trips": ["raw/trips/year=2024/month=01/a.parquet"]}),
        (["raw/trips/a.csv", "elsewhere.csv"], {"trips": ["raw/trips/a.csv"]}),
        (["year=2024/a.csv", "year=2025/a.csv"], {"data": ["raw/data/year=2024/a.csv", "raw/data/year=2025/a.csv"]}),
        (["trips.csv", "bikes.csv.gz"], {"trips": ["raw/trips/trips.csv"], "bikes": ["raw/bikes/bikes.csv.gz"]}),
        (
            ["trips-2024-01.csv", "trips-2024-02.csv"],
            {"trips": ["raw/trips/trips-2024-01.csv", "raw/trips/trips-2024-02.csv"]},
        ),
        (["2024-01.csv", "2024-02.csv"], {"data": ["raw/data/2024-01.csv", "raw/data/2024-02.csv"]}),
        (["part-00000-ab.snappy.parquet", "_SUCCESS"], {"data": ["raw/data/part-00000-ab.snappy.parquet"]}),
        (["table1.csv", "table2.csv"], {"table1": ["raw/table1/table1.csv"], "table2": ["raw/table2/table2.csv"]}),
        (["Bike Rides/a.csv", "readme.md", ".cache/b.csv"], {"bike_rides": ["raw/bike_rides/a.csv"]}),
        (["trips/a.csv", "trips/_SUCCESS", "docs/b.md"], {"trips": ["raw/trips/_SUCCESS", "raw/trips/a.csv"]}),
        (["raw/two__lines/a.csv"], {"two__lines": ["raw/two__lines/a.csv"]}),
        (["2024 sales/a.csv"], {"source_2024_sales": ["raw/source_2024_sales/a.csv"]}),
    ],
)
def test_a_table_is_named_after_where_its_files_lie(
    paths: list[str], found: dict[str, list[str]], tmp_path: Path
) -> None:
    assert _found(tmp_path / "data", *paths) == found


def test_two_tables_with_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="FROM must hold tables of different names"):
        _found(tmp_path / "data", "bike rides/a.csv", "bike-rides/a.csv")
