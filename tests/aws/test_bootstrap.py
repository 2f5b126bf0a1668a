"""`bootstrap` and `check` against the embedded AWS: what one makes the other finds, and what is missing is said in plain words."""

import json
from typing import Any

import pytest

from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.bootstrap import EXPIRY, MAX_RECEIVES, NOT_SET, PARKED_SECONDS, RETENTION_SECONDS, Bootstrap, Check
from aiops_daemon.events.bridge_rules import RULES
from aiops_daemon.incidents.record import INDEXES
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.notifiers.settings import NotifierSettings
from aiops_daemon.settings import IncidentSettings, Settings
from aiops_daemon.workflow.settings import WorkflowSettings

pytestmark = pytest.mark.asyncio(loop_scope="session")
TOPIC = "arn:aws:sns:us-east-1:123456789012:aiops-notifications"


@pytest.fixture
def settings() -> Settings:
    """Everything that check looks at is named."""
    return Settings(
        notifiers=NotifierSettings(sns_topic_arn=TOPIC),
        actions=ActionSettings(codebuild_project="recovery", plan_bucket="plans-{account}-{region}"),
        logwatch=LogWatchSettings(groups=("/ecs/shop",)),
        workflow=WorkflowSettings(kill_switch_parameter="/aiops/switch"),
    )


async def made(aws: AwsSession, settings: Settings) -> tuple[Bootstrap, list[str]]:
    bootstrap = Bootstrap(aws, settings, SystemClock())
    return bootstrap, [line async for line in bootstrap.run()]


async def problems(aws: AwsSession, settings: Settings) -> dict[str, str]:
    return {name: problem for name, problem in await Check(aws, settings).run() if problem and not problem.startswith(NOT_SET)}


async def test_before_check_names_each_missing_thing(aws: AwsSession, settings: Settings) -> None:
    assert await problems(aws, settings) == {
        "queue": "queue aiops-events does not exist",
        "incident table": "table aiops-incidents does not exist",
        "pattern table": "table aiops-patterns does not exist",
        "topic": f"topic {TOPIC} does not exist",
        "kill switch parameter": "SSM parameter /aiops/switch does not exist",
        "recovery project": "CodeBuild project recovery does not exist: terminated resources cannot be recreated",
    }


async def test_afterwards_check_finds_nothing_missing(aws: AwsSession, settings: Settings) -> None:
    bootstrap, _ = await made(aws, settings.model_copy(update={"notifiers": NotifierSettings()}))
    assert bootstrap.topic_arn == TOPIC
    codebuild = await aws.client("codebuild")
    await codebuild.create_project(
        name="recovery", source={"type": "S3", "location": "a/b.zip"}, artifacts={"type": "NO_ARTIFACTS"},
        serviceRole="arn:aws:iam::123456789012:role/recovery",
        environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"},
    )  # fmt: skip
    assert await problems(aws, settings) == {}


async def test_twice_is_as_good_as_once(aws: AwsSession, settings: Settings) -> None:
    first, lines = await made(aws, settings)
    second, again = await made(aws, settings)
    assert second.queue_url == first.queue_url
    assert lines[:2] == ["table aiops-incidents made", "table aiops-patterns made"]
    assert again[:2] == ["table aiops-incidents was there", "table aiops-patterns was there"]
    assert again[2:] == lines[2:]
    events = await aws.client("events")
    assert {rule["Name"] for rule in (await events.list_rules())["Rules"]} == {f"aiops-{kind}" for kind in RULES}


async def test_the_incident_table_has_every_index_and_expires_what_is_old(aws: AwsSession, settings: Settings) -> None:
    await made(aws, settings)
    dynamodb = await aws.client("dynamodb")
    table = (await dynamodb.describe_table(TableName="aiops-incidents"))["Table"]
    keys = {index["IndexName"]: tuple(key["AttributeName"] for key in index["KeySchema"]) for index in table["GlobalSecondaryIndexes"]}
    assert keys == INDEXES
    for name, attribute in (("aiops-incidents", EXPIRY["incident_id"]), ("aiops-patterns", EXPIRY["pattern_id"])):
        expiry = (await dynamodb.describe_time_to_live(TableName=name))["TimeToLiveDescription"]
        assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", attribute)


