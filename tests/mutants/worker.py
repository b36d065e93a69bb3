"""Runs tests on a copy of the project, one fault after the other, without starting Python anew for each.

Other people's packages are imported once; for each fault a child is forked, which imports the copy's own code and runs
pytest. Started as ``python -m tests.mutants.worker`` in the copy; a request is a JSON line, and so is the answer.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

_HEAVY = (
    "boto3", "botocore.session", "duckdb", "grpc", "moto.dynamodb.models", "moto.iam.models", "moto.kms.models",
    "moto.s3.models", "moto.sns.models", "moto.sqs.models", "moto.sts.models", "numpy", "pandas",
    "policy_sentry.shared.iam_data", "pulumi", "pulumi_aws", "pulumi_aws.athena", "pulumi_aws.cloudwatch",
    "pulumi_aws.codebuild", "pulumi_aws.dynamodb", "pulumi_aws.ecr", "pulumi_aws.glue", "pulumi_aws.iam",
    "pulumi_aws.kms", "pulumi_aws.s3", "pulumi_aws.sagemaker", "pulumi_aws.scheduler", "pulumi_aws.sfn",
    "pulumi_aws.sns", "pulumi_aws.ssm", "pulumi_policy", "pyarrow.parquet", "pydantic", "pytest", "sklearn.ensemble",
    "sklearn.linear_model", "sklearn.metrics", "sklearn.pipeline", "starlette.applications", "uvicorn", "yaml",
)  # fmt: skip
TIMED_OUT = -1
_QUIET = "ignore::pytest.PytestAssertRewriteWarning"  # plug-ins that were imported before pytest began


def main() -> None:
    """Answer until the other side closes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _HEAVY:
            hasattr(importlib.import_module(name), "any")  # a question makes a lazy module be read
    parent = os.getppid()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = json.dumps(_run(request["tests"], request["log"], request["seconds"]))
        if os.getppid() != parent:
            return
        print(answer, flush=True)


def _run(tests: list[str], log: str, seconds: float) -> int:
    """Return pytest's exit code, or `TIMED_OUT`."""
    child = os.fork()
    if child == 0:
        _be_pytest(tests, log)
    deadline, parent = time.monotonic() + seconds, os.getppid()
    while time.monotonic() < deadline and os.getppid() == parent:  # whoever asked may be killed
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            _end_group(child)  # what a test left running
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    _interrupt(child)
    return TIMED_OUT


def _be_pytest(tests: list[str], log: str) -> None:
    code = 3
    try:
        os.setsid()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        import pytest

        code = int(pytest.main(["-x", "-q", "--tb=short", "-p", "no:cacheprovider", "-W", _QUIET, *tests]))
    except BaseException:  # whatever it is, this process must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _interrupt(leader: int) -> None:
    """Let pytest stop what its tests started, then end what is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGINT)
    for _ in range(100):
        ended, _ = os.waitpid(leader, os.WNOHANG)
        if ended:
            break
        time.sleep(0.1)
    else:
        _end_group(leader)
        os.waitpid(leader, 0)
    _end_group(leader)


def _end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
