"""From a request to what it asks for and who asks: nothing gets further that is not signed as AWS wants it."""

from __future__ import annotations

import logging
from typing import Any

from sandbox.cloud.actions import AwsError
from sandbox.cloud.moto import protocols
from sandbox.cloud.server import anonymous, signatures, wire
from sandbox.cloud.server.identify import Asked, identify
from sandbox.cloud.server.keys import Keys
from sandbox.cloud.server.refusals import SignatureError, as_aws_says
from sandbox.cloud.server.wire import Answer
from sandbox.cloud.settings import Settings

_log = logging.getLogger(__name__)


class NotAdmittedError(Exception):
    """A request that goes no further; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Admission:
    """Checks every request that comes to one local cloud."""

    def __init__(self, settings: Settings) -> None:
        self._keys = Keys(settings)
        self._region = settings.region

    def admit(self, environ: dict[str, Any], body: bytes) -> tuple[Asked, bytes]:
        """Return what a request asks for, once it is certain whose it is, and its body, which may have come in chunks.

        What comes after, moto above all, tells the service by the Authorization header; one that is missing, because
        the signature is in the URL or there is none, is put in its place.

        Raises
        ------
        NotAdmittedError
            With the answer that AWS would give.
        """
        asked = identify(environ, body)
        try:
            if asked is None:
                asked = anonymous.identify(environ, body, self._region)
            else:
                body = signatures.check(environ, body, self._keys)
                signed = signatures.read(environ)
                if (signed.access_key, signed.region, signed.service) != (
                    asked.access_key,
                    asked.region,
                    asked.signing_name,
                ):
                    raise SignatureError("malformed")
        except AwsError as error:
            refused, protocol = error, _unsigned(environ)
            service = "s3" if protocol == "rest-xml" else ""
        except SignatureError as error:
            assert asked is not None  # noqa: S101 - only what was identified is checked
            protocol, service = protocol_of(asked, environ), asked.service
            refused = as_aws_says(error, service, protocol)
        else:
            environ.setdefault(
                "HTTP_AUTHORIZATION",
                f"{signatures.ALGORITHM} Credential={asked.access_key or 'anonymous'}/20000101/{asked.region}/"
                f"{asked.signing_name}/aws4_request, SignedHeaders=host, Signature=0",
            )
            return asked, body
        _log.info("%s %s refused: %s", environ["REQUEST_METHOD"], environ.get("PATH_INFO"), refused)
        raise NotAdmittedError(wire.error(refused, protocol, service))


def protocol_of(asked: Asked, environ: dict[str, Any]) -> str:
    """Return the protocol that errors are written in."""
    if asked.operation is not None:
        return protocols.protocol_of(asked.operation, environ.get("CONTENT_TYPE", ""))
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    return "rest-xml" if asked.service in ("s3", "s3control") else "rest-json"


def _unsigned(environ: dict[str, Any]) -> str:
    """Return the protocol that a request without a signature seems to be written in."""
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    return "query" if anonymous.is_form(environ) else "rest-xml"
