"""CSV as spreadsheets and other tools write it."""

from __future__ import annotations

from typing import Any

import pytest

from inference import formats
from inference.headers import CSV
from workloads.problems import ProblemsError
from workloads.spec import Workload


@pytest.fixture
def line(workload: Workload, instance: dict[str, Any]) -> str:
    return ",".join(str(instance.get(name, "")) for name in workload.features)


def _read(workload: Workload, text: str) -> list[dict[str, Any]]:
    return formats.read(workload, text.encode(), CSV)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1400", 1400.0),
        (" 12 ", 12.0),
        ("\t12", 12.0),
        ("+5", 5.0),
        ("007", 7.0),
        ("1e3", 1000.0),
        ("1.4E+03", 1400.0),
        ("5.", 5.0),
        ("12.50", 12.5),
        (".5", 0.5),
        ('"60"', 60.0),
        ("1e-999", 0.0),
    ],
)
def test_a_number_is_what_the_users_of_csv_call_one(workload: Workload, line: str, cell: str, number: float) -> None:
    anything = {"humidity": workload.features["humidity"].model_copy(update={"range": None})}
    loose = workload.model_copy(update={"features": workload.features | anything})
    assert _read(loose, _with_humidity(loose, line, cell))[0]["humidity"] == number


@pytest.mark.parametrize(
    "cell",
    [
        "1_400", "0x10", "0b1", "inf", "-Infinity", "nan", "NaN", "\u0661\u0662", "\uff11\uff12",
        "1\u00a0400", '"1,400"', '"1,5"', "1 400",
        "1e", "e3", ".", "+", "--5", "\u22125", "5%", "$5", "1e999", "-1e999", "9" * 400, "1.2.3", "12\0", "true",
        "NULL", '"12\n"', "1j", "1d3",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_column(workload: Workload, line: str, cell: str) -> None:
    with pytest.raises(ProblemsError) as refused:
        _read(workload, _with_humidity(workload, line, cell))
    (problem,) = refused.value.problems
    assert (problem.field, problem.rule) == ("rows[0].humidity", "be a finite number")
    assert problem.value == cell.strip('"').strip(" \t")


def _with_humidity(workload: Workload, line: str, cell: str) -> str:
    cells = line.split(",")
    cells[list(workload.features).index("humidity")] = cell
    return ",".join(cells)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "tail", ["", "{end}", "{end}{end}", "{end}   {end}", "{end} \t", "{end}{commas}", "{end} {commas}{end}"]
)
def test_what_spreadsheets_write_is_read(workload: Workload, line: str, end: str, mark: str, tail: str) -> None:
    text = mark + line + end + line + tail.format(end=end, commas="," * (len(workload.features) - 1))
    assert _read(workload, text) == _read(workload, line) * 2


def test_a_line_of_commas_among_others_is_a_row_that_lacks_values(workload: Workload, line: str) -> None:
    with pytest.raises(ProblemsError) as refused:
        _read(workload, f"{line}\n{',' * (len(workload.features) - 1)}\n{line}\n")
    assert {problem.field.partition(".")[0] for problem in refused.value.problems} == {"rows[1]"}


def test_where_every_feature_may_be_missing_a_line_of_commas_is_a_row(workload: Workload) -> None:
    features = {name: feature.model_copy(update={"nullable": True}) for name, feature in workload.features.items()}
    loose = workload.model_copy(update={"features": features})
    assert len(_read(loose, f"{',' * (len(features) - 1)}\n" * 2)) == 2


@pytest.mark.parametrize("cell", ['"UA"', '"U\nA"', '"U\r\nA"', '"U""A"', '"U,A"'])
def test_a_quoted_cell_may_hold_anything(workload: Workload, line: str, cell: str) -> None:
    text = line.replace("UA", cell)
    if cell == '"UA"':
        assert _read(workload, text) == _read(workload, line)
        return
    with pytest.raises(ProblemsError) as refused:
        _read(workload, text)
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == ("rows[0].carrier", cell[1:-1].replace('""', '"'))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_named(workload: Workload, line: str, separator: str) -> None:
    with pytest.raises(ProblemsError, match=r"rows\[0\] must have 28 columns, got 1\. .*, separated by commas\."):
        _read(workload, line.replace(",", separator))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_another_unicode_is_refused_by_its_name(workload: Workload, line: str, encoding: str) -> None:
    body = ("\ufeff" + line if encoding == "utf-16-be" else line).encode(encoding)
    with pytest.raises(ProblemsError, match=f'got "{encoding[:6].upper()} text".*CSV UTF-8'):
        formats.read(workload, body, CSV)


@pytest.mark.parametrize("between", ["", "   ", "\t", '""'])
def test_a_blank_line_between_two_rows_is_no_row(workload: Workload, line: str, between: str) -> None:
    assert len(_read(workload, f"{line}\n{between}\n{line}\n")) == 2
