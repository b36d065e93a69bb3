"""The commands, as a user types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import environment
from sandbox.cloud import credentials
from sandbox.engine import install
from tests.processes import inheriting

ROOT = Path(__file__).resolve().parents[2]
REAL_ACCOUNT = {
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "token",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_ENDPOINT_URL_S3": "https://s3.example",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/production",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
}


def _sandbox(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox", *arguments]
    environ = os.environ | variables
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: install.Engine) -> None:
    monkeypatch.setenv("HEADRACE_PULUMI", str(tmp_path / "pulumi"))
    monkeypatch.setenv("HEADRACE_PORT", "4702")
    monkeypatch.delenv("HEADRACE_STATE", raising=False)


def test_the_engine_is_on_path(engine: install.Engine) -> None:
    assert _sandbox("exec", "--", "pulumi", "version").stdout.strip() == "v3.259.0"
    assert _sandbox("engine", "path").stdout.strip() == str(engine.folder)


def test_nothing_of_a_real_account_is_left_in_the_environment(tmp_path: Path) -> None:
    printed = _sandbox("exec", "--", "env", "-0", **REAL_ACCOUNT).stdout
    seen = dict(entry.split("=", 1) for entry in printed.split("\0") if entry)
    assert {name: value for name, value in seen.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4702",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        **credentials.of(ROOT / ".headrace" / "cloud"),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert seen["PULUMI_BACKEND_URL"] == f"file://{tmp_path / 'pulumi'}"
    assert (tmp_path / "pulumi").is_dir()
    assert seen["HEADRACE_STATE"] == str(ROOT / ".headrace" / "cloud")
    assert "127.0.0.1" in seen["NO_PROXY"].split(",")


def test_a_region_of_ones_own_is_kept_and_a_passphrase_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    variables = environment.local(os.environ)
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert variables["PULUMI_CONFIG_PASSPHRASE"] != "mine"  # it would not open the settings file's salt


def test_a_shell_gets_the_same_from_env() -> None:
    script = f'eval "$({sys.executable} -m sandbox env)" && env -0'
    shell = ["sh", "-c", script]
    done = subprocess.run(
        shell, cwd=ROOT, env=os.environ | REAL_ACCOUNT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    assert done.stdout.count("AWS_ENDPOINT_URL=http://127.0.0.1:4702") == 1
    assert "production" not in done.stdout
    assert "s3.example" not in done.stdout


def test_the_commands_own_exit_code_comes_back() -> None:
    assert _sandbox("exec", "--", "sh", "-c", "exit 7").returncode == 7
    unknown = _sandbox("exec", "--", "no-such-command")
    assert (unknown.returncode, unknown.stderr) == (127, "sandbox: no-such-command: no such command on PATH\n")
    assert _sandbox("exec").returncode == 2


@pytest.mark.parametrize("inherited", ["SIG_DFL", "SIG_IGN"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_the_command(number: signal.Signals, inherited: str) -> None:
    script = f"trap 'echo caught; exit 5' {number.value}; echo ready; while :; do sleep 0.1; done"
    command = [sys.executable, "-m", "sandbox", "exec", "--", "sh", "-c", script]
    with subprocess.Popen(inheriting(inherited, command), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == "caught\n"
        assert process.wait(10) == 5


def test_an_impossible_port_is_named() -> None:
    done = _sandbox("exec", "--", "true", HEADRACE_PORT="many")
    assert done.returncode == 1
    assert done.stderr == "sandbox: `HEADRACE_PORT` must be a port number, got 'many'. Unset it for 4599.\n"


def test_a_machine_without_the_engine_hears_how_to_get_it(tmp_path: Path) -> None:
    done = _sandbox("exec", "--", "true", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "run `python -m sandbox engine install`" in done.stderr


def test_the_engine_commands_need_no_package(engine: install.Engine) -> None:
    command = [sys.executable, "-S", "-m", "sandbox", "engine", "install"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == str(engine.folder)


def test_the_status_of_a_cloud_that_does_not_run(tmp_path: Path) -> None:
    done = _sandbox("cloud", "status", HEADRACE_STATE=str(tmp_path / "cloud"))
    assert done.returncode == 1
    assert done.stdout == "local cloud: no local cloud answers on port 4702\n"
