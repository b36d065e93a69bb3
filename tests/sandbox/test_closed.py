"""A deployed environment is closed to all but who has its keys."""

from __future__ import annotations

import http.client
import sys
from urllib.parse import urlsplit

import psutil
import pytest

from status.environment import Environment
from tests.sandbox.place import Place


def _get(url: str, **headers: str) -> http.client.HTTPResponse:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.netloc, timeout=10)
    connection.request("GET", f"{target.path}?{target.query}", headers=headers)
    return connection.getresponse()


@pytest.mark.usefixtures("environment")
def test_nothing_but_the_local_cloud_listens_and_that_on_this_machine_alone(place: Place) -> None:
    """MLflow and the endpoint's server run, on sockets that only their user can reach."""
    cloud = psutil.Process(place.pid())
    family = [cloud, *cloud.children(recursive=True)]
    commands = " ".join(" ".join(process.cmdline()) for process in family)
    assert "mlflow" in commands
    assert "inference.server" in commands
    listening = [one.laddr for process in family for one in process.net_connections("inet") if one.status == "LISTEN"]
    assert listening == [("127.0.0.1", int(place.variables["HEADRACE_PORT"]))]
    assert (place.folder / "cloud").stat().st_mode & 0o077 == 0


def test_mlflow_s_page_opens_by_the_command_s_url_alone(place: Place, environment: Environment) -> None:
    page = environment.outputs.mlflow_tracking_server_url
    with _get(f"{page}/") as refused:
        assert refused.status == 403
        assert b"sandbox mlflow" in refused.read()
    url = place.run(sys.executable, "-m", "sandbox", "mlflow").stdout.strip()
    with _get(url) as entered:
        assert entered.status == 303
        cookie = entered.headers["Set-Cookie"].partition(";")[0]
    with _get(f"{page}/", Cookie=cookie) as seen:
        assert seen.status == 200
        assert b"MLflow" in seen.read()
