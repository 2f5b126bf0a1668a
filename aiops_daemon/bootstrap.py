"""What the daemon needs in AWS, as data: `aiops-daemon bootstrap` makes it where it is missing, `check` looks for it.

deploy/terraform makes the same for real accounts; a test compares the two.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiops_daemon.events.bridge_rules import RULES
from aiops_daemon.incidents.record import INDEXES
from aiops_daemon.model.errors import AiopsError, NotFound, NotPermitted
from aiops_daemon.ports import AwsClients, Clock
from aiops_daemon.settings import Settings

VISIBILITY_SECONDS = 120
MAX_RECEIVES = 5
RETENTION_SECONDS = 4 * 24 * 3600  # a long week-end without the daemon loses nothing
PARKED_SECONDS = 14 * 24 * 3600  # the most there is
EXPIRY = {"incident_id": "expires_at", "pattern_id": "ttl"}  # hash key -> TTL attribute: tidiness only


def incident_table(name: str) -> dict[str, Any]:
    """CreateTable's arguments."""
    attributes = sorted({"incident_id"} | {key for pair in INDEXES.values() for key in pair})
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": attribute, "AttributeType": "S"} for attribute in attributes],
        "KeySchema": [{"AttributeName": "incident_id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": hashed, "KeyType": "HASH"}, {"AttributeName": ranged, "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, (hashed, ranged) in INDEXES.items()
        ],
    }


def pattern_table(name: str) -> dict[str, Any]:
    """The log watch's table."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pattern_id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pattern_id", "KeyType": "HASH"}],
    }


def kill_switch_parameter(name: str) -> dict[str, Any]:
    """PutParameter's arguments."""
    return {"Name": name, "Type": "String", "Value": "run", "AllowedPattern": "^(run|stop: .+)$"}


class Bootstrap:
    """Idempotent: what is there stays as it is. Yields one line per thing."""

    def __init__(self, clients: AwsClients, settings: Settings, clock: Clock) -> None:
        self._clients = clients
        self._settings = settings
        self._clock = clock
        self.topic_arn = ""
        self.queue_url = ""

    async def run(self) -> AsyncIterator[str]:
        """Tables, topic, queues, rules, then what the settings name: the kill switch's parameter, the bucket of plans."""
        for definition in (incident_table(self._settings.incidents.table), pattern_table(self._settings.logwatch.table)):
            yield await self._table(definition)
        sns = await self._clients.client("sns")
        wanted = self._settings.notifiers.sns_topic_arn
        self.topic_arn = wanted or (await sns.create_topic(Name="aiops-notifications"))["TopicArn"]
        yield f"topic {self.topic_arn}"
        async for line in self._queues():
            yield line
        if self._settings.workflow.kill_switch_parameter:
            yield await self._parameter(kill_switch_parameter(self._settings.workflow.kill_switch_parameter))
        if self._settings.actions.plan_bucket:
            yield await self._bucket(self._settings.actions.plan_bucket)

    async def _parameter(self, definition: dict[str, Any]) -> str:
        ssm = await self._clients.client("ssm")
        try:
            await ssm.get_parameter(Name=definition["Name"])
        except NotFound:
            await ssm.put_parameter(**definition)
        return f"parameter {definition['Name']}"

    async def _bucket(self, wanted: str) -> str:
        """Where recovery builds save their plans."""
        account = (await (await self._clients.client("sts")).get_caller_identity())["Account"]
        s3 = await self._clients.client("s3")
        region = s3.meta.region_name
        name = wanted.replace("{account}", account).replace("{region}", region)
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            await s3.get_bucket_versioning(Bucket=name)
        except NotFound:
            await s3.create_bucket(Bucket=name, **place)
        await s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return f"bucket {name}, versioned"

    async def _table(self, definition: dict[str, Any]) -> str:
        client = await self._clients.client("dynamodb")
        name = definition["TableName"]
        try:
            await client.describe_table(TableName=name)
        except NotFound:
            await client.create_table(**definition)
            for _ in range(60):
                if (await client.describe_table(TableName=name))["Table"]["TableStatus"] == "ACTIVE":
                    break
                await self._clock.sleep(1)
            expiry = {"Enabled": True, "AttributeName": EXPIRY[definition["KeySchema"][0]["AttributeName"]]}
            await client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
            return f"table {name} made"
        return f"table {name} was there"

    async def _queues(self) -> AsyncIterator[str]:
        sqs = await self._clients.client("sqs")
        name = self._settings.intake.queue_name
        parked = await _queue(sqs, f"{name}-dlq", {"MessageRetentionPeriod": str(PARKED_SECONDS)})
        parked_arn = await _queue_arn(sqs, parked)
        redrive = json.dumps({"deadLetterTargetArn": parked_arn, "maxReceiveCount": MAX_RECEIVES})
        attributes = {
            "VisibilityTimeout": str(VISIBILITY_SECONDS),
            "MessageRetentionPeriod": str(RETENTION_SECONDS),
            "ReceiveMessageWaitTimeSeconds": "20",
            "RedrivePolicy": redrive,
        }
        self.queue_url = await _queue(sqs, name, attributes)
        yield f"queue {self.queue_url}, dead letters {parked}"
        arn = await _queue_arn(sqs, self.queue_url)
        events = await self._clients.client("events")
        rule_arns = []
        for kind, pattern in RULES.items():
            rule = f"aiops-{kind}"
            rule_arns.append((await events.put_rule(Name=rule, EventPattern=json.dumps(pattern), State="ENABLED"))["RuleArn"])
            await events.put_targets(Rule=rule, Targets=[{"Id": "aiops-queue", "Arn": arn}])
        await sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"Policy": queue_policy(arn, rule_arns)})
        yield f"{len(RULES)} EventBridge rules -> {arn}"


