"""Each pipeline execution is one MLflow run, which its steps add to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agreements import variables
from training import job

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# MLflow takes a second to import, so it is imported where a run is opened: whoever only fits or measures needs none.
EXECUTION_TAG = "headrace.pipeline_execution"
_LONGEST = 500  # of a parameter's or tag's value


class Tracker:
    """The run of this pipeline execution."""

    def __init__(self, client: MlflowClient, run: Run) -> None:
        self._client = client
        self.run_id: str = run.info.run_id

    def log(
        self,
        *,
        params: Mapping[str, Any] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add parameters, metrics and tags."""
        from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415
        from mlflow.utils.time import get_current_time_millis  # noqa: PLC0415

        now = get_current_time_millis()
        self._client.log_batch(
            self.run_id,
            metrics=[Metric(name, value, now, 0) for name, value in (metrics or {}).items()],
            params=[Param(name, str(value)[:_LONGEST]) for name, value in (params or {}).items()],
            tags=[RunTag(name, str(value)[:_LONGEST]) for name, value in (tags or {}).items()],
        )

    def finish(self, status: str) -> None:
        """Close the run as FINISHED or FAILED."""
        self._client.set_terminated(self.run_id, status)


@contextmanager
def step(name: str) -> Iterator[Tracker]:
    """Open this execution's run for a step; a step that raises closes it as FAILED, with the reason as a tag."""
    tracker = _open()
    job.say(f"MLflow run {tracker.run_id}")
    try:
        yield tracker
    except Exception as error:
        tracker.log(tags={f"headrace.{name}.failure": str(error)})
        tracker.finish("FAILED")
        raise


def _open() -> Tracker:
    from mlflow import MlflowClient  # noqa: PLC0415

    client = MlflowClient(tracking_uri=job.setting(variables.MLFLOW_TRACKING_URI))
    execution = job.setting(variables.PIPELINE_EXECUTION)
    experiment = _experiment(client, job.setting(variables.MLFLOW_EXPERIMENT_NAME))
    found = client.search_runs([experiment], f"tags.`{EXECUTION_TAG}` = '{execution}'", max_results=1)
    if found:
        return Tracker(client, found[0])
    tags = {
        EXECUTION_TAG: execution,
        "headrace.code_digest": os.environ.get(variables.CODE_DIGEST, ""),
        "headrace.workload_digest": os.environ.get(variables.WORKLOAD_DIGEST, ""),
        "headrace.image": os.environ.get(variables.IMAGE_URI, ""),
    }
    return Tracker(client, client.create_run(experiment, run_name=execution, tags=tags))


def _experiment(client: MlflowClient, name: str) -> str:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415
    from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode  # noqa: PLC0415

    known = client.get_experiment_by_name(name)
    if known is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise
            known = client.get_experiment_by_name(name)
    return str(known.experiment_id)
