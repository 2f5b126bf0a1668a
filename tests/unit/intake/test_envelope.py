"""Bodies in every shape that AWS writes, and in shapes that nobody should: an envelope, or a reason."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.intake.envelope import MAX_BYTES, open_envelope
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import Ignored, Parked

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
HOME, REGION = "111122223333", "eu-west-1"
BRIDGED = {
    "version": "0",
    "id": "00000000-0000-4000-8000-000000000001",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "444455556666",
    "time": "2026-03-02T02:59:58Z",
    "region": "us-gov-west-1",
    "resources": ["arn:aws:ec2:us-gov-west-1:444455556666:instance/i-0a"],
    "detail": {"instance-id": "i-0a", "state": "stopped"},
}
ALARM = {
    "AlarmName": "cpu", "AWSAccountId": "444455556666", "NewStateValue": "ALARM", "NewStateReason": "high", "Region": "US East (Ohio)",
    "StateChangeTime": "2026-03-02T02:59:58.123+0000", "AlarmArn": "arn:aws:cloudwatch:us-east-2:444455556666:alarm:cpu",
}  # fmt: skip
RECORD = {
    "eventSource": "ec2.amazonaws.com", "eventName": "StopInstances", "awsRegion": "us-east-2", "recipientAccountId": "444455556666",
    "eventTime": "2026-03-02T02:59:58Z", "eventID": "e-1", "userIdentity": {"type": "Root"}, "requestParameters": {},
}  # fmt: skip


def opened(body: Any) -> Envelope | Ignored | Parked:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return open_envelope(text, queue_account=HOME, queue_region=REGION, received_at=NOW)


def envelope(body: Any) -> Envelope:
    found = opened(body)
    assert isinstance(found, Envelope), found
    return found


def over_sns(message: Any, **more: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:aws:sns:us-east-2:444455556666:t", "Message": text} | more


def test_an_eventbridge_event_keeps_every_field() -> None:
    found = envelope(BRIDGED)
    assert (found.id, found.source, found.account, found.region) == (BRIDGED["id"], "aws.ec2", "444455556666", "us-gov-west-1")
    assert found.time == datetime(2026, 3, 2, 2, 59, 58, tzinfo=UTC)
    assert found.resources == tuple(BRIDGED["resources"])
    assert found.detail == BRIDGED["detail"]
    assert found.assumed == ()


@pytest.mark.parametrize(
    "wrap",
    [
        json.dumps,
        lambda body: json.dumps(body).encode(),
        lambda body: json.dumps(json.dumps(body)),
        over_sns,
        lambda body: over_sns(over_sns(body)),
        lambda body: over_sns(json.dumps(json.dumps(body))),
        lambda body: over_sns(body) | {"Message": body},
        lambda body: body | {"detail": json.dumps(body["detail"])},
    ],
)
def test_wrappings_come_off(wrap: Any) -> None:
    found = envelope(wrap(BRIDGED))
    assert (found.id, found.detail["instance-id"], found.assumed) == (BRIDGED["id"], "i-0a", ())


def test_the_minimal_event_is_filled_and_says_so() -> None:
    typed = {
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventName": "StopInstances", "eventSource": "ec2.amazonaws.com", "requestParameters": {}},
    }
    found = envelope(typed)
    assert (found.source, found.account, found.region, found.time) == ("aws.ec2", HOME, REGION, NOW)
    assert found.assumed == ("source", "id", "account", "region", "time")
    assert found.id == envelope(typed).id  # the same on redelivery
    assert found.id != envelope(typed | {"detail": typed["detail"] | {"eventName": "StartInstances"}}).id  # type: ignore[operator] # a dict


@pytest.mark.parametrize(
    ("body", "shape", "source", "account", "region"),
    [
        (ALARM, "alarm-via-sns", "aws.cloudwatch", "444455556666", "us-east-2"),
        (
            {"alarmArn": ALARM["AlarmArn"], "accountId": "444455556666", "region": "us-east-2", "alarmData": {"alarmName": "cpu"}},
            "alarm-action", "aws.cloudwatch", "444455556666", "us-east-2",
        ),
        (
            {
                "Service": "AWS Auto Scaling", "Event": "autoscaling:EC2_INSTANCE_TERMINATE", "AutoScalingGroupName": "g",
                "AutoScalingGroupARN": "arn:aws:autoscaling:us-east-2:444455556666:autoScalingGroup:u:autoScalingGroupName/g",
                "AccountId": "444455556666", "EC2InstanceId": "i-0a",
            },
            "autoscaling", "aws.autoscaling", "444455556666", "us-east-2",
        ),
        (
            {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "AutoScalingGroupName": "g", "EC2InstanceId": "i-0a"},
            "autoscaling", "aws.autoscaling", HOME, REGION,
        ),
        (
            {"Records": [{"eventSource": "aws:s3", "awsRegion": "us-east-2", "s3": {"bucket": {"name": "b"}}}]},
            "s3-notification", "aws.s3", HOME, "us-east-2",
        ),
        (RECORD, "cloudtrail", "aws.ec2", "444455556666", "us-east-2"),
        ({"Records": [RECORD]}, "cloudtrail", "aws.ec2", "444455556666", "us-east-2"),
        (
            {
                "Event Source": "db-instance", "Event Time": "2026-03-02 02:59:58.1", "Source ID": "db1", "Event Message": "stopped",
                "Identifier Link": "https://console.aws.amazon.com/rds/home?region=us-east-2#dbinstance:id=db1",
                "Event ID": "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-0087",
            },
            "service-notification", "aws.rds", HOME, "us-east-2",
        ),
        (
            {"deploymentId": "d-1", "applicationName": "a", "status": "FAILED", "accountId": "444455556666", "region": "us-east-2"},
            "service-notification", "aws.codedeploy", "444455556666", "us-east-2",
        ),
        (
            {"messageType": "ComplianceChangeNotification", "configRuleName": "r", "awsAccountId": "444455556666",
             "awsRegion": "us-east-2"},
            "service-notification", "aws.config", "444455556666", "us-east-2",
        ),
        (
            {"SecretId": "arn:aws:secretsmanager:us-east-2:444455556666:secret:s-1a2b3c", "ClientRequestToken": "t", "Step": "setSecret"},
            "lambda-trigger", "aws.secretsmanager", "444455556666", "us-east-2",
        ),
    ],
)  # fmt: skip
def test_shapes_of_their_own(body: dict[str, Any], shape: str, source: str, account: str, region: str) -> None:
    for sent in (body, over_sns(body)):
        found = envelope(sent)
        assert (found.shape, found.source, found.account, found.region) == (shape, source, account, region)


@pytest.mark.parametrize(
    ("event", "transition", "title"),
    [
        ("autoscaling:EC2_INSTANCE_LAUNCH", "", "EC2 Instance Launch Successful"),
        ("autoscaling:EC2_INSTANCE_TERMINATE_ERROR", "", "EC2 Instance Terminate Unsuccessful"),
        ("", "autoscaling:EC2_INSTANCE_TERMINATING", "EC2 Instance-terminate Lifecycle Action"),
        ("autoscaling:SOMETHING_NEW", "", "EC2 Auto Scaling Notification"),
    ],
)
def test_auto_scaling_gets_the_titles_of_eventbridge(event: str, transition: str, title: str) -> None:
    found = envelope({"AutoScalingGroupName": "g", "AutoScalingGroupARN": "x", "Event": event, "LifecycleTransition": transition})
    assert found.detail_type == title


def test_prose_of_backup_and_cloudformation_is_read() -> None:
    attributes = {"State": {"Type": "String", "Value": "FAILED"}, "AccountId": {"Type": "String", "Value": "444455556666"}}
    said = "An AWS Backup job failed. Resource ARN : arn:aws:ec2:us-east-2:444455556666:volume/vol-0a. BackupJob ID : x"
    backup = envelope(over_sns(said, MessageAttributes=attributes))
    assert (backup.source, backup.account, backup.detail["state"]) == ("aws.backup", "444455556666", "FAILED")
    assert backup.detail["arns"] == ["arn:aws:ec2:us-east-2:444455556666:volume/vol-0a"]
    assert backup.id == "m-1"
    stack = envelope(
        over_sns(
            "StackId='arn:s'\nTimestamp='2026-03-02T02:59:58Z'\nResourceStatus='CREATE_FAILED'\nResourceType='AWS::CloudFormation::Stack'\n"
        )
    )
    assert (stack.source, stack.detail_type) == ("aws.cloudformation", "CloudFormation Stack Status Change")
    assert stack.detail["status-details"] == {"status": "CREATE_FAILED", "status-reason": None}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}, "S3 test notification"),
        ({"AutoScalingGroupName": "g", "AutoScalingGroupARN": "a", "Event": "autoscaling:TEST_NOTIFICATION"},
         "Auto Scaling test notification"),
        (over_sns("x", Type="SubscriptionConfirmation"), "SNS subscription notice"),
        (over_sns("all fine"), "SNS text message: no event in it"),
        ({"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {}}]}, "stream records: data, no event"),
        ({"CodePipeline.job": {}}, "CodePipeline job: work for a Lambda, no event"),
        ({"awslogs": {"data": ""}}, "CloudWatch Logs subscription data"),
        ({"eventSource": "aws:kinesis", "eventName": "aws:kinesis:record"}, "stream record: data, no event"),
    ],
)  # fmt: skip
def test_understood_and_no_event(body: Any, reason: str) -> None:
    assert opened(body) == Ignored(reason=reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("hello", "not JSON"),
        ("", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("7", "not a JSON object: a number"),
        ("true", "not a JSON object: true or false"),
        ("null", "not a JSON object: null"),
        ("[{}]", "not a JSON object: a list"),
        ("{}", "empty object"),
        ({"b": 1, "а": 2}, "unknown shape: keys b, ?"),
        ('{"detail":' + '{"a":' * 100_000 + "1" + "}" * 100_001, "nested too deeply"),
        ("[" * 3000 + "]" * 3000, "nested too deeply"),
        ("x" * (MAX_BYTES + 1), f"body too large: {MAX_BYTES + 1} characters"),
        ({"source": "aws.ec2", "detail-type": "x"}, "no detail"),
        ({"source": "aws.ec2", "detail-type": "x", "detail": 7}, "detail is no object: a number"),
        ({"source": 7, "detail-type": [], "detail": {}}, "no source: nobody says which service this is about"),
        ({"Records": "none"}, "Records without a record"),
        ({"Records": [RECORD, RECORD]}, "2 CloudTrail records in one message: send them one by one"),
        ({"Records": [{"Sns": {}}]}, "a Lambda's SNS event, not the message itself"),
        (over_sns("x") | {"Message": 7}, "SNS message without text"),
        (over_sns("[" * 3000 + "]" * 3000), "nested too deeply"),
    ],
)  # fmt: skip
def test_not_understood(body: Any, reason: str) -> None:
    found = opened(body)
    assert isinstance(found, Parked | Ignored)
    assert found.reason == reason


def test_a_body_as_large_as_sqs_allows_is_read() -> None:
    text = json.dumps(BRIDGED | {"padding": ""})
    assert envelope(text.replace('"padding": ""', f'"padding": "{"x" * (MAX_BYTES - len(text))}"')).id == BRIDGED["id"]


@pytest.mark.parametrize("account", [123456789012, "12345678901", "1234567890123", "١٢٣٤٥٦٧٨٩٠١٢", "<account>", None])
def test_what_is_no_account_never_reaches_an_api(account: Any) -> None:
    found = envelope(BRIDGED | {"account": account})
    assert (found.account, found.assumed) == (HOME, ("account",))


@pytest.mark.parametrize("region", ["evil.example#", "US East (Ohio)", "us-east-1.x", "us_east_1", "", 7, "a" * 300])
def test_what_is_no_region_never_reaches_a_host_name(region: Any) -> None:
    found = envelope(BRIDGED | {"region": region})
    assert (found.region, found.assumed) == (REGION, ("region",))


@pytest.mark.parametrize("time", ["yesterday", 7, "0001-01-01T00:00:00+14:00", "9" * 500, None])
def test_an_unreadable_time_is_the_receive_time(time: Any) -> None:
    found = envelope(BRIDGED | {"time": time})
    assert (found.time, found.assumed) == (NOW, ("time",))


def test_nan_becomes_null_and_hidden_characters_go() -> None:
    found = envelope('{"source": "aws.ec2", "detail-type": "a\\u202eb\\ud800\\u200b", "detail": {"n": NaN}, "id": "\\u0000"}')
    assert found.detail == {"n": None}
    assert found.detail_type == "ab"
    assert found.id.startswith("body-")


def test_a_source_that_is_named_is_never_replaced_by_what_the_detail_claims() -> None:
    """EventBridge lets nobody but AWS say aws.*: a forged record comes under a source of the sender's own."""
    for source in ("myapp.ec2", "...", "ec2.amazonaws.com"):
        assert envelope(BRIDGED | {"source": source, "detail": RECORD}).source == source


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    [*BRIDGED, *ALARM, *RECORD, "Type", "Message", "MessageId", "Records", "alarmData", "alarmArn", "AutoScalingGroupName",
     "AutoScalingGroupARN", "Event", "Bucket", "Service", "Event Source", "Event Message", "Event ID", "SecretId", "Step", "messageType",
     "configRuleName", "configurationItem", "deploymentId", "applicationName", "status", "LifecycleTransition", "Identifier Link"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_KEYS, _JSON, max_size=8))
def test_no_types_in_any_known_field_raise(body: dict[str, Any]) -> None:
    for sent in (body, over_sns(body), BRIDGED | body, {"Records": [body]}):
        found = opened(sent)
        if isinstance(found, Envelope):
            assert len(found.account) == 12
            assert found.time.tzinfo is not None


@settings(max_examples=100, deadline=None)
@given(st.text() | st.binary())
def test_no_text_raises(body: str | bytes) -> None:
    opened(body)
