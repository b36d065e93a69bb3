"""An event reaches the targets of every rule that matches it, as often as it comes."""

from __future__ import annotations

import json
import time

from tests.cloud.events.conftest import Events
from tests.cloud.local import eventually, gathered

BASE = "arn:aws:{}:us-east-1:000000000000:{}"


def test_rule_starts_a_state_machine_with_the_event(cloud: Events) -> None:
    machine = cloud.machine("whole")
    cloud.rule("whole", {"source": ["mill"]}, {"Arn": machine, "RoleArn": cloud.events_role})
    cloud.put("mill", {"name": "flour"})
    (event,) = eventually(lambda: cloud.inputs(machine))
    assert event["detail"] == {"name": "flour"}
    assert (event["source"], event["detail-type"], event["version"]) == ("mill", "Something Happened", "0")
    assert time.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")


def test_transformer_shapes_what_the_target_gets(cloud: Events) -> None:
    machine = cloud.machine("shaped")
    transformer = {
        "InputPathsMap": {"name": "$.detail.name", "tags": "$.detail.tags", "none": "$.detail.none"},
        "InputTemplate": '{"package": <name>, "why": "a \\"<name>\\" came", "tags": <tags>, "none": <none>}',
    }
    target = {"Arn": machine, "RoleArn": cloud.events_role, "InputTransformer": transformer}
    cloud.rule("shaped", {"source": ["shaper"]}, target)
    cloud.put("shaper", {"name": 'x"y', "tags": [1, 2]})
    (event,) = eventually(lambda: cloud.inputs(machine))
    assert event == {"package": 'x"y', "why": 'a "x"y" came', "tags": [1, 2], "none": None}


def test_event_that_comes_twice_is_delivered_twice(cloud: Events) -> None:
    url, arn = cloud.queue("twice")
    cloud.rule("twice", {"source": ["twice"]}, {"Arn": arn})
    cloud.put("twice", {"n": 1}, {"n": 1})
    got = gathered(lambda: cloud.received(url), 2)
    assert [event["detail"] for event in got] == [{"n": 1}, {"n": 1}]
    assert len({event["id"] for event in got}) == 2


def test_only_matching_events_of_enabled_rules_are_delivered(cloud: Events) -> None:
    url, arn = cloud.queue("chosen")
    pattern = {
        "source": ["chooser"],
        "detail": {"state": [{"anything-but": ["off"]}], "n": [{"numeric": [">", 1]}], "who": [{"prefix": "a"}]},
    }
    cloud.rule("chosen", pattern, {"Arn": arn, "InputPath": "$.detail.n"})
    good = {"state": "on", "n": 2, "who": "ann"}
    cloud.put("chooser", {**good, "n": 1}, {**good, "state": "off"}, {**good, "who": "bob"}, {"state": "on"}, good)
    assert eventually(lambda: cloud.received(url)) == [2]
    cloud.client("events").disable_rule(Name="chosen")
    cloud.put("chooser", good)
    time.sleep(0.5)
    assert cloud.received(url) == []


def test_topics_and_log_groups_are_reached(cloud: Events) -> None:
    url, queue = cloud.queue("subscriber")
    topic = cloud.client("sns").create_topic(Name="news")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    cloud.client("logs").create_log_group(logGroupName="/aws/events/all")
    cloud.let_events_in(topic, "/aws/events/all")
    cloud.rule("topic", {"source": ["press"]}, {"Arn": topic, "Input": '{"headline": 1}'})
    cloud.rule("group", {"source": ["press"]}, {"Arn": BASE.format("logs", "log-group:/aws/events/all")})
    cloud.put("press", {"x": 1})
    (message,) = eventually(lambda: cloud.received(url))
    assert json.loads(message["Message"]) == {"headline": 1}
    logs = cloud.client("logs")
    (line,) = eventually(lambda: logs.filter_log_events(logGroupName="/aws/events/all")["events"])
    assert json.loads(line["message"])["detail"] == {"x": 1}


def test_failed_delivery_is_logged_with_its_reason_and_goes_to_the_dead_letter_queue(cloud: Events) -> None:
    url, dead = cloud.queue("dead")
    stranger = cloud.role("stranger", "lambda.amazonaws.com")
    machine = cloud.machine("unreached")
    target = {"Arn": machine, "RoleArn": stranger, "DeadLetterConfig": {"Arn": dead}}
    cloud.rule("untrusted", {"source": ["lost"]}, target)
    cloud.put("lost", {"x": 1})
    (event,) = eventually(lambda: cloud.received(url))
    assert event["detail"] == {"x": 1}
    assert cloud.said("events.amazonaws.com")
    weak = cloud.role("weak", "events.amazonaws.com")
    cloud.rule("weak", {"source": ["weak"]}, {"Arn": machine, "RoleArn": weak})
    cloud.put("weak", {})
    eventually(lambda: cloud.said(f"rule weak, Something Happened: not delivered to {machine}: "))
    assert cloud.inputs(machine) == []


def test_changed_parameter_is_an_event(cloud: Events) -> None:
    url, arn = cloud.queue("parameters")
    cloud.rule("parameters", {"source": ["aws.ssm"], "detail": {"operation": ["Update"]}}, {"Arn": arn})
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/a/policy", Type="String", Value="1", Description="how it serves")
    ssm.put_parameter(Name="/a/policy", Type="String", Value="2", Overwrite=True)
    (event,) = eventually(lambda: cloud.received(url))
    assert event["detail-type"] == "Parameter Store Change"
    assert event["detail"] == {
        "operation": "Update",
        "name": "/a/policy",
        "type": "String",
        "description": "how it serves",
    }
    assert event["resources"] == [BASE.format("ssm", "parameter/a/policy")]


def test_new_object_is_an_event_where_the_bucket_asks_for_it(cloud: Events) -> None:
    machine = cloud.machine("objects")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["lake"]}}}
    target = {"Arn": machine, "RoleArn": cloud.events_role, "InputPath": "$.detail.object.key"}
    cloud.rule("objects", pattern, target)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="before", Body=b"")
    s3.put_bucket_notification_configuration(Bucket="lake", NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket="lake", Key="raw/2013-04.parquet", Body=b"")
    assert eventually(lambda: cloud.inputs(machine)) == ["raw/2013-04.parquet"]
