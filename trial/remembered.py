"""The workload's features, of which only those views are computed that changed since an earlier run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import cached_property

import pandas as pd
import pyarrow as pa

from training import features, proof
from training.dataset import Split
from training.features import Features, LeftOut
from trial import joins, keys
from trial.cache import Cache
from trial.digests import digest, of_code
from workloads.spec import Workload

_COLUMNS = {"examples", "entities", "features", "label"}  # of the workload; what the join depends on
_PROVED = _COLUMNS | {"holdout"}  # and what the proofs do


class Remembered:
    """Computes features as `training.features.compute` does, or brings back what an earlier run computed.

    Parameters
    ----------
    cache : Cache
    streams : mapping of str to str
        The digest of each source's rows.

    Attributes
    ----------
    views : DataFrame
        After a call, a row for each view that the workload names: ``view``, ``rows``, ``seconds``, ``cached``.
    joins : DataFrame
        After a call: see `trial.joins.report`.
    """

    def __init__(self, cache: Cache, streams: Mapping[str, str]) -> None:
        self._cache = cache
        self._streams = streams
        self.views = pd.DataFrame()
        self.joins = pd.DataFrame()
        self._key = ""

    def __call__(self, workload: Workload, streams: Mapping[str, pa.Table]) -> Features:
        """Compute, or remember; see `training.features.compute`."""
        by_view = self._keys(workload, streams)
        wanted = [by_view[view.lower()] for view in features.views(workload)]
        key = digest("features", *wanted, workload.model_dump_json(include=_COLUMNS))
        self._key = key
        made = _Made(self._cache, by_view, workload, streams)

        def part(name: str, compute: Callable[[], pa.Table]) -> tuple[pa.Table, bool]:
            kept = self._cache.table(f"{key}-{name}", compute)
            return kept.table, kept.cached

        examples, _ = part("examples", lambda: made.features.examples)
        histories = {
            name: part(f"history-{name}", lambda name=name: made.features.histories[name])[0]  # type: ignore[misc]
            for name in workload.entities
        }
        left_out = part("left-out", lambda: made.left_out)[0].to_pylist()
        self.joins = part("joins", lambda: pa.Table.from_pandas(made.joins))[0].to_pandas()
        views, cached = part("views", lambda: pa.Table.from_pandas(made.views))
        self.views = views.to_pandas()
        if cached:
            self.views["cached"] = True
        return Features(examples, histories, {row.pop("entity"): LeftOut(**row) for row in left_out})

    def prove(
        self,
        workload: Workload,
        streams: Mapping[str, pa.Table],
        made: Features,
        parts: Split,
    ) -> None:
        """Prove, unless the same was proved of the features that were computed last; see `training.proof.prove`."""

        def proved() -> pa.Table:
            proof.prove(workload, streams, made, parts, compute=self._earlier)
            return pa.table({"proved": [True]})

        self._cache.table(digest("proved", self._key, workload.model_dump_json(include=_PROVED)), proved)

    def _earlier(self, workload: Workload, streams: Mapping[str, pa.Table]) -> Features:
        """Compute what the first rows of the streams give; unchanged views are remembered for them too."""
        by_view = self._keys(workload, streams)

        def keep(view: str, compute: Callable[[], pa.Table]) -> pa.Table:
            return self._cache.table(by_view[view.lower()], compute).table

        return features.compute(workload, streams, keep, join=False)

    def _keys(self, workload: Workload, streams: Mapping[str, pa.Table]) -> dict[str, str]:
        """Return the digests of the views; of a stream, the number of rows tells which they are: the first in time."""
        rows = {name: f"{key} {streams[name].num_rows}" for name, key in self._streams.items()}
        return keys.of_views((workload.folder / "features.sql").read_text(encoding="utf-8"), rows, of_code())


class _Made:
    """What is computed once, and only if something that is asked for was not kept."""

    def __init__(
        self, cache: Cache, keys: Mapping[str, str], workload: Workload, streams: Mapping[str, pa.Table]
    ) -> None:
        self._cache = cache
        self._keys = keys
        self._call = (workload, streams)
        self._rows: dict[str, pa.Table] = {}
        self._views: list[tuple[str, int, float, bool]] = []

    def _keep(self, view: str, compute: Callable[[], pa.Table]) -> pa.Table:
        kept = self._cache.table(self._keys[view.lower()], compute)
        self._rows[view] = kept.table
        self._views.append((view, kept.table.num_rows, kept.seconds, kept.cached))
        return kept.table

    @cached_property
    def features(self) -> Features:
        return features.compute(*self._call, keep=self._keep)

    @property
    def views(self) -> pd.DataFrame:
        _ = self.features
        return pd.DataFrame(self._views, columns=["view", "rows", "seconds", "cached"])

    @property
    def left_out(self) -> pa.Table:
        rows = [{"entity": name, **asdict(left_out)} for name, left_out in self.features.left_out.items()]
        return pa.Table.from_pylist(
            rows, pa.schema([("entity", pa.string()), *((one.name, pa.int64()) for one in fields(LeftOut))])
        )

    @property
    def joins(self) -> pd.DataFrame:
        workload = self._call[0]
        return joins.report(workload, self._rows[workload.examples.view], self.features)
