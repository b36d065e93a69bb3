"""The tracking server is MLflow's own, found through its ARN as on AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import urllib3

from sandbox.cloud import credentials
from tests.cloud.run.conftest import ACCOUNT, REGION, Cloud

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-tracking-server/runs"
LOGS_A_RUN = """
import json, mlflow, pathlib, sys
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("flights")
with mlflow.start_run() as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("auc", 0.75)
    pathlib.Path("notes.txt").write_text("notes")
    mlflow.log_artifact("notes.txt")
found = mlflow.get_run(run.info.run_id)
print(json.dumps([found.data.params, found.data.metrics, run.info.artifact_uri]))
"""


DELETES_A_RUN = """
import mlflow, sys
client = mlflow.MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("others") or client.create_experiment("others")
run = client.create_run(getattr(experiment, "experiment_id", experiment)).info.run_id
client.log_batch(run, metrics=[mlflow.entities.Metric("auc", 0.75, 0, 0)])
client.set_terminated(run)
assert client.search_runs([client.get_run(run).info.experiment_id])
print("logged")
client.delete_run(run)
"""


def _healthy(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/health", timeout=2, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_run_is_logged_through_the_servers_arn(cloud: Cloud, role: str, tmp_path: Path) -> None:
    sagemaker = cloud.client("sagemaker")
    made = sagemaker.create_mlflow_tracking_server(
        TrackingServerName="runs", ArtifactStoreUri="s3://lake/mlflow", RoleArn=role
    )
    assert made["TrackingServerArn"] == ARN
    described = sagemaker.describe_mlflow_tracking_server(TrackingServerName="runs")
    assert described["TrackingServerStatus"] == "Creating"
    url = described["TrackingServerUrl"]

    def in_status(status: str) -> bool:
        found = sagemaker.list_mlflow_tracking_servers(TrackingServerStatus=status)["TrackingServerSummaries"]
        return [server["TrackingServerName"] for server in found] == ["runs"]

    cloud.until(lambda: in_status("Created"), "the tracking server", 60)
    assert _healthy(url)
    described = sagemaker.describe_mlflow_tracking_server(TrackingServerName="runs")
    assert (described["TrackingServerStatus"], described["IsActive"]) == ("Created", "Active")
    sagemaker.update_mlflow_tracking_server(TrackingServerName="runs", AutomaticModelRegistration=True)
    described = sagemaker.describe_mlflow_tracking_server(TrackingServerName="runs")
    assert (described["TrackingServerStatus"], described["TrackingServerUrl"]) == ("Updated", url)
    environment = {
        "PATH": os.defpath,
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": REGION,
        **credentials.of(cloud.folder),
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": url,
    }
    ran = subprocess.run(
        [sys.executable, "-c", LOGS_A_RUN, ARN],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    params, metrics, artifacts = json.loads(ran.stdout.splitlines()[-1])
    assert (params, metrics) == ({"depth": "3"}, {"auc": 0.75})
    assert artifacts.startswith("s3://lake/mlflow/")
    _deletes_what_its_role_may(cloud, tmp_path)
    assert cloud.get(artifacts.removeprefix("s3://lake/") + "/notes.txt") == b"notes"
    sagemaker.delete_mlflow_tracking_server(TrackingServerName="runs")


def _deletes_what_its_role_may(cloud: Cloud, folder: Path) -> None:
    """A job's calls to MLflow are signed, and judged by the policies of its role."""
    for name, deny, code in (("may-delete", (), 0), ("may-not", ("sagemaker-mlflow:DeleteRun",), 1)):
        arn = cloud.role(name, "sagemaker.amazonaws.com", deny=deny)
        keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="job")["Credentials"]
        environment = {
            "PATH": os.defpath,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": cloud.url,
            "MLFLOW_TRACKING_URI": ARN,
        }
        ran = subprocess.run(
            [sys.executable, "-c", DELETES_A_RUN, ARN],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "logged" in ran.stdout, ran.stderr
        assert ran.returncode == code, ran.stderr
        assert ("not authorized to perform: sagemaker-mlflow:DeleteRun" in ran.stderr) is bool(deny)
