"""The whole daemon in this process, on the embedded AWS, with waits that a test can afford; and what a test does to it and sees of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

import aiohttp
from aiohttp import web

from aiops_daemon.assembly import Parts, built
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.daemon import Daemon
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.model.incident import Incident, State
from aiops_daemon.settings import load

PROJECT = "recovery"
QUICK = {
    "AIOPS_WORKFLOW__SOAK_SECONDS": "0.2",
    "AIOPS_WORKFLOW__VERIFY_INTERVAL_SECONDS": "0.2",
    "AIOPS_WORKFLOW__SCAN_INTERVAL_SECONDS": "0.3",
    "AIOPS_WORKFLOW__RETRY_BASE_SECONDS": "0.1",
    "AIOPS_INTAKE__WAIT_SECONDS": "1",
    "AIOPS_INTAKE__RETRY_BASE_SECONDS": "0.5",
    "AIOPS_INTAKE__RETRY_CAP_SECONDS": "1",
    "AIOPS_INTAKE__UNAVAILABLE_CAP_SECONDS": "0.2",
    "AIOPS_ACTIONS__POLL_SECONDS": "0.2",
    "AIOPS_ACTIONS__BUILD_POLL_SECONDS": "0.3",
    "AIOPS_TELEMETRY__HTTP_PORT": "0",
    "AIOPS_TELEMETRY__HTTP_HOST": "127.0.0.1",
    "AIOPS_ACTIONS__CODEBUILD_PROJECT": PROJECT,
    "AIOPS_ACTIONS__PLAN_BUCKET": "plans-{account}",
    "AIOPS_POLICY__AUTONOMY": json.dumps({"ec2.start": "auto", "codebuild.terraform_apply": "auto"}),
    "AIOPS_AWS__MAX_ATTEMPTS": "1",
}


class ShiftedClock(SystemClock):
    """The real clock, and a test may let an hour pass: waits are real, times of day are not."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class Stage:
    """`aws` are the test's own clients; `parts` is the daemon's inside."""

    aws: AwsSession
    daemon: Daemon
    parts: Parts
    clock: ShiftedClock
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def instance(self, name: str = "web") -> str:
        ec2 = await self.aws.client("ec2")
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        made = await ec2.run_instances(ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=tags)
        return str(made["Instances"][0]["InstanceId"])

    async def stopped_instance(self) -> str:
        instance = await self.instance()
        await (await self.aws.client("ec2")).stop_instances(InstanceIds=[instance])
        return instance

    async def terminated_instance(self) -> str:
        instance = await self.instance()
        await (await self.aws.client("ec2")).terminate_instances(InstanceIds=[instance])
        return instance

    async def state_of(self, instance: str) -> str:
        found = await (await self.aws.client("ec2")).describe_instances(InstanceIds=[instance])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    async def queue(self, name: str = "aiops-events") -> str:
        return str((await (await self.aws.client("sqs")).get_queue_url(QueueName=name))["QueueUrl"])

    async def send(self, body: str) -> None:
        await (await self.aws.client("sqs")).send_message(QueueUrl=await self.queue(), MessageBody=body)

    async def on_queue(self, name: str = "aiops-events") -> int:
        """Visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await (await self.aws.client("sqs")).get_queue_attributes(QueueUrl=await self.queue(name), AttributeNames=names)
        return sum(int(value) for value in answer["Attributes"].values())

    async def on_queue_empty(self) -> bool:
        return await self.on_queue() == 0

    async def parked(self) -> list[dict[str, Any]]:
        sqs = await self.aws.client("sqs")
        url = await self.queue("aiops-events-dlq")
        answer = await sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10, WaitTimeSeconds=0)
        return list(answer.get("Messages", []))

    async def incidents(self, resource: str) -> list[Incident]:
        """Newest first."""
        found = await self.parts.tools.history.listed(since=timedelta(days=1))
        return [incident for incident in found if incident.resource_id == resource]

    async def incident(self, incident_id: str) -> Incident:
        found = await Journal(self.parts.tools.journal._table, self.clock).load(incident_id)
        assert found is not None
        return found

    async def at_rest(self, resource: str, count: int = 1, *, until: State | None = None) -> list[Incident]:
        """When `count` incidents of the resource are closed for good, or have reached `until`."""
        found: list[Incident] = []

        async def rested() -> bool:
            found[:] = await self.incidents(resource)
            return sum(one.workflow_state is until if until else one.terminal and one.due_at is None for one in found) >= count

        await self.until(rested)
        return found

    async def until(self, good: Callable[[], Any], seconds: float = 20) -> None:
        """Ask again and again; the test fails when it takes longer."""
        async with asyncio.timeout(seconds):
            while True:
                answer = good()
                if await answer if asyncio.iscoroutine(answer) else answer:
                    return
                await self.clock.sleep(0.05)

    async def get(self, path: str) -> tuple[int, str]:
        """The daemon's own HTTP surface."""
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.daemon.http.port}{path}") as answer:
            return answer.status, await answer.text()

    def metric(self, name: str, **labels: str) -> float:
        return self.parts.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running(aws: AwsSession) -> AsyncIterator[Stage]:
    """The daemon as the environment configures it, from start to graceful stop."""
    clock = ShiftedClock()
    async with built(load(), clock=clock, name="e2e") as (daemon, parts), asyncio.TaskGroup() as group:
        stage = Stage(aws, daemon, parts, clock)
        group.create_task(daemon.run(stage.stop))
        try:
            await stage.until(lambda: daemon.http.port)
            yield stage
        finally:
            stage.stop.set()


class Relay:
    """Stands before one AWS service; `down` makes it answer 503, `down_after` that many calls from now. An async context manager."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.down = False
        self.down_after: int | None = None
        self.refused = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        self._runner = web.ServerRunner(web.Server(self._pass))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()
        await self._http.close()

    async def _pass(self, request: web.BaseRequest) -> web.Response:
        if self.down_after is not None:
            self.down_after -= 1
        if self.down or (self.down_after is not None and self.down_after < 0):
            self.refused += 1
            return web.Response(status=503)
        kept = ("Content-Type", "X-Amz-Target", "Authorization", "X-Amz-Date", "X-Amz-Security-Token")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        async with self._http.request(request.method, self._target + request.path_qs, data=await request.read(), headers=headers) as answer:
            kept_back = {name: value for name, value in answer.headers.items() if name.lower().startswith("x-amz")}
            content = answer.headers.get("Content-Type", "")
            return web.Response(status=answer.status, body=await answer.read(), headers={**kept_back, "Content-Type": content})


async def listening(aws: AwsSession) -> str:
    """A queue that hears what the topic says; its URL."""
    sqs, sns = await aws.client("sqs"), await aws.client("sns")
    url = (await sqs.create_queue(QueueName="ears"))["QueueUrl"]
    topic = (await sns.list_topics())["Topics"][0]["TopicArn"]
    await sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:ears")
    return str(url)


async def heard(aws: AwsSession, url: str) -> list[dict[str, str]]:
    answer = await (await aws.client("sqs")).receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]
