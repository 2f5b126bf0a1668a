"""Messages in the shapes that AWS documents -> events: one test a kind of message, and none may ever raise."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.events import recognize
from aiops_daemon.intake.envelope import open_envelope
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import UNKNOWN, ActorKind, Event, EventKind, Ignored, Parked, Reading, Recognized

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
ACCOUNT = "111122223333"


def reading(body: Any) -> Reading:
    text = body if isinstance(body, str) else json.dumps(body)
    envelope = open_envelope(text, queue_account=ACCOUNT, queue_region="eu-west-1", received_at=NOW)
    return recognize(envelope) if isinstance(envelope, Envelope) else envelope


def events(body: Any) -> tuple[Event, ...]:
    found = reading(body)
    assert isinstance(found, Recognized), found
    return found.events


def bridged(source: str, title: str, detail: dict[str, Any], resources: list[str] | None = None) -> dict[str, Any]:
    return {
        "version": "0", "id": "00000000-0000-4000-8000-000000000001", "detail-type": title, "source": f"aws.{source}", "account": ACCOUNT,
        "time": "2026-03-02T02:59:58Z", "region": "eu-west-1", "resources": resources or [], "detail": detail,
    }  # fmt: skip


def called(service: str, name: str, request: Any = None, **more: Any) -> dict[str, Any]:
    who = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/jo", "userName": "jo", "accountId": ACCOUNT}
    detail = {
        "eventVersion": "1.09", "userIdentity": who, "eventTime": "2026-03-02T02:59:58Z", "eventSource": f"{service}.amazonaws.com", "eventName": name,
        "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2", "requestParameters": request,
        "eventID": "00000000-0000-4000-8000-000000000002", "eventType": "AwsApiCall",
    }  # fmt: skip
    return bridged(service, "AWS API Call via CloudTrail", detail | more)


@pytest.mark.parametrize(
    ("service", "name", "request_", "type_", "ids"),
    [
        (
            "ec2",
            "StopInstances",
            {"instancesSet": {"items": [{"instanceId": "i-0a"}, {"instanceId": "i-0b"}]}},
            "ec2:instance",
            ["i-0a", "i-0b"],
        ),
        ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-0a", "ipPermissions": {}}, "ec2:security-group", ["sg-0a"]),
        ("ec2", "AttachVolume", {"volumeId": "vol-0a", "instanceId": "i-0a"}, "ec2:volume", ["vol-0a", "i-0a"]),
        ("ec2", "DeleteVpc", {"vpcId": "vpc-0a"}, "ec2:vpc", ["vpc-0a"]),
        ("ec2", "CreateRoute", {"routeTableId": "rtb-0a", "gatewayId": "igw-0a"}, "ec2:route-table", ["rtb-0a"]),
        ("ec2", "EnableSerialConsoleAccess", {"EnableSerialConsoleAccessRequest": {}}, "account", []),
        ("s3", "PutBucketPolicy", {"bucketName": "logs-of-mine", "bucketPolicy": {}}, "s3:bucket", ["logs-of-mine"]),
        ("iam", "AttachRolePolicy", {"roleName": "app", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "iam:role", ["app"]),
        ("iam", "CreateAccessKey", {"userName": "jo"}, "iam:user", ["jo"]),
        ("kms", "DisableKey", {"keyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234"}, "kms:key", ["1234"]),
        ("cloudtrail", "StopLogging", {"name": "main-trail"}, "cloudtrail:trail", ["main-trail"]),
        ("lambda", "DeleteFunction20150331", {"functionName": "resize"}, "lambda:function", ["resize"]),
        ("rds", "DeleteDBInstance", {"dBInstanceIdentifier": "orders", "skipFinalSnapshot": True}, "rds:db", ["orders"]),
        ("rds", "DeleteDBCluster", {"dBClusterIdentifier": "orders"}, "rds:cluster", ["orders"]),
        ("dynamodb", "DeleteTable", {"tableName": "orders"}, "dynamodb:table", ["orders"]),
        ("ecs", "UpdateService", {"cluster": "prod", "service": "web", "desiredCount": 0}, "ecs:service", ["web"]),
        ("ssm", "PutParameter", {"name": "/app/key", "type": "String"}, "ssm:parameter", ["/app/key"]),
        ("ssm", "SendCommand", {"instanceIds": ["i-0a"], "documentName": "AWS-RunShellScript"}, "ec2:instance", ["i-0a"]),
        ("secretsmanager", "DeleteSecret", {"secretId": "db-password"}, "secretsmanager:secret", ["db-password"]),
        ("guardduty", "DeleteDetector", {"detectorId": "12abc"}, "guardduty:detector", ["12abc"]),
        ("config", "StopConfigurationRecorder", {"configurationRecorderName": "default"}, "config:recorder", ["default"]),
        ("cloudformation", "DeleteStack", {"stackName": "web"}, "cloudformation:stack", ["web"]),
        ("newservice", "DeleteWidget", {"widgetName": "w1"}, "newservice:widget", ["w1"]),
    ],
)
def test_a_call_names_its_target(service: str, name: str, request_: Any, type_: str, ids: list[str]) -> None:
    found = events(called(service, name, request_))
    assert found[0].resource.type == type_
    assert [event.resource.id for event in found if event.resource.id != UNKNOWN] == ids
    assert {event.siblings for event in found} == {max(1, len(ids))}
    assert found[0].kind is EventKind.API_CALL
    assert found[0].actor.kind is ActorKind.USER
    assert found[0].actor.arn == f"arn:aws:iam::{ACCOUNT}:user/jo"


def test_several_ids_are_several_events_of_one_group() -> None:
    found = events(called("ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": f"i-{n}"} for n in "abca"]}}))
    assert [event.resource.id for event in found] == ["i-a", "i-b", "i-c"]
    assert len({event.group for event in found}) == 1


def test_what_a_creating_call_made_stands_in_its_answer() -> None:
    made = {"instancesSet": {"items": [{"instanceId": "i-new"}]}}
    assert events(called("ec2", "RunInstances", {"imageId": "ami-1"}, responseElements=made))[0].resource.id == "i-new"
    refused = events(called("ec2", "RunInstances", {"imageId": "ami-1"}, errorCode="Client.UnauthorizedOperation"))
    assert (refused[0].resource.type, refused[0].resource.id) == ("ec2:instance", UNKNOWN)
    assert refused[0].error_code == "Client.UnauthorizedOperation"


def test_a_denied_call_names_its_target_in_the_message() -> None:
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:resize"
    message = f"User: arn:aws:iam::{ACCOUNT}:user/jo is not authorized to perform: lambda:AddPermission on resource: {arn} because no policy allows it"
    found = events(called("lambda", "AddPermission20150331v2", None, errorCode="AccessDenied", errorMessage=message))
    assert (found[0].resource.type, found[0].resource.id) == ("lambda:function", "resize")


def test_a_service_event_and_resources_arn() -> None:
    arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234"
    found = events(called("kms", "RotateKey", None, eventType="AwsServiceEvent", resources=[{"ARN": arn, "type": "AWS::KMS::Key"}]))
    assert (found[0].kind, found[0].resource.key) == (EventKind.SERVICE_ACTION, "kms:key#1234")


@pytest.mark.parametrize(
    ("source", "title", "detail", "resources", "key", "name", "kind"),
    [
        ("ec2", "EC2 Instance State-change Notification", {"instance-id": "i-0a", "state": "stopped"}, [], "ec2:instance#i-0a", "stopped", "state-change"),
        ("ec2", "EC2 Spot Instance Interruption Warning", {"instance-id": "i-0a", "instance-action": "terminate"}, [], "ec2:instance#i-0a", None, "notice"),
        ("ec2", "EBS Volume Notification", {"event": "deleteVolume", "result": "deleted"}, [f"arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/vol-1"],
         "ec2:volume#vol-1", "deleteVolume", "state-change"),
        ("autoscaling", "EC2 Instance Terminate Successful", {"EC2InstanceId": "i-0a", "AutoScalingGroupName": "web"}, [], "ec2:instance#i-0a", None, "notice"),
        ("rds", "RDS DB Instance Event", {"EventID": "RDS-EVENT-0087", "SourceArn": f"arn:aws:rds:eu-west-1:{ACCOUNT}:db:orders"}, [],
         "rds:db#orders", "RDS-EVENT-0087", "state-change"),
        ("guardduty", "GuardDuty Finding", {"type": "Backdoor:EC2/DDos", "severity": 8, "resource": {"instanceDetails": {"instanceId": "i-0a"}}}, [],
         "ec2:instance#i-0a", "Backdoor:EC2/DDos", "finding"),
        ("health", "AWS Health Event", {"service": "EBS", "eventTypeCode": "AWS_EBS_VOLUME_LOST", "affectedEntities": [{"entityValue": "vol-1"}]}, [],
         "ec2:volume#vol-1", "AWS_EBS_VOLUME_LOST", "notice"),
        ("codebuild", "CodeBuild Build State Change", {"project-name": "site", "build-status": "FAILED"}, [], "codebuild:project#site", "FAILED", "state-change"),
    ],
)  # fmt: skip
def test_a_service_reports(source: str, title: str, detail: Any, resources: list[str], key: str, name: str | None, kind: str) -> None:
    (event,) = events(bridged(source, title, detail, resources))
    assert event.resource.key == key
    assert event.name == (name or title)
    assert event.kind == kind
    assert (event.account, event.region) == (ACCOUNT, "eu-west-1")


def test_an_alarm_on_a_resource_is_about_the_resource() -> None:
    metric = {"metricStat": {"metric": {"namespace": "AWS/EC2", "dimensions": {"InstanceId": "i-0a"}}}}
    detail = {"alarmName": "cpu", "state": {"value": "ALARM"}, "configuration": {"metrics": [metric]}}
    assert events(bridged("cloudwatch", "CloudWatch Alarm State Change", detail))[0].resource.key == "ec2:instance#i-0a"
    bare = {"alarmName": "cpu", "state": {"value": "ALARM"}, "configuration": {"metrics": []}}
    assert events(bridged("cloudwatch", "CloudWatch Alarm State Change", bare))[0].resource.key == "cloudwatch:alarm#cpu"


def test_a_minimal_event_works_and_says_what_was_filled_in() -> None:
    body = {
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "ec2.amazonaws.com",
            "eventName": "StopInstances",
            "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-0a"}]}},
        },
    }
    (event,) = events(body)
    assert event.resource.key == "ec2:instance#i-0a"
    assert (event.account, event.region, event.received_at) == (ACCOUNT, "eu-west-1", NOW)
    assert {"account", "region", "time"} <= set(event.assumed)


def test_a_source_that_is_not_aws_is_no_event() -> None:
    forged = called("ec2", "TerminateInstances", {"instancesSet": {"items": [{"instanceId": "i-0a"}]}}) | {"source": "my.app"}
    assert isinstance(reading(forged), Ignored)


def test_more_resources_than_anybody_names_is_a_reason() -> None:
    many = {"instancesSet": {"items": [{"instanceId": f"i-{n:08x}"} for n in range(1001)]}}
    found = reading(called("ec2", "StopInstances", many))
    assert isinstance(found, Parked)
    assert "names 1001" in found.reason


@pytest.mark.parametrize(
    "body", ["[" * 3000 + "]" * 3000, '{"a":' * 3000 + "1" + "}" * 3000, "NaN", "", "null", "[]", "{}", "<xml/>", '"text"']
)
def test_rubbish_is_a_reason_and_never_an_exception(body: str) -> None:
    assert isinstance(reading(body), Parked | Ignored)


def test_a_body_just_under_one_mebibyte_is_read_and_its_facts_stay_small() -> None:
    padding = {f"k{n}": "x" * 1000 for n in range(1000)}
    body = json.dumps(called("ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": "i-0a"}]}, "padding": padding}))
    assert 1_000_000 < len(body) < 1_048_576
    (event,) = events(body)
    assert event.resource.id == "i-0a"
    assert len(event.model_dump_json()) < 200_000


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=8)
    | st.sampled_from(["i-0a", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0a", "\u202e"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["instanceId", "items", "name", "id", "state", "ARN", "type"]), inner, max_size=3)
    ),
    max_leaves=8,
)
SOURCES = st.sampled_from(
    ["ec2", "rds", "ecs", "cloudwatch", "health", "guardduty", "securityhub", "config", "s3", "ssm", "autoscaling", "states", "zzz"]
)


@settings(max_examples=300, deadline=None)
@given(
    SOURCES,
    st.text(max_size=20),
    st.dictionaries(st.sampled_from(["instance-id", "resource", "findings", "configuration", "affectedEntities", "bucket"]), ANY),
)
def test_no_detail_of_any_service_raises(source: str, title: str, detail: dict[str, Any]) -> None:
    assert isinstance(reading(bridged(source, title, detail)), Recognized | Ignored | Parked)


@settings(max_examples=300, deadline=None)
@given(SOURCES, st.text(min_size=1, max_size=20), ANY, ANY, ANY)
def test_no_cloudtrail_record_raises(service: str, name: str, request: Any, answer: Any, identity: Any) -> None:
    found = reading(
        called(service, name, request, responseElements=answer, userIdentity=identity, resources=answer, additionalEventData=request)
    )
    assert isinstance(found, Recognized | Ignored | Parked)
