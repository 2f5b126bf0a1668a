"""The shapes in which AWS services write to a queue or a topic, each turned into the fields of an EventBridge event.

The first row whose keys a message has wins. What surprises: services that are older than EventBridge have their own shapes and keep
them, and a test notification is sent whenever somebody connects a bucket or a group to a queue.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from aiops_daemon.model.event import Ignored, Parked

Body = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Draft:
    """As found: nothing is checked yet."""

    shape: str
    detail: JsonValue
    id: JsonValue = None
    source: JsonValue = None
    detail_type: JsonValue = None
    account: JsonValue = None
    region: JsonValue = None
    time: JsonValue = None
    resources: JsonValue = field(default_factory=list)


def draft_of(body: Body) -> Draft | Ignored | Parked:
    """By the keys that only this shape has."""
    for needed, build in _SHAPES:
        if needed <= body.keys():
            return build(body)
    if "eventName" in body and "eventSource" in body:
        return _record(body)
    cache = next((key for key in body if str(key).startswith("ElastiCache:")), None)
    if cache is not None:
        return _cache(cache, body[cache])
    keys = ", ".join(sorted(str(key)[:32] for key in body)[:6])
    return Parked(reason=f"unknown shape: keys {keys}".encode("ascii", "replace").decode() if keys else "empty object")


def text_draft(message: str, sns: Body) -> dict[str, JsonValue] | None:
    """The two services that still tell in prose what EventBridge says in fields."""
    given = sns.get("MessageAttributes")
    attributes: dict[str, JsonValue] = dict(given) if isinstance(given, dict) else {}
    if message.startswith("An AWS Backup job"):
        said: dict[str, JsonValue] = {name: _attribute(value) for name, value in attributes.items()}
        arns: list[JsonValue] = list(re.findall(r"\barn:[^\s:]*:[^\s]+?(?=[.,]?(?:\s|$))", message[:4096]))
        detail: dict[str, JsonValue] = {**said, "message": message[:2048], "arns": arns, "state": said.get("State")}
        return {"source": "aws.backup", "detail-type": "Backup Job State Change", "detail": detail, "account": said.get("AccountId")}
    if "StackId='" in message and "ResourceStatus='" in message:
        pairs = {m[1]: m[2] for m in re.finditer(r"^(\w+)='(.*)'$", message[:65536], re.MULTILINE)}
        detail = {
            "stack-id": pairs.get("StackId"),
            "logical-resource-id": pairs.get("LogicalResourceId"),
            "physical-resource-id": pairs.get("PhysicalResourceId"),
            "resource-type": pairs.get("ResourceType"),
            "status-details": {"status": pairs.get("ResourceStatus"), "status-reason": pairs.get("ResourceStatusReason")},
        }
        title = "Stack" if pairs.get("ResourceType") == "AWS::CloudFormation::Stack" else "Resource"
        return {
            "source": "aws.cloudformation",
            "detail-type": f"CloudFormation {title} Status Change",
            "detail": detail,
            "time": pairs.get("Timestamp"),
        }
    return None


def _attribute(value: JsonValue) -> JsonValue:
    return value.get("Value") if isinstance(value, dict) else None


def _event_bridge(body: Body) -> Draft:
    return Draft(
        shape="eventbridge",
        detail=body.get("detail"),
        id=body.get("id"),
        source=body.get("source"),
        detail_type=body.get("detail-type", body.get("detailType")),
        account=body.get("account"),
        region=body.get("region"),
        time=body.get("time"),
        resources=body.get("resources"),
    )


def _record(body: Body) -> Draft | Ignored:
    """One CloudTrail record without an envelope."""
    if str(body.get("eventSource")) in {"aws:dynamodb", "aws:kinesis", "aws:sqs"}:
        return Ignored(reason="stream record: data, no event")
    return Draft(shape="cloudtrail", detail=dict(body))


def _records(body: Body) -> Draft | Ignored | Parked:
    listed = body.get("Records")
    records = [r for r in listed if isinstance(r, dict)] if isinstance(listed, list) else []
    if not records:
        return Parked(reason="Records without a record")
    head = records[0]
    if "s3" in head:
        region, time = head.get("awsRegion"), head.get("eventTime")
        return Draft("s3-notification", dict(body), source="aws.s3", detail_type="S3 Notification", region=region, time=time)
    if "Sns" in head and isinstance(head["Sns"], dict):
        return Parked(reason="a Lambda's SNS event, not the message itself")
    if "userIdentity" not in head or "eventSource" not in head:
        return Ignored(reason="stream records: data, no event")
    if len(records) > 1:
        return Parked(reason=f"{len(records)} CloudTrail records in one message: send them one by one")
    return _record(head)


def _region_of(arn: JsonValue) -> str | None:
    parts = str(arn or "").split(":")
    return parts[3] if len(parts) > 3 else None


def _alarm_over_sns(body: Body) -> Draft:
    return Draft(
        shape="alarm-via-sns",
        detail=dict(body),
        source="aws.cloudwatch",
        detail_type="CloudWatch Alarm State Change",
        account=body.get("AWSAccountId"),
        region=_region_of(body.get("AlarmArn")),
        time=body.get("StateChangeTime"),
        resources=[body.get("AlarmArn")],
    )


def _alarm_action(body: Body) -> Draft:
    return Draft(
        shape="alarm-action",
        detail=dict(body),
        source="aws.cloudwatch",
        detail_type="CloudWatch Alarm State Change",
        id=body.get("id"),
        account=body.get("accountId", body.get("account")),
        region=body.get("region"),
        time=body.get("time"),
        resources=[body.get("alarmArn")],
    )


def _scaling(body: Body) -> Draft | Ignored:
    """Auto Scaling to a queue (life-cycle hooks) or over SNS (notifications)."""
    event = str(body.get("Event") or "")
    if event == "autoscaling:TEST_NOTIFICATION":
        return Ignored(reason="Auto Scaling test notification")
    words = event.removeprefix("autoscaling:").replace("_", " ").lower()
    transition = {"LAUNCHING": "launch", "TERMINATING": "terminate"}.get(str(body.get("LifecycleTransition")).rpartition("_")[2])
    title = {
        "ec2 instance launch": "EC2 Instance Launch Successful",
        "ec2 instance terminate": "EC2 Instance Terminate Successful",
        "ec2 instance launch error": "EC2 Instance Launch Unsuccessful",
        "ec2 instance terminate error": "EC2 Instance Terminate Unsuccessful",
    }.get(words) or (f"EC2 Instance-{transition} Lifecycle Action" if transition else "EC2 Auto Scaling Notification")
    return Draft(
        shape="autoscaling",
        detail=dict(body),
        source="aws.autoscaling",
        detail_type=title,
        id=body.get("RequestId"),
        account=body.get("AccountId"),
        region=_region_of(body.get("AutoScalingGroupARN")),
        time=body.get("Time"),
    )


def _s3_test(body: Body) -> Ignored:
    bucket = body.get("Bucket")
    return Ignored(reason="S3 test notification" if isinstance(bucket, str) else "test notification")


def _service_event(body: Body) -> Draft:
    """RDS, Aurora, DMS and their kin over SNS: `Event ID` ends in RDS-EVENT-0087."""
    identifier = str(body.get("Event ID") or "")
    code = identifier.rpartition("#")[2].strip()
    source = "aws.dms" if "DMS-EVENT" in code else "aws.redshift" if "REDSHIFT-EVENT" in code else "aws.rds"
    name = body.get("Source ID") or body.get("SourceId")
    link = re.search(r"[?&]region=([a-z0-9-]+)", str(body.get("Identifier Link") or ""))
    detail: dict[str, JsonValue] = {
        **body,
        "EventID": code,
        "Message": body.get("Event Message"),
        "SourceIdentifier": name,
        "SourceType": str(body.get("Event Source") or "").replace("-", "_").upper(),
        "SourceArn": body.get("Source ARN"),
    }
    return Draft(
        shape="service-notification",
        detail=detail,
        source=source,
        detail_type=f"{source.removeprefix('aws.').upper()} Event Notification",
        region=link[1] if link else None,
        time=body.get("Event Time"),
    )


def _cache(what: str, cluster: JsonValue) -> Draft:
    """ElastiCache over SNS: {"ElastiCache:FailoverComplete": "sessions-001"}."""
    detail: dict[str, JsonValue] = {"cacheClusterId": cluster, "message": what.partition(":")[2]}
    return Draft("service-notification", detail, source="aws.elasticache", detail_type="ElastiCache Notification")


def _command(body: Body) -> Draft:
    """Run Command over SNS: one message per command, or per instance of it."""
    detail: dict[str, JsonValue] = {**body, "instance-id": body.get("instanceId", body.get("instanceIds"))}
    title = "EC2 Command Invocation Status-change Notification"
    return Draft("service-notification", detail, source="aws.ssm", detail_type=title, time=body.get("eventTime"))


def _deployment(body: Body) -> Draft:
    detail: dict[str, JsonValue] = {**body, "state": body.get("status"), "application": body.get("applicationName")}
    return Draft(
        "service-notification",
        detail,
        source="aws.codedeploy",
        detail_type="CodeDeploy Deployment State-change Notification",
        account=body.get("accountId"),
        region=body.get("region"),
    )


def _config(body: Body) -> Draft:
    item = body.get("configurationItem")
    about = item if isinstance(item, dict) else body
    return Draft(
        "service-notification",
        dict(body),
        source="aws.config",
        detail_type="Config Notification",
        account=about.get("awsAccountId"),
        region=about.get("awsRegion"),
        time=body.get("notificationCreationTime"),
    )


def _rotation(body: Body) -> Draft:
    arn = str(body.get("SecretId") or "").split(":")
    account, region = (arn[4], arn[3]) if len(arn) > 6 else (None, None)
    return Draft("lambda-trigger", dict(body), source="aws.secretsmanager", detail_type="Secret Rotation", account=account, region=region)


def _ignored(reason: str) -> Callable[[Body], Ignored]:
    return lambda _: Ignored(reason=reason)


_SHAPES: tuple[tuple[frozenset[str], Callable[[Body], Draft | Ignored | Parked]], ...] = (
    (frozenset({"detail-type", "alarmData"}), _alarm_action),
    (frozenset({"detail-type"}), _event_bridge),
    (frozenset({"detail"}), _event_bridge),
    (frozenset({"alarmData", "alarmArn"}), _alarm_action),
    (frozenset({"AlarmName", "NewStateValue"}), _alarm_over_sns),
    (frozenset({"AutoScalingGroupName", "AutoScalingGroupARN"}), _scaling),
    (frozenset({"AutoScalingGroupName", "LifecycleTransition"}), _scaling),
    (frozenset({"AutoScalingGroupName", "Event"}), _scaling),
    (frozenset({"commandId", "documentName", "status"}), _command),
    (frozenset({"Event", "Bucket", "Service"}), _s3_test),
    (frozenset({"Event Source", "Event Message"}), _service_event),
    (frozenset({"deploymentId", "applicationName", "status"}), _deployment),
    (frozenset({"messageType", "configRuleName"}), _config),
    (frozenset({"messageType", "configurationItem"}), _config),
    (frozenset({"SecretId", "Step"}), _rotation),
    (frozenset({"CodePipeline.job"}), _ignored("CodePipeline job: work for a Lambda, no event")),
    (frozenset({"s3Bucket", "s3ObjectKey"}), _ignored("CloudTrail log file delivery")),
    (frozenset({"awslogs"}), _ignored("CloudWatch Logs subscription data")),
    (frozenset({"notificationType", "mail"}), _ignored("SES mail notification")),
    (frozenset({"Records"}), _records),
)
