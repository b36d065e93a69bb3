from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from training.features import Features, LeftOut
from trial import joins
from workloads import spec

DAY = [datetime(2013, 1, day, tzinfo=UTC) for day in range(1, 10)]


def test_each_example_is_counted_once_by_what_the_join_gave_it() -> None:
    workload = spec.named("flights")
    examples = pa.table(
        {
            "event_time": [DAY[3]] * 5,
            "tail_number": ["known", "known", "later", "stranger", None],
            "origin": ["EWR"] * 5,
            "route": ["EWR-ORD"] * 5,
        }
    )
    none = pa.table({name: pa.array([], pa.string()) for name in ("origin", "route")}).append_column(
        "event_time", pa.array([], pa.timestamp("us", tz="UTC"))
    )
    aircraft = pa.table({"tail_number": ["known", "known", "later"], "event_time": [DAY[1], DAY[8], DAY[5]]})
    histories = {"aircraft": aircraft, "origin": none, "route": none}
    left_out = dict.fromkeys(histories, LeftOut(0, 0, 0)) | {"aircraft": LeftOut(1, 2, 3)}
    made = Features(examples, histories, left_out)
    found = joins.report(workload, examples, made)
    by_entity = found.set_index("entity").to_dict("index")
    assert by_entity["aircraft"] == {
        "rows": 3,
        "left_out": 6,
        "examples": 5,
        "found": 2,
        "without_identifier": 1,
        "never_seen": 1,
        "too_early": 1,
    }
    assert by_entity["origin"]["never_seen"] == 5
