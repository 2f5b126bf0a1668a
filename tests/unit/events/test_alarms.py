"""The three shapes of a CloudWatch alarm, and whose alarm it is."""

from collections.abc import Callable
from typing import Any

import pytest

from aiops_daemon.model.event import UNKNOWN, Event, EventKind

Read = Callable[..., tuple[Event, ...]]
TITLE = "CloudWatch Alarm State Change"


def metrics(**dimensions: str) -> dict[str, Any]:
    return {"metrics": [{"id": "e1", "expression": "m1"}, {"id": "m1", "metricStat": {"metric": {"dimensions": dimensions}}}]}


@pytest.mark.parametrize(
    ("detail", "key"),
    [
        ({"configuration": metrics(InstanceId="i-0a")}, "ec2:instance#i-0a"),
        ({"configuration": metrics(ClusterName="c", ServiceName="web")}, "ecs:service#c/web"),
        ({"configuration": metrics(ServiceName="somebody's own")}, "cloudwatch:alarm#cpu"),
        ({"configuration": metrics(DBInstanceIdentifier="db1", InstanceId="")}, "rds:db#db1"),
        ({"configuration": {"alarmRule": "ALARM(a) OR ALARM(b)"}}, "cloudwatch:alarm#cpu"),
        ({"configuration": {"metrics": [{"metricStat": {"metric": {"dimensions": [7, {}, None]}}}]}}, "cloudwatch:alarm#cpu"),
    ],
)
def test_over_eventbridge(read: Read, detail: dict[str, Any], key: str) -> None:
    (event,) = read("aws.cloudwatch", TITLE, {"alarmName": "cpu", "state": {"value": "ALARM"}} | detail)
    assert (event.resource.key, event.kind, event.name) == (key, EventKind.ALARM, "ALARM")


@pytest.mark.parametrize(
    "trigger",
    [
        {"Dimensions": [{"name": "InstanceId", "value": "i-0a"}]},
        {"Metrics": [{"MetricStat": {"Metric": {"Dimensions": [{"name": "InstanceId", "value": "i-0a"}]}}}]},
        {"Dimensions": [7, {"name": "x"}, {"Name": "InstanceId", "Value": "i-0a"}]},
    ],
)
def test_over_sns(read: Read, trigger: dict[str, Any]) -> None:
    (event,) = read("aws.cloudwatch", TITLE, {"AlarmName": "cpu", "NewStateValue": "OK", "Trigger": trigger})
    assert (event.resource.key, event.name) == ("ec2:instance#i-0a", "OK")


def test_as_an_alarm_action(read: Read) -> None:
    data = {"alarmName": "cpu", "state": {"value": "ALARM"}, "configuration": metrics(QueueName="jobs")}
    (event,) = read("aws.cloudwatch", TITLE, {"alarmArn": "a", "alarmData": data})
    assert (event.resource.key, event.name) == ("sqs:queue#jobs", "ALARM")


def test_a_changed_definition_is_about_the_alarm(read: Read) -> None:
    detail = {"alarmName": "cpu", "operation": "update", "state": {}, "configuration": metrics(InstanceId="i-0a")}
    (event,) = read("aws.cloudwatch", "CloudWatch Alarm Configuration Change", detail)
    assert (event.resource.key, event.kind, event.name) == ("cloudwatch:alarm#cpu", EventKind.NOTICE, "update")


def test_an_alarm_without_a_name_is_an_unknown_alarm(read: Read) -> None:
    assert read("aws.cloudwatch", TITLE, {})[0].resource.key == f"cloudwatch:alarm#{UNKNOWN}"
