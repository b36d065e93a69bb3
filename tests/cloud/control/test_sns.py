"""A subscription is pending until somebody confirms it, and nothing is delivered before."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local import Cloud, eventually


def topic(cloud: Cloud, name: str) -> str:
    return str(cloud.client("sns").create_topic(Name=name)["TopicArn"])


def mails(cloud: Cloud, to: str) -> list[str]:
    """What was mailed to an address, oldest first."""
    files = sorted((cloud.settings.folder / "mail").glob("*.txt"))
    return [text for text in (file.read_text() for file in files) if text.startswith(f"To: {to}\n")]


def pending(cloud: Cloud, arn: str) -> str:
    """Whether a subscription waits, as AWS says it."""
    return str(
        cloud.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"]
    )


@pytest.fixture
def listener() -> Iterator[tuple[str, list[Any]]]:
    """A server that keeps what is posted to it."""
    posted: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", posted
    server.shutdown()
    server.server_close()


def test_an_address_gets_nothing_before_it_confirms(cloud: Cloud, name: str) -> None:
    sns, arn, to = cloud.client("sns"), topic(cloud, name), f"{name}@example.com"
    assert sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=to)["SubscriptionArn"] == "pending confirmation"
    again = sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=to, ReturnSubscriptionArn=True)["SubscriptionArn"]
    assert pending(cloud, again).lower() == "true"
    (listed,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert (listed["SubscriptionArn"], listed["Endpoint"]) == ("PendingConfirmation", to)
    sns.publish(TopicArn=arn, Subject="too early", Message="an alarm")
    assert not any("too early" in mail for mail in mails(cloud, to))
    with pytest.raises(ClientError, match="pending confirmation"):
        sns.unsubscribe(SubscriptionArn=again)

    with pytest.raises(ClientError, match="Token"):
        sns.confirm_subscription(TopicArn=arn, Token="guessed")
    tokens = [found[1] for mail in mails(cloud, to) if (found := re.search(r"--token (\w+)", mail))]
    assert sns.confirm_subscription(TopicArn=arn, Token=tokens[-1])["SubscriptionArn"] == again
    assert pending(cloud, again).lower() == "false"
    sns.publish(TopicArn=arn, Subject="in time", Message="an alarm")
    assert "Subject: in time\n\nan alarm" in mails(cloud, to)[-1]
    sns.unsubscribe(SubscriptionArn=again)
    assert sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] == []


def test_a_web_endpoint_is_asked_and_confirms_by_its_token(
    cloud: Cloud, name: str, listener: tuple[str, list[Any]]
) -> None:
    url, posted = listener
    sns, arn = cloud.client("sns"), topic(cloud, name)
    sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=url)
    asked = eventually(lambda: posted and posted[0])
    assert (asked["Type"], asked["TopicArn"]) == ("SubscriptionConfirmation", arn)
    sns.publish(TopicArn=arn, Message="too early")
    sns.confirm_subscription(TopicArn=arn, Token=asked["Token"])
    sns.publish(TopicArn=arn, Message="in time")
    eventually(lambda: len(posted) > 1)
    assert [said["Message"] for said in posted[1:]] == ["in time"]


def test_a_queue_of_the_account_needs_no_confirmation_and_one_of_another_does(cloud: Cloud, name: str) -> None:
    sns, arn = cloud.client("sns"), topic(cloud, name)
    url, queue = cloud.queue(name)
    own = sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]
    assert own.startswith(f"{arn}:")
    sns.publish(TopicArn=arn, Message="heard")
    assert [said["Message"] for said in eventually(lambda: cloud.received(url))] == ["heard"]
    foreign = queue.replace("000000000000", "111122223333")
    assert sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=foreign)["SubscriptionArn"] == "pending confirmation"


@pytest.mark.parametrize(("protocol", "endpoint"), [("email", "nobody"), ("https", "http://example.com")])
def test_an_endpoint_that_is_none_is_refused(cloud: Cloud, name: str, protocol: str, endpoint: str) -> None:
    with pytest.raises(ClientError, match=f"{protocol} endpoint"):
        cloud.client("sns").subscribe(TopicArn=topic(cloud, name), Protocol=protocol, Endpoint=endpoint)
