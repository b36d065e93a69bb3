"""What a source says of its columns must be about columns that it has."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from workloads.fields import Source
from workloads.source_rules import column_name, source_rules

COLUMNS = {"event_time": "timestamp", "paid": "timestamp", "amount": "number"}


def source(**said: Any) -> Source:
    return Source.model_validate({"description": "A payment.", "columns": COLUMNS, **said})


@pytest.mark.parametrize(
    "said",
    [
        {"optional": ["amount", "paid"]},
        {"timestamps": {"paid": "epoch_ms"}},
        {"timestamps": {"paid": "end_of_day"}, "zone": "Europe/Berlin"},
        {"zone": "UTC", "null_values": ["NA", ""], "without_event_time": "drop"},
    ],
)
def test_what_fits_is_taken(said: dict[str, Any]) -> None:
    assert list(source_rules("payments", source(**said))) == []


@pytest.mark.parametrize(
    ("said", "place", "rule"),
    [
        ({"event_time": "amount"}, ("event_time",), "name a timestamp column of the source"),
        ({"optional": ["tip"]}, ("optional",), "name columns of the source"),
        ({"optional": ["event_time"]}, ("optional",), "not name the event time"),
        ({"timestamps": {"amount": "epoch_s"}}, ("timestamps", "amount"), "be a timestamp column of the source"),
        ({"timestamps": {"tip": "epoch_s"}}, ("timestamps", "tip"), "be a timestamp column of the source"),
        ({"timestamps": {"paid": "start_of_day"}}, ("timestamps", "paid"), "stand beside the source's `zone`"),
        (
            {"columns": {**COLUMNS, "paid__": "string"}},
            ("columns", "paid__"),
            "differ from the others in letters and digits",
        ),
    ],
)
def test_what_does_not_fit_is_named(said: dict[str, Any], place: tuple[str, ...], rule: str) -> None:
    ((where, told, _, remedy),) = source_rules("payments", source(**said))
    assert (where, told) == (("sources", "payments", *place), rule)
    assert remedy.endswith(".")


@pytest.mark.parametrize("zone", ["Berlin", "CEST", "+01:00", "../etc/passwd", ""])
def test_a_zone_is_one_that_there_is(zone: str) -> None:
    with pytest.raises(ValidationError, match="name a time zone of the IANA database"):
        source(zone=zone)


@pytest.mark.parametrize(
    ("written", "declared"),
    [("Flight ID", "flight_id"), ("bill length (mm)", "bill_length_mm"), ("_id", "id"), ("TailNum", "tailnum")],
)
def test_a_column_is_found_by_its_letters_and_digits(written: str, declared: str) -> None:
    assert column_name(written) == declared