def queue_policy(queue_arn: str, rule_arns: list[str]) -> str:
    """Only these rules may send; operators send by their own IAM permissions."""
    statement = {
        "Sid": "OnlyOurRules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arns}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def _queue(sqs: Any, name: str, attributes: dict[str, str]) -> str:
    """Its URL. Looked for first: SQS refuses to make a queue that is there with other attributes, and those are its owner's."""
    try:
        return str((await sqs.get_queue_url(QueueName=name))["QueueUrl"])
    except NotFound:
        return str((await sqs.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"])


async def _queue_arn(sqs: Any, url: str) -> str:
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


NOT_SET = "not set"  # how an answer begins about what is optional and was left out: nothing is missing


class Check:
    """What is missing, in plain words. Each look is independent; one that is denied says so and counts as missing."""

    def __init__(self, clients: AwsClients, settings: Settings) -> None:
        self._clients = clients
        self._settings = settings

    async def run(self) -> list[tuple[str, str | None]]:
        """(what was looked at, what is wrong with it or None)."""
        settings = self._settings
        looks: dict[str, tuple[str, Callable[[], Awaitable[str | None]]]] = {
            "queue": (f"queue {settings.intake.queue_url or settings.intake.queue_name}", self._queue),
            "incident table": (f"table {settings.incidents.table}", self._incident_table),
            "pattern table": (f"table {settings.logwatch.table}", self._pattern_table),
            "topic": (f"topic {settings.notifiers.sns_topic_arn}", self._topic),
            "kill switch parameter": (f"SSM parameter {settings.workflow.kill_switch_parameter}", self._kill_switch_parameter),
            "recovery project": (f"CodeBuild project {settings.actions.codebuild_project}", self._project),
        }
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_look(what, look)) for name, (what, look) in looks.items()}
        return [(name, task.result()) for name, task in tasks.items()]

    async def _queue(self) -> str | None:
        sqs = await self._clients.client("sqs")
        url = self._settings.intake.queue_url or (await sqs.get_queue_url(QueueName=self._settings.intake.queue_name))["QueueUrl"]
        found = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))["Attributes"]
        if "RedrivePolicy" not in found:
            return f"{url} has no dead-letter queue: unreadable messages would come back until they expire"
        visibility = int(found.get("VisibilityTimeout", "0"))
        if not 30 <= visibility <= 3600:
            return f"{url} has a visibility timeout of {visibility} s; 30 to 3600 is sane, {VISIBILITY_SECONDS} is what we use"
        return None

    async def _incident_table(self) -> str | None:
        client = await self._clients.client("dynamodb")
        name = self._settings.incidents.table
        table = (await client.describe_table(TableName=name))["Table"]
        have = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}
        missing = sorted(INDEXES.keys() - have)
        return f"table {name} lacks the index(es) {', '.join(missing)}" if missing else None

    async def _pattern_table(self) -> str | None:
        if not self._settings.logwatch.groups:
            return f"{NOT_SET} (no log groups are watched: AIOPS_LOGWATCH__GROUPS)"
        client = await self._clients.client("dynamodb")
        await client.describe_table(TableName=self._settings.logwatch.table)
        return None

    async def _topic(self) -> str | None:
        arn = self._settings.notifiers.sns_topic_arn
        if not arn:
            return f"{NOT_SET} (nobody is told by SNS: AIOPS_NOTIFIERS__SNS_TOPIC_ARN)"
        sns = await self._clients.client("sns")
        await sns.get_topic_attributes(TopicArn=arn)
        return None

    async def _kill_switch_parameter(self) -> str | None:
        name = self._settings.workflow.kill_switch_parameter
        if not name:
            return f"{NOT_SET} (a second source of the stop switch: AIOPS_WORKFLOW__KILL_SWITCH_PARAMETER)"
        await (await self._clients.client("ssm")).get_parameter(Name=name)
        return None

    async def _project(self) -> str | None:
        project = self._settings.actions.codebuild_project
        if not project:
            return f"{NOT_SET} (terminated resources are not recreated: AIOPS_ACTIONS__CODEBUILD_PROJECT)"
        client = await self._clients.client("codebuild")
        found = (await client.batch_get_projects(names=[project])).get("projects")
        if not found:
            return f"CodeBuild project {project} does not exist: terminated resources cannot be recreated"
        if not self._settings.actions.plan_bucket:
            return f"CodeBuild project {project} is set, but not the bucket where it saves its plans (AIOPS_ACTIONS__PLAN_BUCKET)"
        return None


async def _look(what: str, look: Callable[[], Awaitable[str | None]]) -> str | None:
    try:
        return await look()
    except NotFound:
        return f"{what} does not exist"
    except NotPermitted as error:
        return f"we may not look at {what}: {error}"
    except AiopsError as error:
        return f"{what} could not be looked at: {error}"
