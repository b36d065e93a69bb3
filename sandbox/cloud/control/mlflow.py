"""Calls to a managed MLflow server, which AWS signs and judges like its own: ``sagemaker-mlflow:CreateRun`` and so on.

Jobs reach their server through the local cloud's own address, so that what their role may not do is refused here.
"""

from __future__ import annotations

from typing import Any

import urllib3

from sandbox.cloud.actions import AwsError, Call
from sandbox.cloud.control import authorization
from sandbox.cloud.run import mlflow
from sandbox.cloud.server.wire import Answer

SIGNED_AS = "sagemaker-mlflow"
_PATHS = ("/api/2.0/mlflow/", "/api/3.0/mlflow/")
_ACTIONS = {
    "experiments/create": "CreateExperiment",
    "experiments/delete": "DeleteExperiment",
    "experiments/get": "GetExperiment",
    "experiments/get-by-name": "GetExperimentByName",
    "experiments/restore": "RestoreExperiment",
    "experiments/search": "SearchExperiments",
    "experiments/set-experiment-tag": "SetExperimentTag",
    "experiments/update": "UpdateExperiment",
    "artifacts/list": "ListArtifacts",
    "metrics/get-history": "GetMetricHistory",
    "runs/create": "CreateRun",
    "runs/delete": "DeleteRun",
    "runs/delete-tag": "DeleteTag",
    "runs/get": "GetRun",
    "runs/log-batch": "LogBatch",
    "runs/log-inputs": "LogInputs",
    "runs/log-metric": "LogMetric",
    "runs/log-model": "LogModel",
    "runs/log-parameter": "LogParam",
    "runs/restore": "RestoreRun",
    "runs/search": "SearchRuns",
    "runs/set-tag": "SetTag",
    "runs/update": "UpdateRun",
}
_HTTP = urllib3.PoolManager(retries=False)
_SECONDS = 60.0


def answer(environ: dict[str, Any], body: bytes, region: str, account: str, access_key: str) -> Answer:
    """Judge a call as its role's, and hand it to the server that it names.

    Raises
    ------
    AwsError
        If the role may not make it, it is none that IAM knows, or the server does not answer.
    """
    arn = environ.get("HTTP_X_MLFLOW_SM_TRACKING_SERVER_ARN", "")
    path = environ.get("PATH_INFO", "")
    if session := authorization.session_of(access_key):
        start = next((start for start in _PATHS if path.startswith(start)), path)
        action = _ACTIONS.get(path.removeprefix(start))
        if action is None:
            raise AwsError("AccessDeniedException", f"The local cloud knows no IAM action for MLflow's {path}", 403)
        call = Call(SIGNED_AS, action, {"ResourceArn": arn}, account, region, session.role_arn)
        try:
            authorization.check(call, environ, session)
        except AwsError as refused:
            raise AwsError(refused.code, refused.message, 403) from refused
    url = mlflow.url(arn.rpartition("/")[2])
    if url is None:
        raise AwsError("ResourceNotFoundException", f"There is no MLflow tracking server {arn!r}", 404)
    query = environ.get("QUERY_STRING", "")
    try:
        got = _HTTP.request(
            environ["REQUEST_METHOD"],
            f"{url}{path}{'?' + query if query else ''}",
            body=body or None,
            headers={"Content-Type": environ.get("CONTENT_TYPE") or "application/json"},
            timeout=_SECONDS,
        )
    except urllib3.exceptions.HTTPError as error:
        raise AwsError("ServiceUnavailableException", f"The MLflow server does not answer: {error}", 503) from error
    return Answer(got.status, [("Content-Type", got.headers.get("Content-Type", "application/json"))], got.data)
