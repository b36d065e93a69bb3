"""From a topic into a queue: the queue's own policy has to let SNS in, which moto does not ask."""

from __future__ import annotations

import logging

from sandbox.cloud.events import as_service
from sandbox.cloud.moto import sns

log = logging.getLogger("headrace.events")
_PRINCIPAL = "sns.amazonaws.com"


def on_start() -> None:
    """Judge a delivery before moto makes it."""
    sns.before_delivery(_allowed)


def _allowed(delivery: sns.Delivery) -> bool:
    if delivery.protocol != "sqs":
        return True
    refusal = as_service.refusal(_PRINCIPAL, "sqs:SendMessage", delivery.endpoint, delivery.topic_arn)
    if refusal:
        topic = delivery.topic_arn.rpartition(":")[2]
        log.warning("topic %s: not delivered to %s: %s", topic, delivery.endpoint, refusal)
    return not refusal
