"""Trials in a local MLflow, in ``.headrace/try``; `trial.page` shows them.

MLflow takes seconds to import and to open its database. So a trial leaves a record of itself, complete or not at all,
and a process of its own, ``python -m trial.tracked``, writes what records there are into that database. If it is
killed, the record waits for the next.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from machine.files import whole
from trial.running import Trial

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".headrace" / "try"
ID_TAG = "headrace.trial"
_LONGEST = 500  # of a parameter's or tag's value


def database(folder: Path) -> str:
    """Return the address of MLflow's database in a folder."""
    return f"sqlite:///{folder / 'mlflow.db'}"


def record(trial: Trial, folder: Path = FOLDER) -> str:
    """Leave a record of a trial, and return its identifier."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    estimator = trial.workload.estimator
    content = {
        "id": name,
        "experiment": trial.workload.name,
        "ended": int(time.time() * 1000),
        "took": int(sum(trial.seconds.values()) * 1000),
        "status": "FINISHED" if trial.passed else "FAILED",
        "params": {"estimator": estimator.type, **estimator.parameters},
        "metrics": {
            **dict(zip(trial.metrics["metric"], trial.metrics["value"], strict=True)),
            **{f"rows_{part}": count for part, count in trial.rows.items()},
            "violations": len(trial.violations),
        },
        "tags": {
            "headrace.gates": "passed" if trial.gates.passed else "failed",
            **{f"headrace.{what}_digest": value for what, value in trial.digests.items()},
        },
        "files": {
            "importance.csv": trial.importance.to_csv(index=False),
            "joins.csv": trial.joins.to_csv(index=False),
            "views.csv": trial.views.to_csv(index=False),
            "violations.csv": trial.violations.to_csv(index=False),
        },
    }
    with whole(folder / "waiting" / f"{name}.json") as unfinished:
        unfinished.write_text(json.dumps(content, default=str), encoding="utf-8")
    return name


def start(folder: Path = FOLDER) -> None:
    """Let a process of its own write the waiting records into MLflow; it ends by itself within seconds."""
    with (folder / "tracking.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "trial.tracked", str(folder)],
            cwd=ROOT,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C on the next trial is not meant for it
        )


def collect(folder: Path = FOLDER) -> list[str]:
    """Write the waiting records into MLflow, one process at a time, and return their identifiers."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = sorted((folder / "waiting").glob("*.json"))
        if not waiting:
            return []
        from mlflow import MlflowClient  # noqa: PLC0415 - not worth its second where nothing waits

        client = MlflowClient(tracking_uri=database(folder))
        for path in waiting:
            _log(client, json.loads(path.read_text(encoding="utf-8")), folder)
            path.unlink()
        return [path.stem for path in waiting]


def _log(client: Any, content: dict[str, Any], folder: Path) -> None:
    """Write one record; what a killed process wrote of it is found and completed, because it is the same again."""
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415

    name = content["experiment"]
    known = client.get_experiment_by_name(name)
    place = (folder / "artifacts" / name).resolve().as_uri()
    experiment = known.experiment_id if known else client.create_experiment(name, artifact_location=place)
    began, ended = content["ended"] - content["took"], content["ended"]
    found = client.search_runs([experiment], f"tags.`{ID_TAG}` = '{content['id']}'", max_results=1)
    run = found[0] if found else client.create_run(experiment, began, {ID_TAG: content["id"]}, content["id"])
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(key, float(value), ended, 0) for key, value in content["metrics"].items()],
        params=[Param(key, str(value)[:_LONGEST]) for key, value in content["params"].items()],
        tags=[RunTag(key, str(value)[:_LONGEST]) for key, value in content["tags"].items()],
    )
    for file, text in content["files"].items():
        client.log_text(run.info.run_id, text, file)
    client.set_terminated(run.info.run_id, content["status"], ended)


if __name__ == "__main__":
    print(f"tracked {', '.join(collect(Path(sys.argv[1]))) or 'nothing'}")
