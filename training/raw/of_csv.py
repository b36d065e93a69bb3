"""CSV files: all cells as texts, which the declared types are read from."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from training.raw.content import Content, first_of, matched
from training.raw.files import RawFile
from training.raw.problems import RawProblem
from workloads.spec import Source


def read(file: RawFile, source: Source, body: bytes, separator: str) -> Content:
    body = body.removeprefix(b"\xef\xbb\xbf")
    lines = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline="")
    header = next(row for row in csv.reader(lines, delimiter=separator) if row)
    columns, problems = matched(file, source, header)
    other = next((one for one in ";\t|," if one in header[0] and one != separator), None)
    if len(header) == 1 and other:
        remedy = "Load it with commas, or name it .tsv where it has tabs."
        problems = [RawProblem(file.key, f"separate its cells by {separator!r}", remedy, value=header[0])]
    if problems:
        return Content(problems=problems)

    def odd(row: Any) -> str:
        cells, line = f"have {row.expected_columns} cells", row.number - 1 if row.number else None
        problems.append(RawProblem(file.key, cells, "Quote a cell that holds a comma.", row=line, value=row.text))
        return "skip"

    table = pa_csv.read_csv(
        pa.BufferReader(body),
        read_options=pa_csv.ReadOptions(use_threads=False),
        parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=odd),
        convert_options=pa_csv.ConvertOptions(
            include_columns=list(columns.values()),
            column_types=dict.fromkeys(columns.values(), pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    made = {declared: table[name] for declared, name in columns.items()}
    return Content(made, table.num_rows, first_of(problems))
