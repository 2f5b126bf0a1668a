"""What a stranger does to each kind of resource, as CloudTrail tells it."""

import json
from typing import Any

from tests.benchmarks.stand import ACCOUNT, REGION, event, stopped_by_somebody

CLUSTER, GOOD, BAD = "chaos", "good", "bad"
UNKNOWN = 909090
POOLS = 4  # services whose logs foretell a failure: out-1 and so on


def called(number: int, source: str, name: str, asked: dict[str, Any], answered: dict[str, Any] | None = None) -> str:
    """The same stranger as stops instances."""
    detail = json.loads(stopped_by_somebody(number, "i-0"))["detail"]
    detail |= {"eventSource": f"{source}.amazonaws.com", "eventName": name, "requestParameters": asked, "responseElements": answered}
    return event(number, f"aws.{source}", "AWS API Call via CloudTrail", detail)


def stopped_database(number: int, name: str) -> str:
    return called(number, "rds", "StopDBInstance", {"dBInstanceIdentifier": name}, {"dBInstanceIdentifier": name})


def emptied_service(number: int, name: str) -> str:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/{name}"
    asked = {"cluster": CLUSTER, "service": name, "desiredCount": 0}
    return called(number, "ecs", "UpdateService", asked, {"service": {"serviceArn": arn, "desiredCount": 0}})


def changed_parameter(number: int, name: str, *, told: bool) -> str:
    """The version is known when the change is made (`versioned`); where it is not told, the action finds it out in a look of its own."""
    asked = {"name": f"/chaos/{name}", "overwrite": True, "type": "String", "value": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    return called(number, "ssm", "PutParameter", asked, {"version": UNKNOWN} if told else None)


def versioned(body: str, version: int) -> str:
    return body.replace(f'"version": {UNKNOWN}', f'"version": {version}')


def terminated_instance(number: int, instance: str) -> str:
    items = {"instancesSet": {"items": [{"instanceId": instance}]}}
    return called(number, "ec2", "TerminateInstances", items, items)
