"""A workload file: what is read from it, and how a broken one is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workloads import spec
from workloads.problems import ProblemsError


@pytest.fixture
def flights_file(tmp_path: Path) -> Path:
    """A copy of the reference workload that a test may break."""
    shutil.copytree(spec.folder("flights"), tmp_path / "flights")
    return tmp_path / "flights" / "workload.yaml"


def _broken(path: Path, *changes: tuple[str, str]) -> list[str]:
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    with pytest.raises(ProblemsError) as refused:
        spec.load(path)
    return [str(problem).removeprefix(str(path)) for problem in refused.value.problems]


def _line(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line)


def test_the_reference_workload_says_what_the_caller_and_the_feature_groups_give() -> None:
    workload = spec.named("flights")
    assert workload.feature_names("request")[:4] == ("carrier", "origin", "destination", "distance")
    assert workload.feature_names() == tuple(workload.features)
    assert workload.stored_features("route") == ("route_delay_5", "route_delay_1d", "route_late_14d")
    assert workload.age_features("aircraft") == ("aircraft_minutes_since_arrival",)
    assert workload.feature_definitions("origin") == [
        {"FeatureName": "origin", "FeatureType": "String"},
        {"FeatureName": "event_time", "FeatureType": "String"},
        {"FeatureName": "origin_delay_1h", "FeatureType": "Fractional"},
        {"FeatureName": "origin_delay_2h", "FeatureType": "Fractional"},
        {"FeatureName": "origin_waiting_2h", "FeatureType": "Fractional"},
        {"FeatureName": "origin_flights_2h", "FeatureType": "Integral"},
    ]


def test_a_workload_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        spec.named("flights").prior = 0.5


def test_every_error_is_reported_at_once_with_its_line_and_remedy(flights_file: Path) -> None:
    problems = _broken(
        flights_file,
        ("prior: 0.23", "prior: often"),
        ("minimum_rows: 2000", "minimum_rowz: 2000"),
        ("type: integer, range: [1, 7]}", "type: whole, range: [1, 7]}"),
    )
    lines = {text: _line(flights_file, text) for text in ("prior", "weekday", "check:", "minimum_rowz")}
    assert problems == [
        f':{lines["prior"]}: prior must be a number, or a number for each category, got "often". '
        "What the endpoint answers before the first model exists: a probability of true, a probability for each "
        "category, or a value.",
        f":{lines['weekday']}: features.weekday.type must be 'integer', 'number', 'boolean' or 'category', "
        'got "whole". integer, number, boolean or category.',
        f":{lines['check:']}: check.minimum_rows must be given, it is missing. "
        "Add it. Fewest examples that a model may be trained on.",
        f":{lines['minimum_rowz']}: check.minimum_rowz must be a known field, got 2000. Did you mean minimum_rows?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    from: origin\n", "    from: airport\n", "features.origin_delay_1h.from must be one of request, origin,"),
        ("known_at: arrived_at", "known_at: carrier", "features.carrier must not be the column of label.known_at"),
        ("roc_auc: {minimum: 0.72}", "roc_auc: {maximum: 0.72}", "gates.metrics.roc_auc must have a minimum"),
        ("range: [0, 1439]", "range: [1439, 0]", "features.departure_minute.range must have its smaller bound first"),
        ("label_share: [0.05, 0.6]", "label_share: [0.6, 0.05]", "check.label_share must be two growing shares"),
        ("    nullable: true\n", "    nullable: false\n", "features.origin_delay_1h.nullable must be true"),
        ("[EWR, JFK, LGA]", "[EWR, JFK, JFK]", "features.origin.categories must be given once each"),
        ("columns: {event_time: timestamp, flight_id", "columns: {event_time: string, flight_id", "timestamp column"),
        ("prior: 0.23", "prior: 0.23\nprior: 0.5", "prior must be given once"),
        ("prior: 0.23", "prior: 1.5", "prior must be from 0 to 1, got 1.5"),
    ],
)
def test_rules_between_fields_name_the_field_and_what_to_do(
    flights_file: Path, old: str, new: str, message: str
) -> None:
    problems = _broken(flights_file, (old, new))
    assert len(problems) == 1
    assert message in problems[0]
    assert problems[0].endswith(".")


def test_a_file_that_is_not_yaml_is_refused_with_the_line(flights_file: Path) -> None:
    assert _broken(flights_file, ("name: flights", "name: {flights"))[0].startswith(":3: file must be YAML")


def test_words_that_yaml_once_took_for_booleans_are_categories(flights_file: Path) -> None:
    text = flights_file.read_text("utf-8")
    flights_file.write_text(text.replace("[EWR, JFK, LGA]", "[NO, ON, y, off]"), "utf-8")
    read = spec.load(flights_file)
    assert read.features["origin"].categories == ("NO", "ON", "y", "off")
    assert read.features["aircraft_minutes_since_arrival"].age is True


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="file must exist"):
        spec.load(tmp_path / "workload.yaml")


def test_the_sql_lies_beside_the_file(flights_file: Path) -> None:
    (flights_file.parent / "features.sql").unlink()
    with pytest.raises(ProblemsError, match=r"must have a features\.sql beside the file"):
        spec.load(flights_file)


def test_the_published_schema_is_current() -> None:
    assert spec.SCHEMA_FILE.read_text("utf-8") == spec.schema_text(), "Run python -m workloads.spec"


def test_descriptions_that_aws_would_refuse_are_refused(flights_file: Path) -> None:
    problems = _broken(
        flights_file,
        ("description: >-", "description: |"),
        ("An airport of New York; a row", f"An airport {'of New York ' * 12}; a row"),
        ("description: Origin and destination; a row at each arrival.", 'description: ""'),
    )
    assert len(problems) == 3
    assert "description must be one line without control characters, got " in problems[0]
    assert problems[0].endswith("`>-` joins the lines of a YAML text.")
    assert "entities.origin.description must have at most 128 characters, got " in problems[1]
    assert problems[1].endswith("one line of at most 128 characters, as AWS takes it.")
    assert "entities.route.description must have at least 1 character, got " in problems[2]
    long = ("description: >-", f"description: {'long ' * 205}>-")
    shutil.copy(spec.folder("flights") / "workload.yaml", flights_file)
    assert any("description must have at most 1024 characters" in problem for problem in _broken(flights_file, long))
