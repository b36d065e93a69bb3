"""SNS's subscriptions as moto keeps them, and a say in what moto delivers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.cloud.moto import backends


@dataclass(frozen=True)
class Delivery:
    """A message on its way to a subscription."""

    subscription: str
    protocol: str
    endpoint: str
    topic_arn: str
    subject: str | None
    message: str


def before_delivery(asked: Callable[[Delivery], bool]) -> None:
    """Have a function asked before moto delivers, which delivers only where it returns True.

    Of several the last is asked first, and the others only where it agrees.
    """
    from moto.sns.models import Subscription  # noqa: PLC0415 - moto is configured by then

    deliver = Subscription.publish

    def publish(self: Any, message: str, message_id: str, subject: str | None = None, **more: Any) -> None:
        if asked(Delivery(self.arn, self.protocol, self.endpoint, self.topic.arn, subject, message)):
            deliver(self, message, message_id, subject=subject, **more)

    Subscription.publish = publish


def subscriptions(account: str, region: str) -> dict[str, dict[str, Any]]:
    """Return the attributes of every subscription by its ARN; a change of them is a change of the subscription."""
    kept = backends.of("sns", account, region).subscriptions
    return {arn: subscription.attributes for arn, subscription in kept.items()}