async def test_unreadable_messages_have_somewhere_to_go_and_only_our_rules_may_send(aws: AwsSession, settings: Settings) -> None:
    bootstrap, _ = await made(aws, settings)
    sqs = await aws.client("sqs")
    found = (await sqs.get_queue_attributes(QueueUrl=bootstrap.queue_url, AttributeNames=["All"]))["Attributes"]
    redrive = json.loads(found["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(":aiops-events-dlq")
    assert int(redrive["maxReceiveCount"]) == MAX_RECEIVES
    assert int(found["MessageRetentionPeriod"]) == RETENTION_SECONDS
    parked = await sqs.get_queue_url(QueueName="aiops-events-dlq")
    kept = await sqs.get_queue_attributes(QueueUrl=parked["QueueUrl"], AttributeNames=["MessageRetentionPeriod"])
    assert int(kept["Attributes"]["MessageRetentionPeriod"]) == PARKED_SECONDS
    (statement,) = json.loads(found["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert len(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == len(RULES)


async def delivered(aws: AwsSession, queue_url: str, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """What EventBridge puts on the queue for one event."""
    await (await aws.client("events")).put_events(Entries=[entry | {"Detail": json.dumps(entry["Detail"])}])
    answer = await (await aws.client("sqs")).receive_message(QueueUrl=queue_url, WaitTimeSeconds=0, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


async def test_the_rules_let_changes_through_and_leave_reads_at_the_source(aws: AwsSession, settings: Settings) -> None:
    bootstrap, _ = await made(aws, settings)
    call = {"Source": "aws.ec2", "DetailType": "AWS API Call via CloudTrail"}
    read = {"eventName": "DescribeInstances", "readOnly": True}
    assert await delivered(aws, bootstrap.queue_url, call | {"Detail": read}) == []
    (stop,) = await delivered(aws, bootstrap.queue_url, call | {"Detail": {"eventName": "StopInstances", "readOnly": False}})
    assert stop["detail"]["eventName"] == "StopInstances"


async def test_check_says_what_is_wrong_with_what_is_there(aws: AwsSession, settings: Settings) -> None:
    sqs, dynamodb = await aws.client("sqs"), await aws.client("dynamodb")
    await sqs.create_queue(QueueName="aiops-events")
    await dynamodb.create_table(
        TableName="bare", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "incident_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "incident_id", "AttributeType": "S"}],
    )  # fmt: skip
    bare = Settings(incidents=IncidentSettings(table="bare"))
    found = await problems(aws, bare)
    assert found.keys() == {"queue", "incident table"}  # what is not configured is not missed
    assert "no dead-letter queue" in found["queue"]
    assert all(index in found["incident table"] for index in INDEXES)


async def test_check_refuses_a_visibility_timeout_that_makes_no_sense(aws: AwsSession, settings: Settings) -> None:
    bootstrap, _ = await made(aws, settings)
    await (await aws.client("sqs")).set_queue_attributes(QueueUrl=bootstrap.queue_url, Attributes={"VisibilityTimeout": "2"})
    assert "visibility timeout of 2 s" in (await problems(aws, Settings()))["queue"]


@pytest.mark.parametrize(
    ("source", "title", "wanted", "noise"),
    [
        ("aws.ec2", "EC2 Instance State-change Notification", {"state": "stopped"}, {"state": "running"}),
        ("aws.guardduty", "GuardDuty Finding", {"severity": 8}, {"severity": 2}),
        ("aws.batch", "Batch Job State Change", {"status": "FAILED"}, {"status": "SUCCEEDED"}),
        ("aws.ecs", "ECS Task State Change", {"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited"},
         {"lastStatus": "STOPPED", "stopCode": "UserInitiated"}),
        ("aws.cloudformation", "CloudFormation Stack Status Change", {"status-details": {"status": "UPDATE_FAILED"}},
         {"status-details": {"status": "UPDATE_COMPLETE"}}),
    ],
)  # fmt: skip
async def test_the_rules_filter_by_what_happened(
    aws: AwsSession, settings: Settings, source: str, title: str, wanted: dict[str, Any], noise: dict[str, Any]
) -> None:
    bootstrap, _ = await made(aws, settings)
    entry = {"Source": source, "DetailType": title}
    assert await delivered(aws, bootstrap.queue_url, entry | {"Detail": noise}) == []
    (message,) = await delivered(aws, bootstrap.queue_url, entry | {"Detail": wanted})
    assert message["detail"] == wanted
