"""Services that act as themselves get in only where a resource's policy, and its key's, lets them."""

from __future__ import annotations

import json
from typing import Any

from sandbox.cloud.settings import LOCAL_ACCOUNT
from tests.cloud.events.conftest import Events
from tests.cloud.local import allow, eventually


def policy(*statements: dict[str, Any]) -> str:
    """Write a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def of(service: str, statement: dict[str, Any], **equal: str) -> dict[str, Any]:
    """Return a statement for a service, with a condition."""
    condition = {"Condition": {"StringEquals": {key.replace("_", ":"): value for key, value in equal.items()}}}
    return {**statement, "Principal": {"Service": service}, **(condition if equal else {})}


def ring(cloud: Events, name: str, topic: str) -> None:
    """Set an alarm off."""
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Mill",
        MetricName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")


def test_an_alarm_needs_the_topic_s_policy_and_the_key_s(cloud: Events) -> None:
    root = {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{LOCAL_ACCOUNT}:root"}}
    kms, sns = cloud.client("kms"), cloud.client("sns")
    key = kms.create_key(Policy=policy(root))["KeyMetadata"]["KeyId"]
    url, queue = cloud.queue("encrypted")
    topic = sns.create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    publish = allow("sns:Publish", resource=topic)

    def topic_lets(statement: dict[str, Any]) -> None:
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(statement))

    topic_lets(of("cloudwatch.amazonaws.com", publish, aws_SourceAccount="111111111111"))
    ring(cloud, "stranger", topic)
    eventually(lambda: cloud.said(f"alarm stranger: not delivered to {topic}: the policy of {topic} does not let"))
    topic_lets(of("cloudwatch.amazonaws.com", publish, aws_SourceAccount=LOCAL_ACCOUNT))
    ring(cloud, "locked", topic)
    eventually(lambda: cloud.said(f"alarm locked: not delivered to {topic}: the policy of arn:aws:kms:"))
    use = of(
        "cloudwatch.amazonaws.com",
        allow("kms:Decrypt", "kms:GenerateDataKey*"),
        aws_SourceAccount=LOCAL_ACCOUNT,
    )
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(root, use))
    ring(cloud, "heard", topic)
    (message,) = eventually(lambda: cloud.received(url))
    assert json.loads(message["Message"])["AlarmName"] == "heard"


def test_a_rule_s_queue_has_to_let_events_in(cloud: Events) -> None:
    url = cloud.client("sqs").create_queue(QueueName="closed")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{LOCAL_ACCOUNT}:closed"
    cloud.rule("closed", {"source": ["closed"]}, {"Arn": arn})
    cloud.put("closed", {"x": 1})
    eventually(lambda: cloud.said(f"not delivered to {arn}: the policy of {arn} does not let events.amazonaws.com"))
    mine = f"arn:aws:events:us-east-1:{LOCAL_ACCOUNT}:rule/closed"
    send = {
        **allow("sqs:SendMessage", resource=arn),
        "Principal": {"Service": "events.amazonaws.com"},
        "Condition": {"ArnEquals": {"aws:SourceArn": mine}},
    }
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(send)})
    cloud.put("closed", {"x": 2})
    (event,) = eventually(lambda: cloud.received(url))
    assert event["detail"] == {"x": 2}


def test_events_cannot_use_a_key_that_asks_for_the_account(cloud: Events) -> None:
    root = {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{LOCAL_ACCOUNT}:root"}}
    use = of("events.amazonaws.com", allow("kms:*"), aws_SourceAccount=LOCAL_ACCOUNT)
    key = cloud.client("kms").create_key(Policy=policy(root, use))["KeyMetadata"]["Arn"]
    url, arn = cloud.queue("keyed")
    kept = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={**kept, "KmsMasterKeyId": key})
    cloud.rule("keyed", {"source": ["keyed"]}, {"Arn": arn})
    cloud.put("keyed", {"x": 1})
    eventually(lambda: cloud.said(f"the policy of {key}, which {arn} is encrypted with"))
    assert cloud.received(url) == []


def test_a_topic_s_queue_has_to_let_sns_in(cloud: Events) -> None:
    cloud.client("sqs").create_queue(QueueName="deaf")
    arn = f"arn:aws:sqs:us-east-1:{LOCAL_ACCOUNT}:deaf"
    topic = cloud.client("sns").create_topic(Name="unheard")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloud.client("sns").publish(TopicArn=topic, Message="1")
    eventually(lambda: cloud.said(f"topic unheard: not delivered to {arn}"))


def test_a_rule_s_role_may_ask_for_the_rule_and_a_schedule_s_for_the_group(cloud: Events) -> None:
    machine = cloud.machine("for-rules")
    start = allow("states:StartExecution")
    for name, holds in (("mine", True), ("other", False)):
        role = cloud.role(f"rules-{name}", "events.amazonaws.com", start)
        source = f"arn:aws:events:us-east-1:{LOCAL_ACCOUNT}:rule/asked-mine"
        trust = {**of("events.amazonaws.com", {"Effect": "Allow", "Action": "sts:AssumeRole"}, aws_SourceArn=source)}
        cloud.client("iam").update_assume_role_policy(RoleName=f"rules-{name}", PolicyDocument=policy(trust))
        cloud.rule(f"asked-{name}", {"source": [name]}, {"Arn": machine, "RoleArn": role})
        cloud.put(name, {"who": name})
        if holds:
            eventually(lambda: len(cloud.inputs(machine)) == 1)
        else:
            eventually(lambda: cloud.said("rule asked-other, Something Happened: not delivered to"))
    assert [one["detail"] for one in cloud.inputs(machine)] == [{"who": "mine"}]
