"""The language host, started as the engine starts it and spoken to as the engine speaks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
    resource_pb2,
    resource_pb2_grpc,
)

from sandbox.engine import build, install

SECONDS = 30


@dataclass
class Recorder(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """The engine's side of a program: takes what it registers and logs."""

    registered: dict[str, dict[str, object]] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)

    def SupportsFeature(  # noqa: N802
        self, request: resource_pb2.SupportsFeatureRequest, context: grpc.ServicerContext
    ) -> resource_pb2.SupportsFeatureResponse:
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterResourceResponse:
        return resource_pb2.RegisterResourceResponse(urn=f"urn:pulumi:s::p::{request.type}::{request.name}")

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self.registered[request.urn] = dict(request.outputs)
        return empty_pb2.Empty()

    def SetRootResource(  # noqa: N802
        self, request: engine_pb2.SetRootResourceRequest, context: grpc.ServicerContext
    ) -> engine_pb2.SetRootResourceResponse:
        return engine_pb2.SetRootResourceResponse()

    def GetRootResource(  # noqa: N802
        self, request: engine_pb2.GetRootResourceRequest, context: grpc.ServicerContext
    ) -> engine_pb2.GetRootResourceResponse:
        return engine_pb2.GetRootResourceResponse()

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self.logged.append(request.message)
        return empty_pb2.Empty()


