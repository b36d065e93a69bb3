"""What the bus makes of events in bad weather, seen from a queue."""

from __future__ import annotations

import time

from sandbox.cloud.weather import deliveries
from tests.cloud.weather.conftest import Clients


def test_the_bus_delivers_so(patient: Clients, rule: tuple[str, float]) -> None:
    """Of the parameters that are made, not each is told of exactly once."""
    sqs, ssm = patient("sqs"), patient("ssm")
    url, made = rule
    time.sleep(max(made + deliveries._RULE_SECONDS + 0.1 - time.monotonic(), 0))
    for number in range(20):
        ssm.put_parameter(Name=f"told-{number}", Value="x", Type="String", Overwrite=True)
    time.sleep(deliveries._LATEST_SECONDS + 0.5)
    got: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            got.append(message["Body"].partition('"name": "')[2].partition('"')[0])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert 0 < len(set(got)) < 20, "some are lost, not all"
    assert len(got) > len(set(got)), "some come twice"
