"""The process: settings, moto, handlers, state, then requests until it is told to stop."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer

from sandbox.cloud import credentials, process
from sandbox.cloud.moto import app
from sandbox.cloud.settings import Settings

_log = logging.getLogger(__name__)


class PortInUseError(RuntimeError):
    """The port belongs to another program."""

    def __init__(self, port: int) -> None:
        super().__init__(process.port_in_use(port))


def serve(settings: Settings, bound: Callable[[], object] = lambda: None) -> None:
    """Run the local cloud in this process until SIGTERM or SIGINT; `bound` is called once the port is ours."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for noisy in ("werkzeug", "botocore", "boto3", "urllib3", "moto"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    app.configure(settings)
    # after `configure`, which moto reads at import
    from sandbox.cloud.run.shared import sockets  # noqa: PLC0415
    from sandbox.cloud.server import registry  # noqa: PLC0415
    from sandbox.cloud.server.application import Application  # noqa: PLC0415
    from sandbox.cloud.state import children, snapshot  # noqa: PLC0415

    sockets.check(settings.folder)
    credentials.private(settings.folder)
    server = _bound(settings)
    bound()
    children.end_orphans(settings.folder)
    sockets.forget(settings.folder)
    modules = registry.discover()
    keeper = snapshot.Keeper(settings)
    keeper.load()
    server.app = Application(settings, keeper)
    registry.run_hooks(modules, "on_start")
    keeper.start()
    watcher = children.Watcher(settings.folder)
    watcher.start()

    def stop(number: int, _: Any) -> None:
        _log.info("%s: stopping", signal.Signals(number).name)
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if settings.ends_with is not None:
        threading.Thread(target=_follow, args=(settings.ends_with,), name="follows", daemon=True).start()
    _log.info("listening on %s, state in %s", settings.endpoint_url, settings.folder)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        registry.run_hooks(modules, "on_stop")
        server.server_close()
        keeper.stop()
        watcher.stop()


def _follow(pid: int) -> None:
    """Tell this process to stop when another one has ended, or where there is none."""
    with contextlib.suppress(ProcessLookupError):
        other = os.pidfd_open(pid)
        select.select([other], [], [])  # readable at its end
        os.close(other)
    os.kill(os.getpid(), signal.SIGTERM)


def _bound(settings: Settings) -> Any:
    class Handler(app.request_handler()):  # type: ignore[misc]
        disable_nagle_algorithm = True

        def log_request(self, *_: Any) -> None:
            """The application logs what matters."""

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", settings.port))
        except OSError as taken:
            if taken.errno == errno.EADDRINUSE:
                raise PortInUseError(settings.port) from taken
            raise
        listening.listen(256)
        return ThreadedWSGIServer("127.0.0.1", settings.port, _not_ready, handler=Handler, fd=listening.fileno())


def _not_ready(_: Any, start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [("Content-Length", "0")])
    return []
