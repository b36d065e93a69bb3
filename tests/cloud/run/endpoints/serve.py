#!/usr/bin/env python3
"""A server under SageMaker's container contract: answers from its model or ANSWER; misbehaves on demand."""

import json
import os
import socketserver
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model" / "answer.txt"
ANSWER = MODEL.read_text() if MODEL.exists() else os.environ.get("ANSWER", "nothing")
hung_up = 0


class Handler(BaseHTTPRequestHandler):
    """Answers /ping and /invocations."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Healthy, unless told never to be."""
        self._say(503 if "NEVER_HEALTHY" in os.environ else 200, b"")

    def do_POST(self) -> None:
        """Say the answer and what was asked; a body that begins with a status is answered with it."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if body == "die":
            os._exit(3)
        if body == "hang up":
            global hung_up  # noqa: PLW0603
            hung_up += 1
            self.close_connection = True
            return
        if body.startswith("slow"):
            time.sleep(float(body.split()[1]))
        status = {"400": 400, "500": 500, "long": 400}.get(body, 200)
        refusal = "x" * 3_000 if body == "long" else "the field x must be positive, got -1"
        said = {
            "answer": ANSWER,
            "body": body,
            "accept": self.headers.get("Accept"),
            "attributes": self.headers.get("X-Amzn-SageMaker-Custom-Attributes"),
            "keys": "AWS_ACCESS_KEY_ID" in os.environ,
            "hung_up": hung_up,
            "environment": sorted(os.environ),
        }
        self._say(status, json.dumps(said).encode() if status == 200 else refusal.encode())

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status == 200 else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", f"model_digest={ANSWER}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are no news."""


print(f"serving {ANSWER}", flush=True)
if "FAULT" in os.environ:
    sys.exit(f"the model does not load: {os.environ['FAULT']}")
time.sleep(float(os.environ.get("SLOW_START", "0")))


class OnSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens on a Unix socket."""


def lose_port(port: int) -> None:
    """Let another program, which lives on for some seconds, take the port first, the first time."""
    marker = Path(os.environ["HOME"]) / "lost"
    if marker.exists():
        return
    marker.touch()
    taken = (
        "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(); time.sleep(9)"
    )
    command = [sys.executable, "-uc", taken, str(port)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert other.stdout is not None
    other.stdout.readline()
    sys.exit("Address already in use")


if "LOSE_PORT" in os.environ:
    lose_port(int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
if "BY_SOCKET" in os.environ:
    OnSocket(os.environ["BIND_TO_SOCKET"], Handler).serve_forever()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
