"""Pulumi's language host for Python: the service through which the engine runs programs and policy packs.

Pulumi's own host is a Go module that no module proxy has; the protocol is small and the `pulumi` package brings its
messages. This file is copied beside the built engine and runs with an interpreter that has the `pulumi` package.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from importlib import metadata
from pathlib import Path
from types import FrameType, ModuleType
from typing import IO


def _without_sdk() -> None:
    """Let the protocol's messages be imported alone: with the SDK around them every start takes twice as long."""
    for name in ("pulumi", "pulumi.runtime"):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            raise ImportError(f"no package {name}")
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = list(spec.submodule_search_locations)


try:
    _without_sdk()
    import grpc
    from google.protobuf import empty_pb2, struct_pb2
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2
except ImportError as error:
    sys.exit(
        f"The language host needs the `pulumi` package, which {sys.executable} does not have ({error}). "
        "Set HEADRACE_PYTHON to the project's interpreter, or run `make install` first."
    )

_BAIL = 32  # pulumi-language-python-exec has already told the user what is wrong
_WATCH_SECONDS = 0.5
_GRACE_SECONDS = 5.0
_HERE = Path(__file__).resolve().parent


class Children:
    """The processes that run on the engine's behalf; none of them outlives the host."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def start(
        self, command: list[str], folder: str, environ: Mapping[str, str], *, piped: bool
    ) -> subprocess.Popen[bytes]:
        """Start a process; with `piped`, its output can be read."""
        stream = subprocess.PIPE if piped else None
        with self._lock:
            process = subprocess.Popen(
                command, cwd=folder or None, env=dict(environ), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
            self._running.add(process)
        return process

    def ended(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for a process and return its exit code."""
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return code

    def stop(self) -> None:
        """End all that run, the stubborn ones by force."""
        running = list(self._running)
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The service.

    Parameters
    ----------
    engine : str
        The engine's address, host:port.
    children : Children
        Keeps what runs.
    """

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children

    def Handshake(  # noqa: N802 - the names are the protocol's
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Take the engine's address from a debugger's session, where no argument gave it."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Tell the version: that of the SDK whose protocol is spoken."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(  # noqa: N802
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Ask for nothing ahead: each resource names the plug-in and version that it needs."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(  # noqa: N802
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        """Ask for nothing ahead, as older engines put it."""
        return language_pb2.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(  # noqa: N802
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """Have no questions for `pulumi new`."""
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:  # noqa: N802
        """Tell which interpreter runs programs."""
        python = self._interpreter(request.info, context)
        return language_pb2.AboutResponse(executable=python, version=platform.python_version())

    def GetProgramDependencies(  # noqa: N802
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """List the packages that are installed beside this host."""
        found = sorted({(one.name, one.version) for one in metadata.distributions()})
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        """End what runs; the engine has been interrupted."""
        self._children.stop()
        return empty_pb2.Empty()

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:  # noqa: N802
        """Run a program to its end."""
        info = request.info
        folder = info.program_directory or request.pwd
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "pwd": folder,
            "parallel": str(request.parallel),
            "dry_run": "true" if request.dryRun else "",
            "organization": request.organization,
            "root_directory": info.root_directory,
        }
        command = [self._interpreter(info, context), "-u", str(_HERE / "pulumi-language-python-exec")]
        for option, value in options.items():
            if value:
                command += [f"--{option}", value]
        command += [info.entry_point or request.program or ".", *request.args]
        environ = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        process = self._children.start(command, folder, environ, piped=False)
        context.add_callback(process.terminate)
        code = self._children.ended(process)
        if code == 0:
            return language_pb2.RunResponse()
        if code == _BAIL:
            return language_pb2.RunResponse(bail=True)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return language_pb2.RunResponse(error=f"The program {how}; what it printed above says why.")

    def RunPlugin(  # noqa: N802
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack or a component provider, and stream what it prints."""
        folder = request.info.program_directory
        python = self._interpreter(request.info, context)
        if (Path(folder) / "PulumiPolicy.yaml").is_file():
            command = [python, "-u", "-m", "pulumi.policy", *(request.args or [self._engine]), folder]
        else:
            command = [python, "-u", folder, *request.args]
        environ = os.environ | dict(entry.split("=", 1) for entry in request.env)
        process = self._children.start(command, request.pwd, environ, piped=True)
        context.add_callback(process.terminate)
        printed: queue.Queue[language_pb2.RunPluginResponse | None] = queue.Queue()
        streams = (
            (process.stdout, lambda data: language_pb2.RunPluginResponse(stdout=data)),
            (process.stderr, lambda data: language_pb2.RunPluginResponse(stderr=data)),
        )
        for stream, message in streams:
            threading.Thread(target=_forward, args=(stream, message, printed), daemon=True).start()
        for _ in streams:
            yield from iter(printed.get, None)
        yield language_pb2.RunPluginResponse(exitcode=self._children.ended(process))

    def _interpreter(self, info: language_pb2.ProgramInfo, context: grpc.ServicerContext) -> str:
        """Return the program's interpreter: that of its `virtualenv` option, else the host's own."""
        chosen = _option(info.options, "virtualenv")
        if not chosen:
            return sys.executable
        folder = Path(info.root_directory or info.program_directory) / chosen
        python = folder / "bin" / "python"
        if not python.is_file():
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"`virtualenv` in the project file must be a virtual environment, got {chosen!r}: "
                f"{python} does not exist. Make it with `make install`.",
            )
        return str(python)


def _option(options: struct_pb2.Struct, name: str) -> str:
    value = options.fields.get(name)
    return value.string_value if value is not None else ""


def _forward(
    stream: IO[bytes],
    message: Callable[[bytes], language_pb2.RunPluginResponse],
    to: queue.Queue[language_pb2.RunPluginResponse | None],
) -> None:
    while data := os.read(stream.fileno(), 65536):
        to.put(message(data))
    to.put(None)


def _leave(children: Children) -> None:
    """End at once: an engine that is interrupted waits ten seconds for a host that lingers."""
    children.stop()
    os._exit(0)


def _watch(parent: int, children: Children) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    _leave(children)


def main() -> None:
    """Serve on a free port, which the first line of output tells the engine, until it is told to stop."""
    children = Children()

    def stop(number: int, frame: FrameType | None) -> None:
        _leave(children)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_watch, args=(os.getppid(), children), daemon=True).start()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    host = LanguageHost(sys.argv[-1] if len(sys.argv) > 1 else "", children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
