"""The test stand: the double in a process of its own, clients that point to it, the daemon's parts, and the events that it is fed."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import Any

import aiohttp
from structlog.contextvars import get_contextvars
from typing_extensions import override  # typing has it from 3.12

from aiops_daemon.assembly import Parts, assemble
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.incidents import storm
from aiops_daemon.incidents.breaker import Breaker, BreakerState
from aiops_daemon.incidents.budgets import Budget
from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.model.incident import Incident
from aiops_daemon.settings import Settings
from aiops_daemon.workflow.run import Tools
from aiops_daemon.workflow.worker import Workers

ACCOUNT, REGION = "111122223333", "eu-west-1"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:bench"
TABLE = "aiops-incidents"


@asynccontextmanager
async def cloud(latency_ms: float = 0.0) -> AsyncIterator["Control"]:
    """The double as a child process, and the environment that leads there."""
    command = [sys.executable, "-m", "tests.benchmarks.aws_http", "--latency-ms", str(latency_ms)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    address = (await process.stdout.readline()).decode().strip()
    os.environ |= environment(address)  # noqa: TID251  # a benchmark is its own command line
    try:
        async with aiohttp.ClientSession() as http:
            yield Control(http, address)
    finally:
        process.stdin.close()
        await process.wait()


def environment(address: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "double",
        "AWS_SECRET_ACCESS_KEY": "double",
        "AWS_DEFAULT_REGION": REGION,
    }


@dataclass
class Control:
    """The benchmark's door to the double."""

    http: aiohttp.ClientSession
    address: str

    async def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        async with self.http.post(self.address, json=request, headers={"X-Amz-Target": f"Control.{operation}"}) as answer:
            assert answer.status == 200, await answer.text()
            found: dict[str, Any] = await answer.json()
            return found

    async def items(self, *names: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self("items", table=TABLE, names=names))["items"]
        return found


class OwnBudget(Budget):
    """One counter per incident: the same call, as if each were in an account of its own (ten an hour is the limit of one)."""

    @override
    async def spend(self, who: str, scope: str) -> bool:
        return await super().spend(who, f"{scope}-{who}")


class OwnBreaker(Breaker):
    """One breaker item per incident, for the same reason: hundreds of recoveries of one kind at once would queue for one item."""

    @override
    async def look(self, action_id: str) -> BreakerState:
        return await super().look(f"{action_id}-{get_contextvars()['incident_id']}")

    @override
    async def record(self, action_id: str, *, incident: str, good: bool) -> BreakerState:
        return await super().record(f"{action_id}-{incident}", incident=incident, good=good)


def _own_storm(incident: Incident) -> str:
    return f"STORM#{incident.event.account}-{incident.incident_id}"


def settings(**groups: dict[str, Any]) -> Settings:
    """Waits at zero: actions and soak take no time."""
    workflow = {"soak_seconds": 0, "recoveries_per_account_and_hour": 1_000_000, "retry_base_seconds": 0}
    own: dict[str, dict[str, Any]] = {
        "workflow": workflow,
        "actions": {"poll_seconds": 0.001},
        "notifiers": {"sns_topic_arn": TOPIC},
    }
    merged = {group: own.get(group, {}) | groups.get(group, {}) for group in own | groups}
    return Settings.model_validate(merged)


def parts(session: AwsSession, configured: Settings) -> Parts:
    """The daemon, with guard rails that count each incident by itself: what is measured is many recoveries, not one refusal."""
    storm.storm_key = _own_storm
    made = assemble(configured, session, account=ACCOUNT, region=REGION)
    tools = _unlimited(made.tools, configured)
    workers = Workers(tools, "bench")
    vars(made.handler)["_workers"] = workers
    return replace(made, tools=tools, workers=workers)


def _unlimited(tools: Tools, configured: Settings) -> Tools:
    table, budget = tools.journal._table, tools.recoveries
    limit = configured.workflow.recoveries_per_account_and_hour
    return replace(
        tools,
        recoveries=OwnBudget(table, tools.clock, name="recoveries", limit=limit, window=budget._window),
        breaker=OwnBreaker(table, tools.clock),
    )


async def consumer(session: AwsSession, made: Parts, url: str) -> Consumer:
    intake = IntakeSettings(queue_url=url, dead_letter_queue_url=url, wait_seconds=1)
    receiver = await session.client("sqs", purpose="receive")
    return Consumer(receiver, await session.client("sqs"), intake, SystemClock(), made.metrics.intake, made.handler)


@asynccontextmanager
async def running(made: Parts, intake: Consumer) -> AsyncIterator[None]:
    """Intake and workers as the daemon runs them; at the end both leave in order: what is worked on comes to its next rest."""
    stop, gone = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        work = group.create_task(made.workers.run(gone))
        poll = group.create_task(intake.run(stop))
        try:
            yield
        finally:
            stop.set()
            await poll
            gone.set()
            made.workers.nudge()
            await work


async def until(done: Callable[[], Awaitable[bool]], seconds: float = 300.0) -> None:
    """Poll `done` every 20 ms."""
    end = time.perf_counter() + seconds
    while not await done():
        if time.perf_counter() > end:
            raise AiopsError("the benchmark did not finish")
        await asyncio.sleep(0.02)


class Done:
    """True when the ended incidents number `count`, by the daemon's own counter."""

    def __init__(self, made: Parts, count: int) -> None:
        self._made, self._count = made, count

    async def __call__(self) -> bool:
        return closed(self._made) >= self._count and not self._made.workers._active


def closed(made: Parts) -> float:
    metric = made.metrics.incidents.closed
    return sum(sample.value for family in metric.collect() for sample in family.samples if sample.name.endswith("_total"))


class Spent:
    """CPU and wall time of this process from here to `stop`."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        self.cpu = self.wall = 0.0

    def stop(self) -> "Spent":
        self.cpu, self.wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        return self


def percentiles(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"p50": values[0], "p99": values[0]}
    cuts = quantiles(values, n=100, method="inclusive")
    return {"p50": round(median(values), 2), "p99": round(cuts[98], 2), "max": round(max(values), 2)}


def instances(count: int, first: int = 0) -> Iterator[str]:
    return (f"i-{number:017x}" for number in range(first + 1, first + count + 1))


def event(number: int, source: str, detail_type: str, detail: dict[str, Any], resources: tuple[str, ...] = ()) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": f"5c8d2f00-0000-4000-8000-{number:012d}",
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": SystemClock().now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": list(resources),
            "detail": detail,
        }
    )


def stopped_by_somebody(number: int, instance: str) -> str:
    """A user whom nobody knows stops an instance: the daemon starts it again by itself."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/mallory",
            "accountId": ACCOUNT,
            "userName": "mallory",
        },
        "eventTime": SystemClock().now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ec2.amazonaws.com",
        "eventName": "StopInstances",
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "console.amazonaws.com",
        "requestParameters": {"instancesSet": {"items": [{"instanceId": instance}]}, "force": False},
        "responseElements": {"instancesSet": {"items": [{"instanceId": instance, "currentState": {"code": 64, "name": "stopping"}}]}},
        "requestID": f"00000000-0000-4000-8000-{number:012d}",
        "eventID": f"11111111-0000-4000-8000-{number:012d}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
    }
    return event(number, "aws.ec2", "AWS API Call via CloudTrail", detail)
