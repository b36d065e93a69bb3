"""`make mlflow`: the page of the local MLflow that trials are tracked in, on 127.0.0.1 alone.

Only requests that name 127.0.0.1 or localhost as host are answered, so no page on the web reads it through its reader's
browser by another name for this machine.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence

from trial import tracked

PORT = 5055
ENVIRONMENT = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def command(port: int) -> list[str]:
    """Return the command that serves the page."""
    own = [f"{host}:{port}" for host in ("127.0.0.1", "localhost")]
    return [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", tracked.database(tracked.FOLDER)),
        *("--default-artifact-root", (tracked.FOLDER / "artifacts").as_uri(), "--no-serve-artifacts"),
        *("--allowed-hosts", ",".join(own), "--cors-allowed-origins", ",".join(f"http://{host}" for host in own)),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m trial.page", description=__doc__)
    parser.add_argument("--port", type=int, help=f"by default {PORT}, or another where that is taken")
    chosen = parser.parse_args(arguments)
    port = chosen.port or (PORT if _free(PORT) else 0) or _any_port()
    if not _free(port):
        print(f"mlflow: PORT must be free on 127.0.0.1, got {port}. Choose another one, or none.", file=sys.stderr)
        return 2
    tracked.collect()
    print(f"mlflow     http://127.0.0.1:{port}  (Ctrl-C ends it)", flush=True)
    # the server takes this process's place, so that Ctrl-C reaches it
    return os.execve(sys.executable, command(port), {**os.environ, **ENVIRONMENT})  # noqa: S606


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
