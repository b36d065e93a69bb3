"""Data and answers that make no workload: each is refused with field, rule, value and remedy, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.__main__ import main
from tests.scaffold import data

ROWS = range(60)
DAYS: list[object] = [f"2024-{1 + row // 28:02}-{1 + row % 28:02}" for row in ROWS]
SOLD: list[object] = [row % 3 == 0 for row in ROWS]
SIZES: list[object] = [row % 3 * 10 + row % 7 for row in ROWS]


@pytest.fixture
def workloads(tmp_path: Path) -> Path:
    (tmp_path / "workloads").mkdir()
    return tmp_path / "workloads"


def _refused(workloads: Path, folder: Path, capsys: pytest.CaptureFixture[str], *more: str, name: str = "shop") -> str:
    assert main(["--name", name, "--from", str(folder), *more], workloads=workloads, terminal=False) == 2
    assert list(workloads.iterdir()) == []
    return capsys.readouterr().err


def test_an_empty_folder(workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "found").mkdir()
    said = _refused(workloads, tmp_path / "found", capsys)
    assert "FROM must hold files of data" in said
    assert ".parquet, " in said


def test_no_folder_and_no_name_are_told_at_once(
    workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _refused(workloads, tmp_path / "nowhere", capsys, name="My Shop")
    assert (
        'NAME must be at most 22 lower-case letters, digits and single hyphens, and begin with a letter, got "My Shop"'
        in said
    )
    assert "FROM must be a folder" in said
    assert main([], workloads=workloads, terminal=False) == 2
    said = capsys.readouterr().err
    assert "NAME must name the workload, it is missing." in said
    assert "FROM must name a folder of data, it is missing." in said


def test_files_that_are_not_data_and_files_that_are_broken(
    workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "found"
    folder.mkdir()
    (folder / "readme.txt").write_text("nothing")
    assert ".txt" in _refused(workloads, folder, capsys)
    (folder / "one.parquet").write_bytes(b"PAR1 and then something else")
    (folder / "two.csv").write_bytes(b"a,b\n1,2\n3\n")
    (folder / "three.jsonl").write_text('{"a": 1\n')
    said = _refused(workloads, folder, capsys)
    for key in ("raw/one/one.parquet", "raw/two/two.csv", "raw/three/three.jsonl"):
        assert key in said


def test_a_table_with_a_log_of_its_own_is_not_read_as_plain_files(
    workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data.csv(tmp_path / "found" / "sales", day=DAYS, sold=SOLD, size=SIZES)
    (folder / "_delta_log").mkdir()
    (folder / "_delta_log" / "00000.json").write_text("{}")
    said = _refused(workloads, tmp_path / "found", capsys, "--label", "sold")
    assert "FROM must be of plain files, not of a table of Delta Lake" in said


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a;b\n1;2\n", "FROM must "),
        ("price\n1\n2\n", "FROM must hold tables of several columns"),
        ("day,price\n", "FROM must hold tables with rows"),
    ],
)
def test_tables_that_say_too_little(
    text: str, rule: str, workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / "prices.csv").write_text(text)
    assert rule in _refused(workloads, tmp_path / "found", capsys, "--label", "price")


@pytest.mark.parametrize(
    ("label", "rule"),
    [
        ("solt", 'LABEL must be a column of rows, got "solt". Did you mean sold?'),
        ("same", "LABEL must have more than one value"),
        ("empty", "LABEL must have values"),
        ("day", "LABEL must be a boolean, a category or a number, not a time"),
        ("code", "LABEL must be of at most 50 classes"),
    ],
)
def test_columns_that_are_no_label(
    label: str, rule: str, workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data.csv(
        tmp_path / "found",
        day=DAYS,
        sold=SOLD,
        size=SIZES,
        same=[1 for _ in ROWS],
        empty=[None for _ in ROWS],
        code=[f"code {row}" for row in ROWS],
    )
    assert rule in _refused(workloads, folder, capsys, "--label", label)


def test_all_that_is_wrong_with_the_answers_is_told_at_once(
    workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data.csv(tmp_path / "found", day=DAYS, sold=SOLD, size=SIZES)
    arguments = ("--label", "sold", "--label-type", "text", "--event-time", "size", "--record-id", "sold")
    said = _refused(workloads, folder, capsys, *arguments, "--entity", "shop", "--horizon", "soon")
    assert 'LABEL_TYPE must be one of boolean, category, number, got "text"' in said
    assert 'EVENT_TIME must be a time, got "size". size holds integer' in said
    assert 'RECORD_ID must be different in every row, got "sold"' in said
    assert 'ENTITY must be a column of rows, got "shop"' in said
    assert 'HORIZON must be a duration, got "soon". Write a number and a unit' in said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([str(row) for row in ROWS], "EVENT_TIME must be a time"),
        ([None, *DAYS[1:]], "EVENT_TIME must be there in every row"),
    ],
)
def test_event_times_that_are_none(
    days: list[object], said: str, workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data.csv(tmp_path / "found", day=days, sold=SOLD, size=SIZES)
    assert said in _refused(workloads, folder, capsys, "--label", "sold", "--event-time", "day")


def test_a_table_without_any_time_cannot_be_tested_on_its_newest_part(
    workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data.csv(tmp_path / "found", sold=SOLD, size=SIZES)
    said = _refused(workloads, folder, capsys, "--label", "sold")
    assert "EVENT_TIME must name the moment" in said
    assert "No column of rows (sold, size) is a time that every row has" in said


def test_examples_of_one_moment_have_no_newest_part(
    workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data.csv(tmp_path / "found", day=[DAYS[0] for _ in ROWS], sold=SOLD, size=SIZES)
    said = _refused(workloads, folder, capsys, "--label", "sold")
    assert "EVENT_TIME must part the examples in an older and a newer part" in said


def test_a_label_alone_teaches_nothing(workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.csv(tmp_path / "found", day=DAYS, sold=SOLD, shop=["x" for _ in ROWS])
    said = _refused(workloads, folder, capsys, "--label", "sold")
    assert "FROM must have a column that a model can learn from" in said
    assert "shop: it is 'x' in every row that has it" in said


def test_nothing_is_ever_written_over(workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.csv(tmp_path / "found", day=DAYS, sold=SOLD, size=SIZES)
    (workloads / "shop").mkdir()
    (workloads / "shop" / "mine.txt").write_text("keep")
    assert main(["--name", "shop", "--from", str(folder)], workloads=workloads, terminal=False) == 2
    assert 'NAME must be no folder yet, got "workloads/shop"' in capsys.readouterr().err
    assert [path.name for path in (workloads / "shop").iterdir()] == ["mine.txt"]


def test_the_name_of_code_is_taken(workloads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data.csv(tmp_path / "found", day=DAYS, sold=SOLD, size=SIZES)
    (workloads / "spec.py").touch()
    assert main(["--name", "spec", "--from", str(folder)], workloads=workloads, terminal=False) == 2
    assert "NAME must be no folder yet" in capsys.readouterr().err
