"""What a restart finds: endpoints that served serve again, what was under way ends with a reason."""

from __future__ import annotations

import json

from tests.cloud.local import eventually
from tests.cloud.run.endpoints.conftest import Endpoints
from tests.processes import running


def test_killed_cloud_comes_back_with_its_endpoints(cloud: Endpoints) -> None:
    sagemaker = cloud.client("sagemaker")
    cloud.model("one", data=cloud.model_data("one"), BY_SOCKET="yes")
    cloud.config("one", "one")
    cloud.simple("never", NEVER_HEALTHY="1")
    cloud.create("serving", "one")
    cloud.create("updating", "one")
    sagemaker.update_endpoint(EndpointName="updating", EndpointConfigName="never")
    sagemaker.create_endpoint(EndpointName="creating", EndpointConfigName="never")
    eventually(lambda: list((cloud.settings.folder / "endpoints" / "creating").glob("*/ml")))
    cloud.wait_until_saved()

    sockets = cloud.settings.folder / "s"
    left = {path.name for path in sockets.iterdir()}
    assert left
    family = cloud.kill()
    eventually(lambda: not running(family))
    cloud.start()

    assert json.loads(cloud.invoke("serving")["Body"])["answer"] == "one"  # the call waits for the new process
    assert not left & {path.name for path in sockets.iterdir()}
    assert cloud.settled("serving")["EndpointStatus"] == "InService"
    rolled_back = cloud.settled("updating")
    assert (rolled_back["EndpointStatus"], rolled_back["EndpointConfigName"]) == ("InService", "one")
    assert "ended during the update to never; it was rolled back" in rolled_back["FailureReason"]
    assert json.loads(cloud.invoke("updating")["Body"])["answer"] == "one"
    failed = cloud.describe("creating")
    assert failed["EndpointStatus"] == "Failed"
    assert "ended while the endpoint was created" in failed["FailureReason"]
    sagemaker.delete_endpoint(EndpointName="creating")
    eventually(lambda: not sagemaker.list_endpoints(NameContains="creating")["Endpoints"])
