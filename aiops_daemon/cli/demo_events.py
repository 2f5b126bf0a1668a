"""The events of the demo, in the shapes that AWS sends. Only ids and names are the demo's own."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

ACCOUNT = "123456789012"
STRANGER = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLESTRANGER",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/contractor-7",
    "accountId": ACCOUNT,
    "userName": "contractor-7",
}
SCALING = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:AutoScaling",
    "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling",
    "accountId": ACCOUNT,
    "invokedBy": "autoscaling.amazonaws.com",
}


def api_call(name: str, instance: str, *, region: str, by: dict[str, Any] | None = None, error: str | None = None) -> str:
    """CloudTrail's record of one EC2 call, as EventBridge delivers it."""
    now = _now()
    who = by or STRANGER
    detail: dict[str, Any] = {
        "eventVersion": "1.09",
        "userIdentity": who,
        "eventTime": now,
        "eventSource": "ec2.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": who.get("invokedBy", "198.51.100.23"),
        "userAgent": who.get("invokedBy", "aws-cli/2.17.0"),
        "requestParameters": {"instancesSet": {"items": [{"instanceId": instance}]}},
        "responseElements": None if error else {"instancesSet": {"items": [{"instanceId": instance}]}},
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    if error:
        detail |= {"errorCode": error, "errorMessage": f"You are not authorized to perform this operation on {instance}."}
    return _event("aws.ec2", "AWS API Call via CloudTrail", [], detail, region)


def state_change(state: str, instance: str, *, region: str) -> str:
    """EC2's own report of a new state: it does not say who did it."""
    arn = f"arn:aws:ec2:{region}:{ACCOUNT}:instance/{instance}"
    return _event("aws.ec2", "EC2 Instance State-change Notification", [arn], {"instance-id": instance, "state": state}, region)


def _event(source: str, detail_type: str, resources: list[str], detail: dict[str, Any], region: str) -> str:
    return json.dumps(
        {
            "version": "0", "id": str(uuid.uuid4()), "detail-type": detail_type, "source": source, "account": ACCOUNT,
            "time": _now(), "region": region, "resources": resources, "detail": detail,
        }
    )  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251  # the demo plays AWS, whose clock this is
