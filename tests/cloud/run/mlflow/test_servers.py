"""The tracking server is MLflow's own, found through its ARN as on AWS."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

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


@dataclass
class Said:
    """An answer."""

    status: int
    headers: Message
    text: str


def _get(url: str, **headers: str) -> Said:
    """Ask as a browser would, without following to another page."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.netloc, timeout=10)
    try:
        connection.request("GET", f"{target.path}?{target.query}", headers=headers)
        got = connection.getresponse()
        return Said(got.status, got.headers, got.read().decode())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def server(cloud: Cloud, role: str) -> Iterator[str]:
    """A tracking server that answers; its URL."""
    sagemaker = cloud.client("sagemaker")
    made = sagemaker.create_mlflow_tracking_server(
        TrackingServerName="runs", ArtifactStoreUri="s3://lake/mlflow", RoleArn=role
    )
    assert made["TrackingServerArn"] == ARN
    described = sagemaker.describe_mlflow_tracking_server(TrackingServerName="runs")
    assert described["TrackingServerStatus"] == "Creating"

    def in_status(status: str) -> bool:
        found = sagemaker.list_mlflow_tracking_servers(TrackingServerStatus=status)["TrackingServerSummaries"]
        return [server["TrackingServerName"] for server in found] == ["runs"]

    cloud.until(lambda: in_status("Created"), "the tracking server", 60)
    yield described["TrackingServerUrl"]
    sagemaker.delete_mlflow_tracking_server(TrackingServerName="runs")


def test_an_update_is_seen_and_keeps_the_address(cloud: Cloud, server: str) -> None:
    sagemaker = cloud.client("sagemaker")
    described = sagemaker.describe_mlflow_tracking_server(TrackingServerName="runs")
    assert (described["TrackingServerStatus"], described["IsActive"]) == ("Created", "Active")
    sagemaker.update_mlflow_tracking_server(TrackingServerName="runs", AutomaticModelRegistration=True)
    described = sagemaker.describe_mlflow_tracking_server(TrackingServerName="runs")
    assert (described["TrackingServerStatus"], described["TrackingServerUrl"]) == ("Updated", server)


def _log_a_run(keys: dict[str, str], url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.defpath,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        **keys,
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": url,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    command = [sys.executable, "-c", LOGS_A_RUN, ARN]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_run_is_logged_through_the_server_s_arn(cloud: Cloud, server: str, tmp_path: Path) -> None:
    ran = _log_a_run(credentials.of(cloud.folder), cloud.url, tmp_path)
    assert ran.returncode == 0, ran.stderr
    params, metrics, artifacts = json.loads(ran.stdout.splitlines()[-1])
    assert (params, metrics) == ({"depth": "3"}, {"auc": 0.75})
    assert artifacts.startswith("s3://lake/mlflow/")
    assert cloud.get(artifacts.removeprefix("s3://lake/") + "/notes.txt") == b"notes"


def test_a_role_deletes_runs_only_if_it_may(cloud: Cloud, server: str, tmp_path: Path) -> None:
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
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "logged" in ran.stdout, ran.stderr
        assert ran.returncode == code, ran.stderr
        assert ("not authorized to perform: sagemaker-mlflow:DeleteRun" in ran.stderr) is bool(deny)


def test_a_wrong_secret_logs_nothing(cloud: Cloud, server: str, tmp_path: Path) -> None:
    ran = _log_a_run({**credentials.of(cloud.folder), "AWS_SECRET_ACCESS_KEY": "wrong"}, cloud.url, tmp_path)
    assert ran.returncode != 0
    assert "The request signature we calculated does not match" in ran.stderr


def test_a_role_may_do_what_its_policy_says_and_no_more(cloud: Cloud, server: str, tmp_path: Path) -> None:
    role = cloud.role("logger", "sagemaker.amazonaws.com", deny=("sagemaker-mlflow:LogBatch",))
    keys = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="logger")["Credentials"]
    named = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    ran = _log_a_run(named, cloud.url, tmp_path)
    assert ran.returncode == 0, ran.stderr  # it logs one by one
    denied = {"Effect": "Deny", "Action": "sagemaker-mlflow:LogParam", "Resource": ARN}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    cloud.client("iam").put_role_policy(RoleName="logger", PolicyName="more", PolicyDocument=document)
    ran = _log_a_run(named, cloud.url, tmp_path)
    assert ran.returncode != 0
    assert "is not authorized to perform: sagemaker-mlflow:LogParam" in ran.stderr


def test_a_browser_gets_in_by_a_presigned_url_alone(cloud: Cloud, server: str) -> None:
    assert _get(f"{server}/").status == 403
    assert _get(f"{server}/ajax-api/2.0/mlflow/experiments/search?max_results=1").status == 403
    sagemaker = cloud.client("sagemaker")
    link = sagemaker.create_presigned_mlflow_tracking_server_url(TrackingServerName="runs")["AuthorizedUrl"]
    assert _get(link, **{"Sec-Fetch-Site": "cross-site"}).status == 403  # as an image or a frame of a foreign page
    entered = _get(link)
    assert entered.status == 303
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert _get(link).status == 403  # it works once
    seen = _get(cloud.url + entered.headers["Location"], Cookie=cookie.partition(";")[0])
    assert seen.status == 200
    assert "<title>MLflow</title>" in seen.text
    found = _get(
        f"{server}/ajax-api/2.0/mlflow/experiments/search?max_results=1",
        Cookie=cookie.partition(";")[0],
        Origin=cloud.url,
    )
    assert found.status == 200
    assert "experiments" in json.loads(found.text)
    assert not [name for name in found.headers if name.lower().startswith("access-control-")]


def test_the_server_listens_on_no_port(cloud: Cloud, server: str) -> None:
    assert cloud.process is not None
    family = [psutil.Process(cloud.process.pid), *psutil.Process(cloud.process.pid).children(recursive=True)]
    assert any("mlflow" in " ".join(process.cmdline()) for process in family)
    listening = [one.laddr for process in family for one in process.net_connections("inet") if one.status == "LISTEN"]
    assert listening == [("127.0.0.1", cloud.port)]
