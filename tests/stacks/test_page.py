"""The page of settings says what the program asks for: `python -m stacks.page` writes it anew."""

from __future__ import annotations

from stacks import page
from stacks.settings import Settings


def test_the_page_is_that_of_the_settings() -> None:
    assert page.FILE.read_text(encoding="utf-8") == page.text()


def test_every_setting_is_on_it_once_with_what_it_means() -> None:
    rows = [line.split(" | ") for line in page.text().splitlines() if line.startswith("| `")]
    names = [row[0].strip("| `").removeprefix("headrace:") for row in rows]
    assert sorted(names) == sorted({*Settings.model_fields, "file"} - {"environment"})
    assert all(len(row) == 4 and len(row[1]) > 10 for row in rows)
