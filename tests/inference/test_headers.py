"""Content-Type and Accept, by RFC 9110."""

from __future__ import annotations

import pytest

from inference.headers import CSV, JSON, HeaderError, answer_type, request_type


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("Text/CSV", CSV),
        ("text/csv ; header=absent", CSV),
        ('text/csv;charset="UTF-8"', CSV),
        ("text/csv; charset=us-ascii", CSV),
        ("text/csv;", CSV),
    ],
)
def test_a_content_type_is_read_with_its_parameters(header: str, found: str) -> None:
    assert request_type(header) == found


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("", "must be one of application/json, text/csv"),
        ("*/*", "must be one of"),
        ("text/*", "must be one of"),
        ("text/csv, application/json", "must be one of"),
        ("application/json-seq", "must be one of"),
        ('"text/csv"', "must be one of"),
        ("text/csv; charset=iso-8859-1", "must name the character set UTF-8"),
        ('application/json; charset="utf-16"', "must name the character set UTF-8"),
    ],
)
def test_another_content_type_is_415(header: str, rule: str) -> None:
    with pytest.raises(HeaderError) as refused:
        request_type(header)
    problem = refused.value.problem.as_dict()
    assert (refused.value.status, problem["field"]) == (415, "Content-Type")
    assert problem["rule"].startswith(rule)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("text/csv;q=0, application/json", JSON),
        ("text/csv;q=0, */*", JSON),
        ("application/json;q=0, */*", CSV),
        ("application/json;q=0.000, application/*, text/csv;q=0.001", CSV),
        ("text/html, text/csv;q=0.5", CSV),
        ("application/json;q=0.1, text/*", CSV),
        ("text/*;q=0.2, text/csv;q=0.9, application/json;q=0.5", CSV),
        ("*/*;q=0.9, text/csv;q=0.1", JSON),
        ('application/json;profile="a,b;q=1", text/csv;q=0.2', CSV),  # no answer of ours has a profile
        ("application/json; charset=utf-8, text/csv;q=0.9", JSON),
        ("text/csv;header=absent;q=0.9, application/json;q=0.8", CSV),
        ("text/csv;header=present, application/json;q=0.8", JSON),
        ("text/csv;header=absent, text/csv;q=0, application/json;q=0.5", CSV),
        ("TEXT/CSV", CSV),
        (",, text/csv ,", CSV),
        ("text/csv;q=abc, application/json;q=0.1", JSON),  # not a quality: the range is left out
    ],
)
@pytest.mark.parametrize("preferred", [JSON, CSV])
def test_the_answer_is_what_accept_likes_best(header: str, found: str, preferred: str) -> None:
    assert answer_type(header, preferred) == found


@pytest.mark.parametrize("header", ["", " ", ",", "*/*", "application/json, text/csv", "text/csv;q=0.3, */*;q=0.3"])
@pytest.mark.parametrize("preferred", [JSON, CSV])
def test_where_accept_has_no_favourite_the_answer_is_of_the_requests_type(header: str, preferred: str) -> None:
    assert answer_type(header, preferred) == preferred


@pytest.mark.parametrize(
    "header",
    [
        "image/png",
        "*/*;q=0",
        "text/csv;q=0",
        "text/csv;q=0, application/json;q=0, image/*",
        "application/json;profile=x",
        "nonsense",
        "text/csv;q=2",
    ],
)
def test_an_accept_that_allows_neither_is_406(header: str) -> None:
    with pytest.raises(HeaderError) as refused:
        answer_type(header, JSON)
    problem = refused.value.problem.as_dict()
    assert (refused.value.status, problem["field"], problem["value"]) == (406, "Accept", f'"{header}"')
