"""AWS Health: entities of one service or another, or of none."""

from collections.abc import Callable
from typing import Any

import pytest

from aiops_daemon.model.event import UNKNOWN, Event

Read = Callable[..., tuple[Event, ...]]


@pytest.mark.parametrize(
    ("service", "entities", "keys"),
    [
        ("EC2", ["i-1", "vol-1"], ["ec2:instance#i-1", "ec2:volume#vol-1"]),
        ("EC2", ["cr-1 | m5.large | 3"], ["ec2:capacity-reservation#cr-1"]),
        ("EC2", ["0123"], ["ec2:instance#0123"]),
        ("RISK", ["AKIAEXAMPLE"], ["iam:access-key#AKIAEXAMPLE"]),
        ("RDS", ["arn:aws:rds:eu-west-1:111122223333:db:orders"], ["rds:db#orders"]),
        ("LAMBDA", ["resize"], ["lambda:function#resize"]),
        ("NEWONE", ["x"], ["newone:resource#x"]),
        ("S3", ["AWS_ACCOUNT", "UNKNOWN", "111122223333"], [f"unknown#{UNKNOWN}"]),
    ],
)
def test_entities(read: Read, service: str, entities: list[str], keys: list[str]) -> None:
    detail: dict[str, Any] = {"service": service, "eventTypeCode": "CODE", "affectedEntities": [{"entityValue": e} for e in entities]}
    found = read("aws.health", "AWS Health Event", detail)
    assert [event.resource.key for event in found] == keys
    assert {event.name for event in found} == {"CODE"}


def test_the_documented_drill_source_is_read_as_health_and_nothing_else(read: Read) -> None:
    detail = {"service": "EBS", "affectedEntities": [{"entityValue": "vol-1"}]}
    assert read("awshealth.mock", "AWS Health Event", detail)[0].resource.key == "ec2:volume#vol-1"
    with pytest.raises(AssertionError, match="source is not an AWS service"):
        read("awshealth.mock", "EC2 Instance State-change Notification", {"instance-id": "i-1"})
