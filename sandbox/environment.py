"""The environment in which commands see the engine and the local cloud, and cannot see any real account."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox import locks
from sandbox.cloud import credentials, settings
from sandbox.engine import install, retention

REPOSITORY = Path(__file__).resolve().parents[1]
_PASSPHRASE = "headrace-local"  # noqa: S105 - of Pulumi.local.yaml's salt; no secret of a real account is behind it


class LocalEnvironmentError(Exception):
    """The local environment cannot be made; the message says why, and what to do."""


def engine(environ: Mapping[str, str]) -> install.Engine:
    """Return the installed engine."""
    found = install.locate(environ)
    if found is None:
        raise LocalEnvironmentError("no engine is installed for this version; run `python -m sandbox engine install`")
    retention.use(found.folder)
    return found


def place() -> settings.Settings:
    """Return where the local cloud lives, as the environment has it."""
    try:
        return settings.current()
    except ValueError as error:
        raise LocalEnvironmentError(str(error)) from error


def cloud(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the local cloud itself is started with: its state lies in this clone."""
    return {"HEADRACE_STATE": environ.get("HEADRACE_STATE") or str(REPOSITORY / ".headrace" / "cloud")}


def local(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a command that uses the engine against the local cloud.

    Everything of AWS that the caller has set (profiles, sessions, endpoints of single services) is left out, and the
    files below ~/.aws are not read, so that nothing run with it can reach a real account.

    Parameters
    ----------
    environ : mapping of str to str
        The caller's environment.

    Returns
    -------
    dict of str to str
        The whole environment of the command.
    """
    found = engine(environ)
    at = place()
    backend = Path(environ.get("HEADRACE_PULUMI") or REPOSITORY / ".headrace" / "pulumi").absolute()
    backend.mkdir(parents=True, exist_ok=True)
    locks.release_dead(backend)
    retention.newest_logs(found.home / "logs")
    variables = {name: value for name, value in environ.items() if not name.startswith("AWS_")}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # each preview would compile a thousand modules anew
    variables.setdefault("GOGC", "400")  # engine, bridge and provider live for seconds: memory for time
    variables |= cloud(environ)
    variables |= {
        "PATH": os.pathsep.join([str(found.bin), str(found.pulumi.parent), environ.get("PATH", os.defpath)]),
        "PULUMI_HOME": str(found.home),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ENDPOINT_URL": at.endpoint_url,
        "SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT": at.endpoint_url,  # where MLflow finds a tracking server by its ARN
        "AWS_REGION": at.region,
        "AWS_DEFAULT_REGION": at.region,
        **credentials.of(Path(variables["HEADRACE_STATE"])),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if found.bridged:
        variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    for name in ("NO_PROXY", "no_proxy"):
        variables[name] = ",".join(filter(None, [environ.get(name), "127.0.0.1", "localhost"]))
    if python := _interpreter(environ):
        variables["HEADRACE_PYTHON"] = python  # the language host's
        variables["PULUMI_PYTHON_CMD"] = python  # that of dynamic resources
    return variables


def _interpreter(environ: Mapping[str, str]) -> str | None:
    """Return an interpreter that has the pulumi package."""
    if chosen := environ.get("HEADRACE_PYTHON"):
        return chosen
    if importlib.util.find_spec("pulumi") is not None:
        return sys.executable
    own = REPOSITORY / ".venv" / "bin" / "python"
    return str(own) if own.is_file() else None
