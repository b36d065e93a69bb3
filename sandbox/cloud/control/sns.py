"""SNS subscriptions wait until somebody confirms them, as on AWS; moto would deliver to anybody at once.

No mail leaves this machine: what SNS would send by e-mail is a file below ``mail/`` in the cloud's state folder.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import uuid

import requests

from sandbox.cloud import settings
from sandbox.cloud.actions import AwsError, Call, Params, handles
from sandbox.cloud.moto import sns
from sandbox.cloud.state import records

_TOKENS = "SubscriptionToken"  # of subscriptions that nobody has confirmed yet, by ARN
_ENDPOINTS = {
    "email": r"[^@\s]+@[^@\s]+",
    "email-json": r"[^@\s]+@[^@\s]+",
    "http": r"http://\S+",
    "https": r"https://\S+",
}
_SECONDS = 10  # for an endpoint to take its confirmation
_log = logging.getLogger("headrace.sns")


def on_start() -> None:
    """Keep moto from delivering to who has not confirmed, and have it deliver mail to files."""
    sns.before_delivery(_goes_on)


def _goes_on(delivery: sns.Delivery) -> bool:
    if delivery.subscription in records.table(_TOKENS):
        return False
    if delivery.protocol.startswith("email"):
        _mail(delivery.endpoint, delivery.subject or "AWS Notification Message", delivery.message)
        return False
    return True


@handles("sns", "Subscribe")
def _subscribe(call: Call) -> Params:
    protocol, endpoint = call.params["Protocol"], call.params.get("Endpoint", "")
    if protocol in _ENDPOINTS and not re.fullmatch(_ENDPOINTS[protocol], endpoint):
        raise AwsError("InvalidParameter", f"Invalid parameter: {protocol} endpoint")
    known = set(sns.subscriptions(call.account, call.region))
    arn = call.forward()["SubscriptionArn"]
    waits = arn in records.table(_TOKENS) or (arn not in known and _waits(protocol, endpoint, call.account))
    if waits:
        token = uuid.uuid4().hex
        records.table(_TOKENS)[arn] = {"Token": token}
        records.changed()
        attributes = sns.subscriptions(call.account, call.region)[arn]
        attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
        _ask(protocol, endpoint, call.params["TopicArn"], token)
    return {"SubscriptionArn": arn if call.params.get("ReturnSubscriptionArn") or not waits else "pending confirmation"}


@handles("sns", "ConfirmSubscription")
def _confirm(call: Call) -> Params:
    topic, token = call.params["TopicArn"], call.params["Token"]
    for arn, row in list(records.table(_TOKENS).items()):
        if row["Token"] == token and arn.startswith(f"{topic}:"):
            records.table(_TOKENS).pop(arn)
            records.changed()
            if attributes := sns.subscriptions(call.account, call.region).get(arn):
                attributes["PendingConfirmation"] = False
            return {"SubscriptionArn": arn}
    raise AwsError("InvalidParameter", "Invalid parameter: Token")


@handles("sns", "Unsubscribe")
def _unsubscribe(call: Call) -> Params:
    if call.params["SubscriptionArn"] in records.table(_TOKENS):
        raise AwsError(
            "InvalidParameter", "Invalid parameter: Cannot unsubscribe a subscription that is pending confirmation"
        )
    return call.forward()


@handles("sns", "ListSubscriptions", "ListSubscriptionsByTopic")
def _list(call: Call) -> Params:
    answer = call.forward()
    for found in answer.get("Subscriptions", []):
        if found["SubscriptionArn"] in records.table(_TOKENS):
            found["SubscriptionArn"] = "PendingConfirmation"
    return answer


def _waits(protocol: str, endpoint: str, account: str) -> bool:
    """Tell whether SNS asks the endpoint first: it does not ask what AWS knows to be the caller's own."""
    return protocol in _ENDPOINTS or (endpoint.startswith("arn:") and endpoint.split(":")[4] != account)


def _ask(protocol: str, endpoint: str, topic: str, token: str) -> None:
    command = f"aws sns confirm-subscription --topic-arn {topic} --token {token}"
    text = f"You have chosen to subscribe to the topic: {topic}\nTo confirm this subscription run:\n{command}\n"
    if protocol.startswith("email"):
        _mail(endpoint, "AWS Notification - Subscription Confirmation", text)
    elif protocol in _ENDPOINTS:
        # No SubscribeURL: nobody's unsigned call is answered here.
        body = {
            "Type": "SubscriptionConfirmation",
            "MessageId": str(uuid.uuid4()),
            "Token": token,
            "TopicArn": topic,
            "Message": text,
        }
        threading.Thread(target=_post, args=(endpoint, body), name="sns confirmation", daemon=True).start()


def _post(endpoint: str, body: dict[str, str]) -> None:
    headers = {"x-amz-sns-message-type": body["Type"], "Content-Type": "text/plain; charset=UTF-8"}
    with contextlib.suppress(requests.RequestException):
        requests.post(endpoint, json=body, headers=headers, timeout=_SECONDS)


def _mail(address: str, subject: str, text: str) -> None:
    folder = settings.current().folder / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.iterdir())) + 1
    file = folder / f"{number:04}-{uuid.uuid4().hex[:8]}.txt"
    file.write_text(f"To: {address}\nSubject: {subject}\n\n{text}\n", encoding="utf-8")
    _log.info("a mail that AWS would send is in %s", file)
