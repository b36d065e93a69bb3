"""The endpoint's container: SageMaker's /ping and /invocations over the serving plan.

``python -m inference.server`` reads the model, and the workload that it answers by, from ``$SAGEMAKER_BASE_DIR/model``
(default /opt/ml), the digest that the model must have from HEADRACE_MODEL_DIGEST, and the port from
SAGEMAKER_BIND_TO_PORT (default 8080), or from BIND_TO_SOCKET a Unix socket to listen on instead. A model that cannot be
loaded ends the process with the reason on stderr.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from agreements.variables import MODEL_DIGEST
from inference import headers, plan
from inference.artifact import ArtifactError
from inference.headers import JSON, HeaderError
from workloads.problems import Problem, ProblemsError

DIGEST_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
# Seconds that an idle connection is kept. SageMaker's router keeps connections to call again, and a server that closes
# one first loses the call that is on its way. How long the router keeps them is not documented; AWS's load balancers
# take 60 s unless told otherwise, and an idle connection costs next to nothing.
KEEP_ALIVE = 120
MOST_CHARACTERS = 2048  # of a container's error reach the caller: ModelError's OriginalMessage holds no more
logger = logging.getLogger("inference.server")


def application(model: plan.Model) -> Starlette:
    """Make the web application that answers with a model, by the contract of the model's workload."""
    workload = model.workload
    custom = {DIGEST_HEADER: f"model_digest={model.digest}"}

    def refusal(status: int, problems: Sequence[Problem]) -> Response:
        return Response(_errors(problems), status, custom, JSON)

    async def ping(_: Request) -> Response:
        return Response(status_code=200, headers=custom)

    def answer(body: bytes, content_type: str, accept: str) -> Response:
        asked, refused = _asked(content_type, accept)
        if refused:
            return refusal(refused[0].status, [error.problem for error in refused])
        try:
            rows = plan.input_fn(workload, body, content_type)
            content, kind = plan.output_fn(workload, plan.predict_fn(rows, model), model, accept, asked)
        except ProblemsError as error:
            return refusal(400, error.problems)
        except Exception:
            logger.exception("The model did not answer a valid request")
            remedy = "The endpoint's log holds the reason; tell the workload's owner."
            return refusal(500, [Problem(field="model", rule="answer", value="an error", remedy=remedy)])
        return Response(content, 200, custom, kind)

    async def invocations(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        # a header may come in several lines, which mean the same as one with commas
        content_type, accept = (", ".join(request.headers.getlist(name)) for name in ("content-type", "accept"))
        return await to_thread.run_sync(answer, body, content_type, accept)

    return Starlette(
        routes=[Route("/ping", ping, methods=["GET"]), Route("/invocations", invocations, methods=["POST"])]
    )


def main() -> int:
    """Load the model and serve until the process is stopped."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    try:
        model = plan.model_fn(base / "model", _required(MODEL_DIGEST))
    except (ArtifactError, ProblemsError) as error:
        logger.error("The container cannot serve: %s", error)
        return 1
    logger.info("Serving %s with model %s", model.workload.name, model.digest)
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    host = "0.0.0.0"  # noqa: S104 (SageMaker calls from outside the container)
    uvicorn.run(
        application(model),
        host=host,
        port=port,
        uds=os.environ.get("BIND_TO_SOCKET"),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
    )
    return 0


def _asked(content_type: str, accept: str) -> tuple[str, list[HeaderError]]:
    """Return the request's media type, and what is wrong with the two headers, the request's own first."""
    kind, refused = JSON, []
    try:
        kind = headers.request_type(content_type)
    except HeaderError as error:
        refused.append(error)
    try:
        headers.answer_type(accept, kind)
    except HeaderError as error:
        refused.append(error)
    return kind, refused


def _errors(problems: Sequence[Problem]) -> bytes:
    """Write as many problems as reach the caller whole, at least one, and how many more there are."""
    shown = len(problems)
    while True:
        content: dict[str, Any] = {"errors": [problem.as_dict() for problem in problems[:shown]]}
        if shown < len(problems):
            content["more_errors"] = len(problems) - shown
        text = json.dumps(content, ensure_ascii=False)
        if len(text) <= MOST_CHARACTERS or shown <= 1:
            return text.encode("utf-8", "replace")  # half a character of JSON's escapes has no UTF-8
        shown -= 1


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        remedy = "Set it in the model's container environment, as the model package does."
        raise ProblemsError([Problem(field=name, rule="be set in the environment", remedy=remedy, missing=True)])
    return value


if __name__ == "__main__":
    sys.exit(main())
