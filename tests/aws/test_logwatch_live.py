"""The log watch as the daemon wires it, on the embedded CloudWatch Logs and DynamoDB: from lines to one warning."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from aiops_daemon.assembly import Parts, assemble, log_watch
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.bootstrap import Bootstrap
from aiops_daemon.logwatch.watch import LogWatch
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.settings import load
from aiops_daemon.workflow.worker import Workers
from tests.doubles.cloudwatch import Clock
from tests.doubles.world import Recorder, World

pytestmark = pytest.mark.asyncio(loop_scope="session")
GROUP = "/shop/orders"
ACCOUNT, REGION = "123456789012", "us-east-1"
HISTORY = 10 * 3600
BUCKET = 300
POOL = "ERROR connection pool of orders-db is exhausted after 30000 ms"


@dataclass
class Daemon:
    """One task of the service."""

    parts: Parts
    watch: LogWatch
    told: World

    async def tick(self) -> None:
        await self.watch.tick()
        await self.parts.workers.drain()

    @property
    def runs(self) -> dict[str, int]:
        """Windows by their result."""
        metric = self.parts.metrics.log_watch.runs
        counted = {result: int(metric.labels(result)._value.get()) for result in ("ok", "failed", "elsewhere")}
        return {result: count for result, count in counted.items() if count}

    async def incidents(self) -> list[Incident]:
        return [one for one in await self.parts.tools.history.listed(since=timedelta(days=1)) if one.event.source == "aiops.logwatch"]


class Place:
    """The embedded account, a clock that the test moves, and as many daemons as it starts."""

    def __init__(self, aws: AwsSession) -> None:
        self.aws = aws
        # moto refuses lines that are two hours ahead of, or two weeks behind, the real time
        self.start = int(SystemClock().now().timestamp()) // BUCKET * BUCKET - 7_200
        self.clock = Clock(self.start + 65)
        self.rng = random.Random(3)

    async def daemon(self, name: str) -> Daemon:
        parts = assemble(load(), self.aws, account=ACCOUNT, region=REGION, clock=self.clock, name=name)
        told = World()
        tools = replace(parts.tools, notifiers=(Recorder(told),))
        parts = replace(parts, tools=tools, workers=Workers(tools, name))
        return Daemon(parts, await log_watch(parts, account=ACCOUNT, region=REGION), told)

    async def put(self, first: int, last: int, text: str, count: int) -> None:
        """`count` lines with times in [first, last), in seconds."""
        logs = await self.aws.client("logs")
        times = sorted(self.rng.randrange(first * 1000, last * 1000) for _ in range(count))
        events = [{"timestamp": at, "message": text.replace("{n}", str(self.rng.randrange(9999)))} for at in times]
        await logs.put_log_events(logGroupName=GROUP, logStreamName="app-1", logEvents=events)

    @property
    def clock_bucket(self) -> int:
        """The bucket that is due at the next tick."""
        return int(self.clock.seconds) // BUCKET * BUCKET

    def next_bucket(self) -> None:
        self.clock.seconds += BUCKET

    async def item(self, key: str) -> dict[str, Any]:
        table = await self.aws.client("dynamodb")
        found: dict[str, Any] = (await table.get_item(TableName="aiops-patterns", Key={"pattern_id": {"S": key}}))["Item"]
        return found


@pytest_asyncio.fixture(loop_scope="session")
async def place(aws: AwsSession, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("LOG_GROUPS", "/shop/*")
    monkeypatch.setenv("AIOPS_LOGWATCH__HISTORY_SECONDS", str(HISTORY))
    async for _ in Bootstrap(aws, load(), SystemClock()).run():
        pass
    logs = await aws.client("logs")
    await logs.create_log_group(logGroupName=GROUP)
    await logs.create_log_stream(logGroupName=GROUP, logStreamName="app-1")
    made = Place(aws)
    await made.put(made.start - HISTORY, made.start, "INFO order {n} placed", HISTORY // 20)
    return made


async def outbreak(place: Place, *daemons: Daemon, buckets: int = 4) -> None:
    for _ in range(buckets):
        await place.put(place.clock_bucket, place.clock_bucket + BUCKET, POOL, 40)
        await place.put(place.clock_bucket, place.clock_bucket + BUCKET, "INFO order {n} placed", 15)
        place.next_bucket()
        for daemon in daemons:
            await daemon.tick()


async def test_an_anomaly_is_one_warning_and_one_suppressed_incident(place: Place) -> None:
    daemon = await place.daemon("one")
    await daemon.tick()
    assert await daemon.incidents() == [], "the history alone is normal"
    await outbreak(place, daemon)
    (incident,) = await daemon.incidents()
    assert incident.workflow_state is State.SUPPRESSED
    assert incident.outcome is Outcome.SUPPRESSED
    assert incident.closed_at is not None
    assert incident.resource_id == GROUP
    assert incident.event.name == "log-anomaly new"
    assert POOL.removeprefix("ERROR ").split(" after")[0] in str(incident.event.facts["sample"])
    ((channel, notice),) = daemon.told.delivered
    assert channel == "sns"
    assert notice.kind is NoticeKind.WARNING
    facts = dict(notice.facts)
    assert facts["How unusual"].startswith("never seen before (")
    assert facts["Probability of failure"].startswith("no forecast yet")
    assert facts["My record"] == "no warning has been scored yet"
    assert daemon.runs == {"ok": 5}


async def test_a_second_daemon_does_not_double_it(place: Place) -> None:
    one, two = await place.daemon("one"), await place.daemon("two")
    await one.tick()
    await two.tick()
    await outbreak(place, two, one)  # the second is first to tick now: it goes on from the state that the first has stored
    assert len(await one.incidents()) == 1
    assert [notice.kind for daemon in (one, two) for _, notice in daemon.told.delivered] == [NoticeKind.WARNING]
    assert one.runs == {"ok": 1, "elsewhere": 4}
    assert two.runs == {"ok": 4, "elsewhere": 1}


async def test_a_restart_goes_on_from_the_checkpoint(place: Place) -> None:
    before = await place.daemon("before")
    await before.tick()
    await outbreak(place, before, buckets=2)
    head = await place.item(f"GROUP#{GROUP}")
    place.next_bucket()  # nobody ran in this window
    after = await place.daemon("after")
    await outbreak(place, after, buckets=3)
    assert len(await after.incidents()) == 1, "the episode goes on: no second page"
    assert [notice.kind for _, notice in before.told.delivered + after.told.delivered] == [NoticeKind.WARNING]
    now = await place.item(f"GROUP#{GROUP}")
    assert int(now["checkpoint"]["N"]) == int(head["checkpoint"]["N"]) + 4 * BUCKET
    read = after.parts.metrics.log_watch.lines._value.get()
    assert 0 < read < 12 * 55, "the open buckets and what came since, not the ten hours of history"
    assert after.runs == {"ok": 3}


async def test_every_line_is_counted_once(place: Place) -> None:
    daemon = await place.daemon("one")
    await daemon.tick()
    placed: list[int] = []
    for count in (3, 30, 7, 11, 20):
        await place.put(place.clock_bucket, place.clock_bucket + BUCKET, "INFO order {n} placed", count)
        placed.append(count)
        place.next_bucket()
        await daemon.tick()
    monitor = daemon.watch._cache[GROUP][1].monitor
    assert monitor is not None
    assert [int(n) for n in monitor.counts[0, -len(placed) :]] == placed


async def test_a_group_that_is_gone_fails_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_GROUPS", f"/gone,{GROUP}")
    daemon = await place.daemon("one")
    await daemon.tick()
    assert daemon.runs == {"ok": 1, "failed": 1}
