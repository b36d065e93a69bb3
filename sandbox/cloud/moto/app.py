"""moto as the last in line: configured, asked in-process, its crashes and gaps turned into AWS errors."""

from __future__ import annotations

import io
import os
import re
import secrets
from typing import Any

from sandbox.cloud.actions import AwsError
from sandbox.cloud.settings import Settings

NOT_IMPLEMENTED = "NotImplementedByLocalCloud"


def configure(settings: Settings) -> None:
    """Set what moto reads from the environment and its configuration; before the first import of a backend."""
    os.environ.update(
        {
            "MOTO_ACCOUNT_ID": settings.account,
            "MOTO_PORT": str(settings.port),
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
            "MOTO_DISABLE_GLOBAL_CORS": "true",
            "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
        }
    )
    from moto.core.config import default_user_config  # noqa: PLC0415 - after the environment is set

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    from moto.iam import models  # noqa: PLC0415

    models.random_alphanumeric = lambda length: secrets.token_urlsafe(length)[:length]  # moto's can be predicted


class MotoApplication:
    """moto's own WSGI application, asked without a socket in between.

    Of its doors only AWS's services are left: the Authorization header says which, and no path leads to moto's own API,
    which seeds, records and empties everything, or to its instance metadata.
    """

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - after `configure`
            DomainDispatcherApplication,
            create_backend_app,
        )

        class Services(DomainDispatcherApplication):  # type: ignore[misc]
            def get_application(self, environ: dict[str, Any]) -> Any:
                host = self.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
                with self.lock:
                    backend = self.get_backend_for_host(host)
                    if backend not in self.app_instances:
                        self.app_instances[backend] = self.create_app(backend)
                    return self.app_instances[backend]

        self._application = Services(create_backend_app)

    def ask(self, environ: dict[str, Any], body: bytes, asked_for: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return the status, the headers and the body of moto's answer.

        Raises
        ------
        AwsError
            Where moto has no such action, or answers in no format of AWS's.
        """
        written: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            written[:] = [(status, headers)]

        try:
            chunks = self._application({**environ, "wsgi.input": io.BytesIO(body)}, start_response)
            content = b"".join(chunks)
        except NotImplementedError as gap:
            raise missing(asked_for, str(gap)) from gap
        status, headers = int(written[0][0].split()[0]), written[0][1]
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        if status in (404, 405) and kind.startswith("text/html") and b"<!doctype html>" in content[:100].lower():
            raise missing(asked_for, "")
        return status, headers, content


def request_handler() -> Any:
    """Return the class by which moto reads requests from a connection, which keeps names as S3's metadata have them."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415 - after `configure`

    return MotoRequestHandler


def missing(asked_for: str, why: str) -> AwsError:
    """Return the error for an action that nobody here has; its status is one that AWS's clients do not repeat."""
    detail = re.sub(r"\s+", " ", why).strip()
    message = f"The local cloud has no {asked_for}." + (f" ({detail})" if detail else "")
    return AwsError(NOT_IMPLEMENTED, message, 501)
