"""The sandbox's commands. Only the standard library is imported before a command needs more."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence

from sandbox import environment, lane, signals
from sandbox.engine import build, find, install


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    signals.interruptible()
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (find.MissingPartsError, build.BuildError, environment.LocalEnvironmentError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsandbox: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    engine = commands.add_parser("engine", help="the Pulumi engine").add_subparsers(required=True, metavar="WHAT")
    engine.add_parser("install", help="find a usable engine, or build one").set_defaults(run=_engine_install)
    engine.add_parser("path", help="print the installed engine's folder").set_defaults(run=_engine_path)

    cloud = commands.add_parser("cloud", help="the local AWS").add_subparsers(required=True, metavar="WHAT")
    for what, text in (("start", "start it"), ("stop", "stop it"), ("status", "tell whether it runs")):
        cloud.add_parser(what, help=text).set_defaults(run=_cloud, what=what)

    commands.add_parser("mlflow", help="print a URL that opens MLflow's page in a browser").set_defaults(run=_mlflow)

    run = commands.add_parser("exec", help="run a command with the whole local environment")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    run.set_defaults(run=_exec)

    weather = commands.add_parser("weather", help="run a command in bad weather, a new local cloud for each seed")
    weather.add_argument("--seeds", type=int, default=10, help="how many seeds (default: 10)")
    weather.add_argument("--first", type=int, default=1, help="the first seed (default: 1)")
    weather.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    weather.set_defaults(run=_weather)

    commands.add_parser("env", help="print the local environment for a shell to eval").set_defaults(run=_env)
    return parser


def _engine_install(_: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a build that is told to end cleans up as on Ctrl-C
    print(install.install(os.environ).folder)
    return 0


def _engine_path(_: argparse.Namespace) -> int:
    print(environment.engine(os.environ).folder)
    return 0


def _cloud(chosen: argparse.Namespace) -> int:
    os.environ.update(environment.cloud(os.environ))
    from sandbox.cloud import process  # noqa: PLC0415 - needs packages that `engine install` must do without

    at = environment.place()
    try:
        if chosen.what == "start":
            print(f"local cloud: {process.start(at).message}")
        elif chosen.what == "stop":
            process.stop(at)
        else:
            found = process.status(at)
            print(f"local cloud: {found.message}")
            return 0 if found.running else 1
    except process.LocalCloudError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


def _mlflow(_: argparse.Namespace) -> int:
    os.environ.update(environment.cloud(os.environ))
    from sandbox.cloud import clients, process  # noqa: PLC0415 - needs packages that `engine install` must do without

    found = process.status(environment.place())
    if not found.running:
        print(f"sandbox: {found.message}; start it with `make cloud`", file=sys.stderr)
        return 1
    sagemaker = clients.client("sagemaker")
    servers = sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"]
    for server in servers:
        name = server["TrackingServerName"]
        print(sagemaker.create_presigned_mlflow_tracking_server_url(TrackingServerName=name)["AuthorizedUrl"])
    if not servers:
        print("sandbox: there is no tracking server; deploy an environment with `make up`", file=sys.stderr)
    return 0 if servers else 1


def _weather(chosen: argparse.Namespace) -> int:
    command = _command(chosen)
    if not command:
        print("sandbox: weather needs a command: python -m sandbox weather -- python -m demo", file=sys.stderr)
        return 2
    return 1 if lane.run(command, range(chosen.first, chosen.first + chosen.seeds), os.environ) else 0


def _command(chosen: argparse.Namespace) -> list[str]:
    return list(chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command)


def _exec(chosen: argparse.Namespace) -> int:
    command = _command(chosen)
    if not command:
        print("sandbox: exec needs a command: python -m sandbox exec -- pulumi version", file=sys.stderr)
        return 2
    variables = environment.local(os.environ)
    try:
        # The command takes this process's place, so that signals and the exit code are its own.
        os.execvpe(command[0], command, variables)  # noqa: S606
    except FileNotFoundError:
        print(f"sandbox: {command[0]}: no such command on PATH", file=sys.stderr)
        return 127
    except PermissionError:
        print(f"sandbox: {command[0]}: not executable", file=sys.stderr)
        return 126


def _env(_: argparse.Namespace) -> int:
    variables = environment.local(os.environ)
    for name in sorted(os.environ.keys() - variables.keys()):
        print(f"unset {name}")
    for name in sorted(variables):
        if variables[name] != os.environ.get(name):
            print(f"export {name}={shlex.quote(variables[name])}")
    return 0
