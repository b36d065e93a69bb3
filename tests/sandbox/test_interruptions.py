"""`kill -9` of the local cloud at the worst moments, and that the same commands go on afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from demo import release
from demo.story import Chapter
from status import packages
from status.environment import Environment
from tests.processes import inheriting
from tests.sandbox.conftest import Released
from tests.sandbox.place import Place


def test_a_kill_in_the_middle_of_training_fails_the_job_with_the_reason(
    place: Place, environment: Environment, released: Released, chapter: Chapter
) -> None:
    sagemaker = environment.client("sagemaker")
    execution = sagemaker.start_pipeline_execution(
        PipelineName=environment.own.pipeline_name,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in chapter.parameters.items()],
    )["PipelineExecutionArn"]
    job = _until(lambda: _training_job(environment, execution))
    _kill_and_restart(place)

    found = sagemaker.describe_training_job(TrainingJobName=job)
    assert found["TrainingJobStatus"] == "Failed"
    assert "the local cloud stopped" in found["FailureReason"]
    assert sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"] == "Failed"
    newest = packages.newest_package(environment)
    assert newest is not None
    assert newest.metadata["pipeline_execution"] != execution


def test_a_kill_in_the_middle_of_a_release_leaves_a_lease_that_the_next_one_takes(
    place: Place, environment: Environment, released: Released
) -> None:
    machines, sagemaker = environment.client("stepfunctions"), environment.client("sagemaker")
    parameters = environment.client("ssm")
    name = environment.own.serving_policy_parameter
    before = parameters.get_parameter(Name=name)["Parameter"]["Value"]
    changed = {**json.loads(before), "capture_percent": 50}
    # A changed policy releases the live model again: through the same machine, with a new configuration.
    parameters.put_parameter(Name=name, Value=json.dumps(changed), Overwrite=True)
    _until(
        lambda: sagemaker.describe_endpoint(EndpointName=environment.own.endpoint_name)["EndpointStatus"] == "Updating"
    )
    _kill_and_restart(place)

    parameters.put_parameter(Name=name, Value=before, Overwrite=True)
    machine = environment.own.release_state_machine_arn
    _until(lambda: not machines.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"])
    execution = machines.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    _until(lambda: machines.describe_execution(executionArn=execution)["status"] != "RUNNING")
    ended = machines.describe_execution(executionArn=execution)
    assert ended["status"] == "SUCCEEDED", ended
    leases = environment.client("dynamodb").scan(TableName=environment.own.lease_table)["Items"]
    assert leases == []


def test_what_a_killed_update_was_creating_is_taken_over(place: Place, environment: Environment) -> None:
    """One thing that AWS has made, one that it never heard of, and one that is somebody else's."""
    logs, database = environment.client("logs"), environment.outputs.database_name
    logs.create_log_group(logGroupName="somebody-else")
    killed_while_creating(place, "catalogue-planes-table", "catalogue-weather-table")
    environment.client("glue").delete_table(DatabaseName=database, Name="weather")

    said = place.run(sys.executable, "-m", "stacks.interrupted", "local").stdout
    assert "catalogue-planes-table was being created by an update that was killed: taken over as 0000000000" in said
    assert "catalogue-weather-table was being created by an update that was killed: left to be made again" in said
    assert "somebody-else was being created by an update that was killed: left to be made again" in said
    assert place.run(sys.executable, "-m", "stacks.interrupted", "local").stdout == "", "once is enough"
    known = json.loads(place.pulumi("stack", "export", "--stack", "local").stdout)["deployment"]
    names = {found["urn"].rpartition("::")[2] for found in known["resources"]}
    assert "catalogue-planes-table" in names
    assert not {"catalogue-weather-table", "somebody-else"} & names
    logs.delete_log_group(logGroupName="somebody-else")


def killed_while_creating(place: Place, *names: str) -> None:
    """Leave the state as pulumi leaves it that is killed in the middle of a call: what it asked for, and no answer."""
    file = place.folder / "pulumi" / ".pulumi" / "stacks" / "headrace" / "local.json"
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    lost = [found for found in latest["resources"] if found["urn"].rpartition("::")[2] in names]
    assert len(lost) == len(names)
    latest["resources"] = [found for found in latest["resources"] if found not in lost]
    asked = [{key: value for key, value in found.items() if key not in ("id", "outputs")} for found in lost]
    group = next(found for found in latest["resources"] if found["type"] == "aws:cloudwatch/logGroup:LogGroup")
    urn = f"{group['urn'].rpartition('::')[0]}::somebody-else"
    asked.append({**{key: group[key] for key in ("custom", "type", "parent", "provider")}, "urn": urn})
    asked[-1]["inputs"] = {"name": "somebody-else"}
    latest["pending_operations"] = [{"type": "creating", "resource": found} for found in asked]
    file.write_text(json.dumps(state))


def test_the_demo_goes_on_from_there_to_its_end(place: Place, environment: Environment, released: Released) -> None:
    """After both kills; it also ends with a preview that finds nothing to change."""
    done = place.run(sys.executable, "-m", "demo", "--logs", str(place.folder / "logs"))
    assert "13 of them there already" in done.stdout, done.stdout
    assert "nothing to change" in done.stdout
    package = packages.newest_package(environment)
    assert package is not None
    assert release.release(environment, package)["outcome"] == "released"


def test_ctrl_c_in_the_demo_says_what_to_do(place: Place, environment: Environment, released: Released) -> None:
    """In its first step, while pulumi works: pulumi ends what it began, and the next run finds no lock."""
    log = place.folder / "logs" / "up.log"
    log.unlink(missing_ok=True)
    sandbox = [sys.executable, "-m", "sandbox", "exec", "--"]
    demo = [sys.executable, "-m", "demo", "--logs", str(place.folder / "logs")]
    child = subprocess.Popen(
        inheriting("SIG_IGN", [*sandbox, *demo]),  # as a background job of a shell and many CI runners do
        cwd=place.root,
        env=dict(place.variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    _until(lambda: log.exists() and "Updating" in log.read_text())
    os.killpg(child.pid, signal.SIGINT)
    said, _ = child.communicate(timeout=60)
    assert child.returncode == 130, said
    assert "Run the same command again" in said
    place.pulumi("preview", "--stack", "local", "--expect-no-changes")


def _kill_and_restart(place: Place) -> None:
    os.kill(place.pid(), signal.SIGKILL)
    place.cloud("start")


def _training_job(environment: Environment, execution: str) -> str | None:
    steps = environment.client("sagemaker").list_pipeline_execution_steps(PipelineExecutionArn=execution)
    for step in steps["PipelineExecutionSteps"]:
        if step["StepName"] == "train" and step["StepStatus"] == "Executing" and "Metadata" in step:
            return str(step["Metadata"]["TrainingJob"]["Arn"].rsplit("/", 1)[1])
        if step["StepStatus"] == "Failed":
            pytest.fail(str(step))
    return None


def _until(look: Callable[[], Any], seconds: float = 180) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return found
