"""An alarm goes off on its metric, tells its topic and the bus, and calms down again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.cloudwatch.models import Alarm, MetricAggregatedDatum, MetricDatum, MetricDatumBase

from sandbox.cloud.events.alarms import evaluate
from tests.cloud.events.conftest import Events
from tests.cloud.local import eventually, gathered

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
NAMED = [{"Name": "EndpointName", "Value": "e"}]


def _alarm(**more: Any) -> Alarm:
    settings = {
        "account_id": "000000000000",
        "region_name": "us-east-1",
        "name": "errors",
        "namespace": "AWS/SageMaker",
        "metric_name": "Errors",
        "metric_data_queries": None,
        "comparison_operator": "GreaterThanThreshold",
        "evaluation_periods": 3,
        "datapoints_to_alarm": 2,
        "period": 60,
        "threshold": 1.0,
        "statistic": "Sum",
        "description": "",
        "dimensions": NAMED,
        "alarm_actions": [],
        "treat_missing_data": "notBreaching",
    }
    others = (
        "extended_statistic",
        "ok_actions",
        "insufficient_data_actions",
        "unit",
        "actions_enabled",
        "evaluate_low_sample_count_percentile",
        "threshold_metric_id",
        "rule",
    )
    return Alarm(**{**dict.fromkeys(others), **settings, **more})


def _data(*minutes_and_values: tuple[int, float]) -> list[MetricDatumBase]:
    return [
        MetricDatum("AWS/SageMaker", "Errors", value, NAMED, NOW - timedelta(minutes=minutes))
        for minutes, value in minutes_and_values
    ]


@pytest.mark.parametrize(
    ("data", "more", "state"),
    [
        (_data((0, 2), (1, 2)), {}, "ALARM"),
        (_data((0, 1), (0, 1), (2, 5)), {}, "ALARM"),
        (_data((0, 2)), {}, "OK"),
        (_data((0, 2), (1, 2), (9, 9)), {"datapoints_to_alarm": None}, "OK"),
        (_data((1, 2), (2, 2), (3, 2)), {"datapoints_to_alarm": None}, "ALARM"),
        (_data(), {"treat_missing_data": "breaching"}, "ALARM"),
        (_data(), {"treat_missing_data": "missing"}, "INSUFFICIENT_DATA"),
        (_data(), {"treat_missing_data": None}, "INSUFFICIENT_DATA"),
        (_data(), {"treat_missing_data": "ignore"}, None),
        (_data((0, 3), (1, 3)), {"dimensions": [{"Name": "EndpointName", "Value": "other"}]}, "OK"),
        (_data((0, 1), (0, 3), (1, 2)), {"statistic": "Average"}, "ALARM"),
        (_data((0, 9), (1, 9)), {"statistic": "SampleCount"}, "OK"),
        (_data((0, 0.5), (1, 0.5)), {"comparison_operator": "LessThanThreshold"}, "ALARM"),
        (_data((0, 9), *[(0, 1)] * 99, (1, 9)), {"statistic": None, "extended_statistic": "p99"}, "OK"),
        (_data((0, 9), *[(0, 1)] * 98, (1, 9)), {"statistic": None, "extended_statistic": "p99.5"}, "ALARM"),
    ],
)
def test_state_follows_from_the_last_periods(
    data: list[MetricDatumBase], more: dict[str, Any], state: str | None
) -> None:
    found = evaluate(_alarm(**more), data, NOW)
    assert (found[0] if found else None) == state


@pytest.mark.parametrize(
    ("statistic", "value"), [("Sum", 30), ("Average", 3), ("Minimum", 1), ("Maximum", 9), ("SampleCount", 10)]
)
def test_statistic_sets_count_as_their_samples(statistic: str, value: float) -> None:
    data = [MetricAggregatedDatum("AWS/SageMaker", "Errors", 1, 9, 10, 30, NAMED, NOW)]
    alarm = _alarm(statistic=statistic, evaluation_periods=1, datapoints_to_alarm=1, threshold=value - 0.5)
    found = evaluate(alarm, data, NOW)
    assert found is not None
    assert found[0] == "ALARM"
    assert f"[{value:g}]" in found[1]


def test_alarm_tells_its_topic_and_the_bus(cloud: Events) -> None:
    people, queue = cloud.queue("people")
    topic = cloud.client("sns").create_topic(Name="alarms")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    machine = cloud.machine("alarmed")
    pattern = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}
    cloud.rule("alarmed", pattern, {"Arn": machine, "RoleArn": cloud.events_role, "InputPath": "$.detail.alarmName"})
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="slow",
        Namespace="Mill",
        MetricName="Latency",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    cloudwatch.put_metric_data(Namespace="Mill", MetricData=[{"MetricName": "Latency", "Value": 7}])
    got = gathered(lambda: cloud.received(people), 1)
    cloudwatch.put_metric_data(Namespace="Mill", MetricData=[{"MetricName": "Latency", "Value": 1}])
    got += gathered(lambda: cloud.received(people), 1)
    told = [json.loads(message["Message"]) for message in got]
    assert [(one["OldStateValue"], one["NewStateValue"]) for one in told] == [("OK", "ALARM"), ("ALARM", "OK")]
    assert "1 out of the last 1 datapoints [7] were greater than the threshold (5)" in told[0]["NewStateReason"]
    assert eventually(lambda: cloud.inputs(machine)) == ["slow"]


def test_state_set_by_hand_is_told_too(cloud: Events) -> None:
    url, queue = cloud.queue("by-hand")
    cloud.rule("by-hand", {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["hand"]}}, {"Arn": queue})
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="hand",
        Namespace="Mill",
        MetricName="Nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName="hand", StateValue="ALARM", StateReason="a drill")
    (event,) = eventually(lambda: cloud.received(url))
    assert event["detail"]["state"]["reason"] == "a drill"
    assert event["detail"]["previousState"] == {"value": "OK"}
