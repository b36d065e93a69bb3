"""The delays are learnt from the flights' event streams, so the files are the flights' own: they are loaded once."""

from __future__ import annotations

from collections.abc import Iterator

from workloads.flights import ingest as flights
from workloads.loading import Questions, RawFile

SOURCES = ("schedules", "departures", "arrivals", "weather")
TRAINING = flights.TRAINING


def files() -> Iterator[RawFile]:
    """Make the raw files of the months of TRAINING: those of the flights that the SQL reads, under the same keys."""
    return (file for file in flights.files() if file.source in SOURCES)


def questions() -> Questions:
    """Return the flights that left on the first day after the training data."""
    sources = {source: flights.recent(source) for source in SOURCES}
    return Questions(*flights.ASKED, "flights that left on 1 April 2013", sources)
