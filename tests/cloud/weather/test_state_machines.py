"""A task whose HEAD is refused with a 5xx ends with the service's error, which the machine can retry."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.cloud.weather.propagation import SECONDS
from tests.cloud.local import eventually
from tests.cloud.weather.conftest import Clients

TRUST = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}


def test_a_refused_head_is_an_error_of_the_service(patient: Clients) -> None:
    iam, states = patient("iam", "aws-sdk-go-v2"), patient("stepfunctions")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = iam.create_role(RoleName="porter", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    rights = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    iam.put_role_policy(RoleName="porter", PolicyName="rights", PolicyDocument=document)
    time.sleep(SECONDS + 0.1)
    head = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Parameters": {"Bucket": "nobodys", "Key": "none"},
        "ResultSelector": {"length.$": "$.ContentLength"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught", "ResultPath": "$.error"}],
        "End": True,
    }
    each = {"StartAt": "Look", "States": {"Look": head, "Caught": {"Type": "Pass", "End": True}}}
    looks = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": each, "MaxConcurrency": 1, "End": True}
    definition = json.dumps({"StartAt": "Each", "States": {"Each": looks}})
    machine = states.create_state_machine(name="porter", definition=definition, roleArn=role)["stateMachineArn"]
    items = json.dumps({"items": [{"n": n} for n in range(120)]})
    run = states.start_execution(stateMachineArn=machine, name="looks", input=items)["executionArn"]

    def ended() -> Any:
        found = states.describe_execution(executionArn=run)
        return found if found["status"] != "RUNNING" else None

    over = eventually(ended, 60)
    assert over["status"] == "SUCCEEDED", over.get("cause")
    causes = [item["error"]["Cause"] for item in json.loads(over["output"])]
    assert any("Status Code: 503" in cause for cause in causes)
