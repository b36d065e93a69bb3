"""From a topic into a queue: the queue's own policy has to let SNS in, which moto does not ask."""

from __future__ import annotations

import logging
from typing import Any

from sandbox.cloud.events import as_service

log = logging.getLogger("headrace.events")
_PRINCIPAL = "sns.amazonaws.com"


def on_start() -> None:
    """Judge a delivery before moto makes it."""
    from moto.sns.models import Subscription  # noqa: PLC0415 - moto is configured by then

    deliver = Subscription.publish

    def publish(self: Any, *given: Any, **named: Any) -> None:
        if self.protocol == "sqs":
            refusal = as_service.refusal(_PRINCIPAL, "sqs:SendMessage", self.endpoint, self.topic.arn)
            if refusal:
                log.warning("topic %s: not delivered to %s: %s", self.topic.name, self.endpoint, refusal)
                return
        deliver(self, *given, **named)

    Subscription.publish = publish
