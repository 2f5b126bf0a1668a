"""A log watch on doubles of CloudWatch Logs and DynamoDB, lines that come late, and the count of what it has seen beside the truth."""

import random
from collections import Counter
from typing import Any

from prometheus_client import CollectorRegistry

from aiops_daemon.logwatch.announcer import FollowedUp, nobody_knows
from aiops_daemon.logwatch.deploys import DeploysSeen
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert
from aiops_daemon.logwatch.group import GroupAnalysis
from aiops_daemon.logwatch.monitor import GroupMonitor
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.logwatch.reader import LogReader
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.store import PatternStore
from aiops_daemon.logwatch.templates import TemplateMiner
from aiops_daemon.logwatch.watch import LogWatch
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.telemetry.metrics import LogWatchMetrics
from tests.doubles.cloudwatch import Dynamo, Event, Logs

START = 1_767_571_200  # Monday 2026-01-05 00:00 UTC
BUCKET = 300


class Told:
    def __init__(self) -> None:
        self.changes: list[tuple[Change, Alert, Record]] = []
        self.refuse = 0

    async def __call__(self, change: Change, alert: Alert, record: Record) -> None:
        if self.refuse:
            self.refuse -= 1
            raise RetryLater("the topic is away")
        self.changes.append((change, alert, record))

    def opened(self) -> list[Alert]:
        return [alert for change, alert, _ in self.changes if change is Change.OPENED]


def watch(
    logs: Logs, dynamo: Dynamo, told: Told, owner: str = "task-1", *, follow_up: FollowedUp = nobody_knows,
    deploys: DeploysSeen | None = None, **settings: Any,
) -> LogWatch:  # fmt: skip
    wanted = LogWatchSettings.model_validate({"groups": ("/app/a",), "history_seconds": 3600} | settings)
    return LogWatch(
        wanted,
        LogReader(logs, logs.clock, random.Random(1)),
        PatternStore(dynamo, "aiops-patterns", owner),
        logs.clock,
        random.Random(2),
        miner=TemplateMiner,
        redact=lambda text: text.replace("hunter2", "[REDACTED]"),
        on_alert=told,
        follow_up=follow_up,
        deploys=deploys,
        metrics=LogWatchMetrics(CollectorRegistry()),
    )


def events(rng: random.Random, minutes: int, per_minute: int, late: float = 0.2) -> list[Event]:
    """Some share their millisecond, some come up to nine minutes late."""
    out = []
    for i in range(minutes * per_minute):
        at = (START * 1000 + rng.randrange(minutes * 60_000)) // 50 * 50
        delay = rng.randrange(60_000, 540_000) if rng.random() < late else rng.randrange(0, 50_000)
        out.append(Event(f"e{i}", f"s{i % 3}", at, f"INFO user n{i} logged in", at + delay))
    return out


def group_of(w: LogWatch, name: str = "/app/a") -> GroupAnalysis:
    """The group as this task holds it between two runs: what only a look inside tells."""
    return w._cache[name][1]


def series_of(w: LogWatch, name: str = "/app/a") -> GroupMonitor:
    monitor = group_of(w, name).monitor
    assert monitor is not None, "it has read no line yet"
    return monitor


def newest_final(w: LogWatch) -> int:
    """The newest bucket that no late line can change any more."""
    return series_of(w).bucket - 2


def runs(w: LogWatch, result: str) -> int:
    """Windows that ended so."""
    return int(w._metrics.runs.labels(result)._value.get())


def counted(w: LogWatch, group: str = "/app/a") -> Counter[int]:
    """Lines per final bucket, from the ring of the group total (six hours)."""
    monitor = series_of(w, group)
    last = monitor.bucket
    row = monitor.counts[0]
    return Counter({last - (len(row) - 1) + i: int(n) for i, n in enumerate(row) if n})


def truth(logs: Logs, until: int) -> Counter[int]:
    return Counter(e.at_ms // 1000 // BUCKET for e in logs.events if e.at_ms // 1000 // BUCKET <= until)


async def ticks(logs: Logs, count: int, *watches: LogWatch, first: int = 0) -> None:
    for i in range(first, first + count):
        logs.clock.seconds = max(logs.clock.seconds, START + (i + 1) * BUCKET + 65)
        for each in watches:
            await each.tick()
