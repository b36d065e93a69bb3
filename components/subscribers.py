"""Who hears of what goes wrong: subscriptions of people and systems to the topic of alarms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.checks import require
from components.names import short_hash

_PROTOCOLS = {
    "email": r"[^@\s/]+@[^@\s/]+\.[^@\s/.]+",
    "https": r"https://[^\s/]+\S*",
    "sqs": r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}",
}


def protocol_of(endpoint: str) -> str | None:
    """Return SNS's name for how `endpoint` is reached: ``email``, ``https`` or ``sqs``; None for anything else."""
    return next((name for name, pattern in _PROTOCOLS.items() if re.fullmatch(pattern, endpoint)), None)


@dataclass(frozen=True, kw_only=True)
class SubscribersArgs:
    """What `Subscribers` are made from.

    Attributes
    ----------
    topic_arn : input of str
        The topic.
    endpoints : sequence of str
        E-mail addresses, ``https://`` endpoints, ARNs of SQS queues whose policies let the topic send.
    """

    topic_arn: pulumi.Input[str]
    endpoints: Sequence[str]


class Subscribers(pulumi.ComponentResource):
    """Subscriptions to a topic.

    SNS sends nothing to an address or a web endpoint before it has confirmed, so every deployment warns of those that
    have not.

    Attributes
    ----------
    pending : pulumi.Output[list of str]
        Endpoints, made unreadable but for a few letters, that had not confirmed when the state was last read.
    """

    def __init__(self, name: str, args: SubscribersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register a subscription for each endpoint."""
        require(
            f"Subscribers {name!r}",
            [
                (
                    protocol_of(endpoint) is not None,
                    f"`endpoints` must be e-mail addresses, https:// endpoints or ARNs of standard SQS queues, got "
                    f"{endpoint!r}. Correct it.",
                )
                for endpoint in args.endpoints
            ],
        )
        super().__init__("headrace:operations:Subscribers", name, None, opts)
        subscriptions = {
            # Named after the endpoint, so that one that is taken out of the list moves no other; secret, so that a
            # preview that CI posts shows nobody's address.
            endpoint: aws.sns.TopicSubscription(
                f"{name}-{short_hash(endpoint)}",
                topic=args.topic_arn,
                protocol=protocol_of(endpoint) or "",
                endpoint=pulumi.Output.secret(endpoint),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for endpoint in args.endpoints
        }
        waits = pulumi.Output.all(*(subscription.pending_confirmation for subscription in subscriptions.values()))
        self.pending: pulumi.Output[list[str]] = waits.apply(
            lambda known: [masked(endpoint) for endpoint, waiting in zip(subscriptions, known, strict=True) if waiting]
        )
        self.pending.apply(self._warn)
        self.register_outputs({"pending": self.pending})

    def _warn(self, pending: Sequence[str]) -> None:
        for shown in pending:
            pulumi.log.warn(
                f"{shown} must confirm its subscription before it hears of any alarm, and had not when the state was "
                "last read. Follow the link in AWS's message within two days, then run `pulumi refresh` and deploy "
                "again; if it has expired, take the endpoint out of headrace:notify, deploy, and put it in again.",
                self,
            )


def masked(endpoint: str) -> str:
    """Return an endpoint as logs may show it: the place, and no more than a letter of whom."""
    if "@" in endpoint:
        who, _, where = endpoint.partition("@")
        return f"{who[0]}...@{where}"
    return re.sub(r"(https://[^/]+/).+", r"\1...", endpoint)
