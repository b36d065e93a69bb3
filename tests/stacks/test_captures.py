"""Captured requests are data: under the data key, and the serving role may write them with it."""

from __future__ import annotations

import json

from tests.components.recording import ACCOUNT, REGION
from tests.stacks import environments

KEYS = {kind: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/keys-{kind}-0000000" for kind in ("data", "model")}


def test_captures_carry_the_key_of_those_who_read_data() -> None:
    recording = environments.of("dev")
    type_ = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    born = recording.one(type_, "flights-endpoint-bootstrap-configuration").inputs
    machine = recording.one("aws:sfn/stateMachine:StateMachine", "flights-release-machine").inputs
    made = json.loads(machine["definition"])["States"]["Make the configuration"]["Parameters"]
    assert born["dataCaptureConfig"]["kmsKeyId"] == made["DataCaptureConfig"]["KmsKeyId"] == KEYS["data"]
    assert made["KmsKeyId"] == KEYS["model"]
    assert made["DataCaptureConfig"]["DestinationS3Uri"] == born["dataCaptureConfig"]["destinationS3Uri"]


def test_the_serving_role_writes_captures_and_only_reads_models() -> None:
    by_key: dict[str, set[str]] = {key: set() for key in KEYS.values()}
    for statement in environments.of("dev").policy("aws:iam/rolePolicy:RolePolicy", "flights-serving-policy"):
        if (key := str(statement["Resource"])) in by_key:
            actions = statement["Action"]
            by_key[key] |= {actions} if isinstance(actions, str) else set(actions)
    assert "kms:GenerateDataKey" in by_key[KEYS["data"]]
    assert by_key[KEYS["model"]] == {"kms:Decrypt"}
