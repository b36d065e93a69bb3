"""The flights of April as questions, each with what was known at its departure, and the endpoint's answers."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from status.environment import Environment
from training import features
from workloads.flights import ingest
from workloads.spec import Workload

MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")
_BATCH = 1000


def flights(workload: Workload) -> pa.Table:
    """Join every flight of April that arrived to the histories as they stood when it was scheduled to leave."""
    streams: dict[str, list[pa.Table]] = {name: [] for name in workload.sources}
    for file in ingest.files(MONTHS):
        streams[file.source].append(pq.read_table(io.BytesIO(file.body)))
    examples = features.compute(workload, {name: pa.concat_tables(parts) for name, parts in streams.items()}).examples
    frame = examples.to_pandas()
    asked, label = frame[workload.examples.event_time], frame[workload.label.name]
    keep = (asked >= "2013-04-01") & (asked < "2013-05-01") & label.notna()
    return examples.filter(pa.array(keep))


def answers(environment: Environment, workload: Workload, examples: pa.Table) -> npt.NDArray[np.float64]:
    """Ask the endpoint about examples, as CSV in batches; return probabilities of shape (n_examples,)."""
    runtime: Any = environment.client("sagemaker-runtime")
    rows = examples.select(list(workload.features)).to_pandas()
    found: list[float] = []
    for start in range(0, len(rows), _BATCH):
        body = rows.iloc[start : start + _BATCH].to_csv(header=False, index=False)
        answer = runtime.invoke_endpoint(
            EndpointName=environment.own.endpoint_name, ContentType="text/csv", Accept="text/csv", Body=body.encode()
        )
        found += [float(line) for line in answer["Body"].read().decode().split()]
    return np.array(found)