@pytest.fixture
def recorder() -> Iterator[tuple[Recorder, str]]:
    """Yield an engine's side and its address."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    side = Recorder()
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(side, server)
    engine_pb2_grpc.add_EngineServicer_to_server(side, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield side, f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture
def host(engine: install.Engine, recorder: tuple[Recorder, str]) -> Iterator[subprocess.Popen[str]]:
    """Yield a running host whose first line of output, the port, is still to be read."""
    with subprocess.Popen(_command(engine, recorder[1]), env=_environ(), stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture
def client(host: subprocess.Popen[str]) -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    """Yield a client of the running host."""
    assert host.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(host.stdout.readline())}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)


def _command(engine: install.Engine, address: str) -> list[str]:
    launcher = engine.bin / "pulumi-language-python"
    if launcher.exists():
        return [str(launcher), address]
    return [sys.executable, "-u", str(build.HERE / "language_host.py"), address]


def _environ() -> dict[str, str]:
    return os.environ | {"HEADRACE_PYTHON": sys.executable}


def _program(folder: Path, text: str) -> language_pb2.ProgramInfo:
    (folder / "__main__.py").write_text(text)
    return language_pb2.ProgramInfo(root_directory=str(folder), program_directory=str(folder), entry_point=".")


def _run(info: language_pb2.ProgramInfo, address: str, **config: str) -> language_pb2.RunRequest:
    return language_pb2.RunRequest(
        project="p",
        stack="s",
        organization="o",
        dryRun=True,
        parallel=2,
        monitor_address=address,
        info=info,
        config={f"p:{name}": value for name, value in config.items()},
    )


def test_it_tells_what_it_is(client: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path) -> None:
    assert client.GetPluginInfo(empty_pb2.Empty(), timeout=SECONDS) == plugin_pb2.PluginInfo(version="3.259.0")
    about = client.About(language_pb2.AboutRequest(info=_program(tmp_path, "")), timeout=SECONDS)
    assert (about.executable, about.version) == (sys.executable, sys.version.split()[0])
    found = client.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest(), timeout=SECONDS).dependencies
    assert "pulumi" in {one.name for one in found}


def test_a_program_runs_with_its_configuration(
    client: language_pb2_grpc.LanguageRuntimeStub, recorder: tuple[Recorder, str], tmp_path: Path
) -> None:
    side, address = recorder
    info = _program(tmp_path, "import pulumi\npulumi.export('said', pulumi.Config('p').require('word'))\n")
    answer = client.Run(_run(info, address, word="flights"), timeout=SECONDS)
    assert answer == language_pb2.RunResponse()
    assert side.registered["urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"] == {"said": "flights"}


def test_a_program_that_raises_has_told_the_user_already(
    client: language_pb2_grpc.LanguageRuntimeStub, recorder: tuple[Recorder, str], tmp_path: Path
) -> None:
    side, address = recorder
    answer = client.Run(_run(_program(tmp_path, "raise ValueError('no such lake')\n"), address), timeout=SECONDS)
    assert answer == language_pb2.RunResponse(bail=True)
    assert any("no such lake" in message for message in side.logged)


@pytest.mark.parametrize(
    ("text", "how"),
    [("raise SystemExit(3)", "exit code 3"), ("import os\nos.kill(os.getpid(), 9)", "ended by SIGKILL")],
)
def test_a_program_that_ends_silently_is_reported(
    client: language_pb2_grpc.LanguageRuntimeStub, recorder: tuple[Recorder, str], tmp_path: Path, text: str, how: str
) -> None:
    answer = client.Run(_run(_program(tmp_path, text), recorder[1]), timeout=SECONDS)
    assert how in answer.error
    assert not answer.bail


def test_the_virtualenv_option_is_honoured(
    client: language_pb2_grpc.LanguageRuntimeStub, recorder: tuple[Recorder, str], tmp_path: Path
) -> None:
    info = _program(tmp_path, "")
    info.options.CopyFrom(_options(virtualenv="nowhere"))
    with pytest.raises(grpc.RpcError) as raised:
        client.Run(_run(info, recorder[1]), timeout=SECONDS)
    assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "`virtualenv` in the project file" in raised.value.details()
    assert str(tmp_path / "nowhere" / "bin" / "python") in raised.value.details()

    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\ntouch {tmp_path}/used\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    info.options.CopyFrom(_options(virtualenv="venv"))
    assert client.Run(_run(info, recorder[1]), timeout=SECONDS) == language_pb2.RunResponse()
    assert (tmp_path / "used").exists()


def test_a_plugins_output_and_exit_code_are_streamed(
    client: language_pb2_grpc.LanguageRuntimeStub, tmp_path: Path
) -> None:
    program = "import os, sys\nprint(os.environ['WORD'], *sys.argv[1:])\nprint('alas', file=sys.stderr)\nsys.exit(4)\n"
    request = language_pb2.RunPluginRequest(
        info=_program(tmp_path, program), args=["one"], env=["WORD=a=b"], pwd=str(tmp_path)
    )
    answers = list(client.RunPlugin(request, timeout=SECONDS))
    assert b"".join(one.stdout for one in answers) == b"a=b one\n"
    assert b"".join(one.stderr for one in answers) == b"alas\n"
    assert answers[-1].exitcode == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_leaves_at_once_when_told_and_takes_its_program_along(
    client: language_pb2_grpc.LanguageRuntimeStub,
    host: subprocess.Popen[str],
    recorder: tuple[Recorder, str],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    running = tmp_path / "running"
    text = f"import os, pathlib, time\npathlib.Path({str(running)!r}).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    call = client.Run.future(_run(_program(tmp_path, text), recorder[1]))
    _until(lambda: running.exists() and running.read_text() != "")
    began = time.monotonic()
    host.send_signal(number)
    assert host.wait(SECONDS) == 0
    assert time.monotonic() - began < 3
    call.cancel()
    _until(lambda: not Path(f"/proc/{running.read_text()}").exists())


def test_it_leaves_when_the_engine_is_gone(engine: install.Engine, recorder: tuple[Recorder, str]) -> None:
    script = "import json, subprocess, sys\nh = subprocess.Popen(json.loads(sys.argv[1]), stdout=subprocess.PIPE)\n"
    script += "h.stdout.readline()\nprint(h.pid, flush=True)\nh.wait()\n"
    parent = [sys.executable, "-c", script, json.dumps(_command(engine, recorder[1]))]
    with subprocess.Popen(parent, env=_environ(), stdout=subprocess.PIPE, text=True) as standing_in:
        assert standing_in.stdout is not None
        pid = int(standing_in.stdout.readline())
        standing_in.kill()
    _until(lambda: not _alive(pid))


def test_without_the_pulumi_package_it_says_what_to_do() -> None:
    command = [sys.executable, "-S", str(build.HERE / "language_host.py"), "127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 1
    assert "Set HEADRACE_PYTHON" in done.stderr
    assert "Traceback" not in done.stderr


def _options(**options: str) -> struct_pb2.Struct:
    found = struct_pb2.Struct()
    found.update(options)
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
