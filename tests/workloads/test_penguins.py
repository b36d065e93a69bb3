"""The penguins' event streams and what the SQL makes of them."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from workloads import spec
from workloads.penguins import ingest


@pytest.fixture(scope="module")
def lake() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for source in spec.named("penguins").sources:
        connection.register(source, ingest.table(source))
    connection.execute((spec.folder("penguins") / "features.sql").read_text("utf-8"))
    return connection


def test_every_penguin_is_one_example_whose_species_is_known_later() -> None:
    measured, named = ingest.table("penguin_measurements"), ingest.table("penguin_species")
    assert len(measured) == len(named) == 344
    assert measured.bird_id.is_unique
    both = measured.merge(named, on="bird_id")
    assert len(both) == 344
    assert (both.event_time_x < both.event_time_y).all()
    assert both.species.value_counts().to_dict() == {"Adelie": 152, "Gentoo": 124, "Chinstrap": 68}


def test_a_penguins_name_does_not_tell_its_species() -> None:
    assert not ingest.table("penguin_measurements").bird_id.str.contains("Adelie|Chinstrap|Gentoo").any()


def test_two_penguins_were_not_measured(lake: duckdb.DuckDBPyConnection) -> None:
    (missing,) = lake.sql("SELECT count(*) FROM examples WHERE culmen_length IS NULL").fetchall()
    assert missing[0] == 2


def test_an_islands_shares_are_those_of_the_penguins_named_so_far(lake: duckdb.DuckDBPyConnection) -> None:
    named = ingest.table("penguin_species")
    history = lake.sql("SELECT * FROM island_history ORDER BY event_time").to_arrow_table().to_pandas()
    row = history[(history.island == "Dream") & (history.event_time == pd.Timestamp("2008-11-15", tz="UTC"))].iloc[0]
    so_far = named[(named.island == "Dream") & (named.event_time <= row.event_time)].species
    assert row.island_named == len(so_far)
    assert row.island_chinstrap == pytest.approx((so_far == "Chinstrap").mean())
    assert row.island_adelie == pytest.approx((so_far == "Adelie").mean())
    assert row.island_gentoo == 0
