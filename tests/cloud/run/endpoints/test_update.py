"""An endpoint changes its configuration without a failed answer, and goes back when the new one cannot serve."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.cloud.run.endpoints import server as servers
from sandbox.cloud.run.endpoints.plan import VariantPlan
from sandbox.cloud.run.endpoints.server import UnhealthyError, VariantServer
from sandbox.cloud.run.images import store
from sandbox.cloud.run.shared import roles
from tests.cloud.local import eventually, gathered
from tests.cloud.run.endpoints.conftest import REPOSITORY, Endpoints


def _update(cloud: Endpoints, endpoint: str, config: str, **more: Any) -> None:
    cloud.client("sagemaker").update_endpoint(EndpointName=endpoint, EndpointConfigName=config, **more)


def _answer(cloud: Endpoints, endpoint: str) -> str:
    return str(json.loads(cloud.invoke(endpoint)["Body"])["answer"])


def test_birth_shows_the_image_by_digest(cloud: Endpoints) -> None:
    cloud.simple("born", ANSWER="born")
    described = cloud.create("born", "born")
    (variant,) = described["ProductionVariants"]
    (image,) = variant["DeployedImages"]
    assert image["SpecifiedImage"] == cloud.image
    assert image["ResolvedImage"] == f"{REPOSITORY}@{cloud.image.split('@')[1]}"
    assert (variant["CurrentWeight"], variant["DesiredInstanceCount"]) == (1.0, 1)
    assert "PendingDeploymentSummary" not in described


def test_every_call_is_answered_while_the_endpoint_switches(cloud: Endpoints) -> None:
    cloud.simple("blue", ANSWER="blue")
    cloud.simple("green", ANSWER="green")
    cloud.create("switching", "blue")
    answers: list[str] = []
    failures: list[Exception] = []
    over = threading.Event()

    def hammer() -> None:
        while not over.is_set():
            try:
                said = json.loads(cloud.invoke("switching", "slow 0.02")["Body"])["answer"]
            except ClientError as error:
                failures.append(error)
            else:
                answers.append(said)

    callers = [threading.Thread(target=hammer) for _ in range(4)]
    for caller in callers:
        caller.start()
    eventually(lambda: "blue" in answers)
    _update(
        cloud,
        "switching",
        "green",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
            }
        },
    )
    described = cloud.describe("switching")
    assert described["EndpointStatus"] == "Updating"
    assert described["EndpointConfigName"] == "blue"
    assert described["PendingDeploymentSummary"]["EndpointConfigName"] == "green"
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        _update(cloud, "switching", "blue")
    described = cloud.settled("switching")
    eventually(lambda: answers[-1] == "green")
    over.set()
    for caller in callers:
        caller.join()
    assert failures == []
    first_green = answers.index("green")
    assert set(answers[:first_green]) == {"blue"}
    assert "blue" not in answers[first_green + 8 :]  # four calls may have been under way at the switch
    assert described["EndpointConfigName"] == "green"
    assert "PendingDeploymentSummary" not in described
    assert "FailureReason" not in described
    assert "BlueGreenUpdatePolicy" in described["LastDeploymentConfig"]


def test_unhealthy_update_is_rolled_back_and_the_old_one_goes_on(cloud: Endpoints) -> None:
    cloud.simple("good", ANSWER="good")
    cloud.simple("bad", FAULT="digest sha256:1 is not sha256:2")
    cloud.create("careful", "good")
    _update(cloud, "careful", "bad")
    assert _answer(cloud, "careful") == "good"
    described = cloud.settled("careful")
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "good"
    reason = described["FailureReason"]
    assert "did not pass the ping health check" in reason
    assert "the model does not load: digest sha256:1 is not sha256:2" in reason
    assert _answer(cloud, "careful") == "good"
    cloud.simple("better", ANSWER="better")
    _update(cloud, "careful", "better")
    described = cloud.settled("careful")
    assert (described["EndpointConfigName"], "FailureReason" in described) == ("better", False)


class _Silent:
    """A process that runs and never listens."""

    def __init__(self, *_: object) -> None:
        """Start it."""

    def running(self) -> bool:
        """It runs."""
        return True

    def stop(self, grace: float) -> int:
        """End it."""
        assert grace
        return 0


def test_server_that_never_gets_healthy_is_given_up_after_its_time(
    cloud: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "Process", _Silent)
    # roles and their sessions are known to the cloud's own process alone
    monkeypatch.setattr(roles, "trusts", lambda *_: True)
    monkeypatch.setattr(store, "require", lambda *_, **__: None)
    plan = VariantPlan(
        variant="live",
        model="sick",
        image=cloud.image,
        model_uri=None,
        model_is_archive=True,
        environment={},
        role_arn=cloud.role_arn,
        isolated=False,
        weight=1.0,
        count=1,
        startup_seconds=2.0,
    )
    server = VariantServer("sick", plan)
    with pytest.raises(UnhealthyError, match=r"did not pass the ping health check.*No healthy answer within 2 seconds"):
        server.start()
    server.retire()
    assert not server.folder.exists()


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        ({"ModelDataUrl": "s3://models/nowhere/model.tar.gz"}, "Failed to download model data"),
        ({"ModelDataUrl": "s3://models/text"}, "Failed to extract model data archive"),
        ({"Image": f"{REPOSITORY}:unknown"}, "Cannot find image"),
    ],
)
def test_birth_that_fails_says_why(cloud: Endpoints, break_it: dict[str, str], reason: str) -> None:
    name = f"failing-{reason.rsplit(maxsplit=1)[-1]}"
    for key in ("text", "nowhere/model.tar.gz"):
        cloud.client("s3").put_object(Bucket="models", Key=key, Body=b"no archive")
    cloud.client("sagemaker").create_model(
        ModelName=name, ExecutionRoleArn=cloud.role_arn, PrimaryContainer={"Image": cloud.image, **break_it}
    )
    cloud.client("s3").delete_object(Bucket="models", Key="nowhere/model.tar.gz")
    cloud.config(name, name)
    described = cloud.create(name, name)
    assert described["EndpointStatus"] == "Failed"
    assert reason in described["FailureReason"]


def test_model_whose_role_does_not_trust_sagemaker_is_not_served(cloud: Endpoints) -> None:
    stranger = cloud.role("stranger", "lambda.amazonaws.com")
    container = {"Image": cloud.image}
    cloud.client("sagemaker").create_model(ModelName="odd", ExecutionRoleArn=stranger, PrimaryContainer=container)
    cloud.config("odd", "odd")
    assert "allows principal 'sagemaker.amazonaws.com'" in cloud.create("odd", "odd")["FailureReason"]


def test_refusals_name_what_is_wrong(cloud: Endpoints) -> None:
    cloud.simple("plain")
    cloud.create("plain", "plain")
    sagemaker = cloud.client("sagemaker")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName="plain", EndpointConfigName="plain")
    missing = 'Could not find endpoint configuration "arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/none"'
    with pytest.raises(ClientError, match=missing):
        sagemaker.create_endpoint(EndpointName="other", EndpointConfigName="none")
    with pytest.raises(ClientError, match=missing):
        _update(cloud, "plain", "none")
    with pytest.raises(ClientError, match="the endpoint configuration that it already has, plain"):
        _update(cloud, "plain", "plain")
    with pytest.raises(
        ClientError, match='Could not find endpoint "arn:aws:sagemaker:us-east-1:000000000000:endpoint/no"'
    ):
        cloud.describe("no")
    with pytest.raises(ClientError, match="uses it"):
        sagemaker.delete_endpoint_config(EndpointConfigName="plain")


def test_retained_weights_survive_an_update(cloud: Endpoints) -> None:
    cloud.model("m1", ANSWER="1")
    cloud.model("m2", ANSWER="2")
    cloud.config("before", "m1", "m2", weights=(1, 1))
    cloud.config("after", "m1", "m2", weights=(1, 1))
    cloud.create("retained", "before")
    cloud.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="retained", DesiredWeightsAndCapacities=[{"VariantName": "b", "DesiredWeight": 3}]
    )
    _update(cloud, "retained", "after", RetainAllVariantProperties=True)
    described = cloud.settled("retained")
    assert described["EndpointConfigName"] == "after"
    assert {v["VariantName"]: v["CurrentWeight"] for v in described["ProductionVariants"]} == {"live": 1.0, "b": 3.0}


def test_container_that_dies_is_started_again(cloud: Endpoints) -> None:
    cloud.simple("mortal", ANSWER="alive")
    cloud.create("mortal", "mortal")
    with pytest.raises(ClientError, match="ModelError"):
        cloud.invoke("mortal", "die")

    def answers() -> bool:
        try:
            return _answer(cloud, "mortal") == "alive"
        except ClientError:
            return False

    eventually(answers)


def test_state_changes_reach_a_rule(cloud: Endpoints) -> None:
    url, arn = cloud.queue("states")
    events = cloud.client("events")
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": [{"prefix": "SageMaker Endpoint"}],
        "detail": {"EndpointName": ["told"]},
    }
    events.put_rule(Name="told", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="told", Targets=[{"Id": "queue", "Arn": arn}])
    cloud.simple("told-1", ANSWER="1")
    cloud.simple("told-2", ANSWER="2")
    cloud.create("told", "told-1")
    _update(cloud, "told", "told-2")
    cloud.settled("told")
    cloud.client("sagemaker").delete_endpoint(EndpointName="told")
    got = gathered(lambda: cloud.received(url), 9)
    kinds = sorted((event["detail-type"].split()[2], event["detail"]["EndpointStatus"]) for event in got)
    assert kinds == [
        ("Deployment", "UPDATING"),
        ("Deployment", "UPDATING"),
        ("Deployment", "UPDATING"),
        ("State", "CREATING"),
        ("State", "DELETED"),
        ("State", "DELETING"),
        ("State", "IN_SERVICE"),
        ("State", "IN_SERVICE"),
        ("State", "UPDATING"),
    ]
    stages = {
        event["detail"]["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
        for event in got
        if "Deployment" in event["detail-type"]
    }
    assert stages == {"Creating", "ActivatingTraffic", "Deleting"}


def test_delete_ends_the_process_and_frees_the_name(cloud: Endpoints) -> None:
    cloud.simple("brief", ANSWER="brief")
    cloud.create("brief", "brief")
    sagemaker = cloud.client("sagemaker")
    assert "brief" in {found["EndpointName"] for found in sagemaker.list_endpoints(NameContains="bri")["Endpoints"]}
    folder = cloud.settings.folder / "endpoints" / "brief"
    assert list(folder.iterdir())
    sagemaker.delete_endpoint(EndpointName="brief")
    eventually(lambda: not sagemaker.list_endpoints(NameContains="brief")["Endpoints"])
    assert not list(folder.iterdir())
    sagemaker.delete_endpoint_config(EndpointConfigName="brief")
    assert cloud.create("brief", "blue")["EndpointStatus"] == "InService"
