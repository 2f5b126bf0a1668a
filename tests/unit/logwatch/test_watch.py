"""No line missed, none doubled: late, repeated, same-millisecond and paged events, restarts, two tasks, throttling."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Deploy
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.logwatch.reader import LogReader
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.store import Head, PatternStore
from aiops_daemon.logwatch.templates import TemplateMiner
from aiops_daemon.logwatch.watch import LogWatch
from aiops_daemon.model.errors import ConditionFailed, RetryLater
from aiops_daemon.telemetry.metrics import LogWatchMetrics
from tests.doubles.cloudwatch import Clock, Dynamo, Event, Logs

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


def watch(logs: Logs, dynamo: Dynamo, told: Told, owner: str = "task-1", **settings: Any) -> LogWatch:
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


def counted(w: LogWatch, group: str = "/app/a") -> Counter[int]:
    """Lines per final bucket, from the ring of the group total (six hours)."""
    monitor = w._cache[group][1].monitor
    assert monitor is not None
    last = monitor.bucket
    row = monitor.counts[0]
    return Counter({last - (len(row) - 1) + i: int(n) for i, n in enumerate(row) if n})


def truth(logs: Logs, until: int) -> Counter[int]:
    return Counter(e.at_ms // 1000 // BUCKET for e in logs.events if e.at_ms // 1000 // BUCKET <= until)


async def ticks(logs: Logs, count: int, *watches: LogWatch, crash: Callable[[int], None] = lambda _: None) -> None:
    for i in range(count):
        logs.clock.seconds = max(logs.clock.seconds, START + (i + 1) * BUCKET + 65)
        crash(i)
        for each in watches:
            await each.tick()


@pytest.mark.parametrize("seed", range(8))
async def test_late_repeated_and_paged_events_are_counted_once(seed: int) -> None:
    rng = random.Random(seed)
    clock = Clock(START + BUCKET + 65)
    logs = Logs(clock, rng, events(rng, 90, 6), page=rng.choice((1, 3, 50)), throttle=0.1)
    w = watch(logs, Dynamo(), Told())
    await ticks(logs, 22, w)
    monitor = w._cache["/app/a"][1].monitor
    assert monitor is not None
    assert monitor.bucket >= START // BUCKET + 20
    final = monitor.bucket - 2
    found = counted(w)
    assert {b: n for b, n in found.items() if b <= final} == dict(truth(logs, final))
    late = w._cache["/app/a"][1].open
    assert late.late > 0
    assert late.too_late == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("where", ["STATE#", "GROUP#", "BOOK"])
async def test_a_crash_in_mid_tick_neither_misses_nor_doubles(seed: int, where: str) -> None:
    rng = random.Random(seed)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 90, 4))
    dynamo, told = Dynamo(), Told()
    w = watch(logs, dynamo, told)
    for i in range(20):
        logs.clock.seconds = START + (i + 1) * BUCKET + 65
        if i % 4 == 2:
            dynamo.fail_on = where
            await w.tick()
            w = watch(logs, dynamo, told, owner=f"task-{i}")  # the process is gone, another one starts
        await w.tick()
    await ticks(logs, 22, w)
    final = w._cache["/app/a"][1].monitor.bucket - 2  # type: ignore[union-attr]  # it has read lines
    assert {b: n for b, n in counted(w).items() if b <= final} == dict(truth(logs, final))


async def test_two_tasks_do_each_window_once_and_go_on_from_each_others_state() -> None:
    rng = random.Random(5)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 90, 4))
    dynamo = Dynamo()
    one, two = watch(logs, dynamo, Told(), "task-1"), watch(logs, dynamo, Told(), "task-2")
    for i in range(20):
        logs.clock.seconds = START + (i + 1) * BUCKET + 65
        await (one if i % 3 else two).tick()
        calls = logs.calls
        await (two if i % 3 else one).tick()
        assert logs.calls == calls, "the second task reads nothing in a window that is done"
    latest = one if one._cache["/app/a"][0] > two._cache.get("/app/a", (0, None))[0] else two
    final = latest._cache["/app/a"][1].monitor.bucket - 2  # type: ignore[union-attr]  # it has read lines
    assert {b: n for b, n in counted(latest).items() if b <= final} == dict(truth(logs, final))


async def test_a_lost_reply_is_not_mistaken_for_another_task() -> None:
    rng = random.Random(3)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 4))
    for where in ("GROUP#", "JOB#", "BOOK"):
        dynamo = Dynamo(lose_reply_on=where)
        w = watch(logs, dynamo, Told())
        logs.clock.seconds = START + 2 * BUCKET + 65
        await w.tick()
        assert w._metrics.runs.labels("ok")._value.get() == 1, where


async def test_missed_ticks_are_caught_up_and_older_ones_skipped() -> None:
    rng = random.Random(4)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 300, 2, late=0))
    dynamo = Dynamo()
    w = watch(logs, dynamo, Told(), catch_up_seconds=14_400)
    await w.tick()
    logs.clock.seconds = START + 180 * 60 + 65  # three hours of outage
    await w.tick()
    final = w._cache["/app/a"][1].monitor.bucket - 2  # type: ignore[union-attr]  # it has read lines
    assert {b: n for b, n in counted(w).items() if b <= final} == dict(truth(logs, final))
    logs.clock.seconds = START + 3 * 86_400 + 65  # three days: only four hours are read, nothing is made up
    await w.tick()
    monitor = w._cache["/app/a"][1].monitor
    assert monitor is not None
    assert not monitor.active, "the gap is no silence"
    assert int(monitor.reset[0]) == (START + 3 * 86_400 + 65 - 14_400) // BUCKET


async def test_a_group_too_large_to_read_is_counted_by_insights_and_comes_back() -> None:
    rng = random.Random(6)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 400, late=0), page=10_000)
    logs.events += [
        Event(f"x{i}", "s", (START + 3600 + i * 60) * 1000, "ERROR error writing", (START + 3600 + i * 60) * 1000) for i in range(120)
    ]
    w = watch(logs, Dynamo(), Told(), max_lines_per_window=1000)
    for i in range(20):
        logs.clock.seconds = START + (i + 1) * BUCKET + 65
        await w.tick()
    assert logs.insights > 3
    found = counted(w)
    for b in range(START // BUCKET + 1, START // BUCKET + 16):
        assert found[b] == truth(logs, b)[b]
    group = w._cache["/app/a"][1]
    assert not group.by_insights, "it has become small again"
    assert group.monitor is not None
    assert not group.monitor.active


async def test_an_outbreak_is_told_once_with_redacted_samples_and_again_when_it_ends() -> None:
    rng = random.Random(7)
    logs = Logs(Clock(START), rng, events(rng, 12 * 60, 3, late=0), page=10_000)
    begin = START + 10 * 3600
    logs.events += [
        Event(f"bad{i}", "s", (begin + i * 7) * 1000, f"ERROR pool {i} has no connection, password=hunter2", (begin + i * 7) * 1000)
        for i in range(120)
    ]
    told = Told()
    told.refuse = 1  # the first announcement fails and is made by a later run
    w = watch(logs, Dynamo(), told)
    await ticks(logs, 142, w)
    assert len(told.opened()) == 1
    alert = told.opened()[0]
    assert alert.cause.kind == "new"
    assert "hunter2" not in "".join(alert.cause.samples)
    assert alert.cause.samples
    assert [change for change, _, _ in told.changes][-1] is Change.CLOSED
    assert len([c for c, _, _ in told.changes if c is Change.CLOSED]) == 1


async def test_a_deploy_that_the_daemon_saw_is_named() -> None:
    rng = random.Random(8)
    logs = Logs(Clock(START), rng, events(rng, 12 * 60, 3, late=0), page=10_000)
    begin = START + 10 * 3600
    logs.events += [
        Event(f"bad{i}", "s", (begin + i * 7) * 1000, f"ERROR reader {i} is too old", (begin + i * 7) * 1000) for i in range(90)
    ]
    told = Told()
    w = watch(logs, Dynamo(), told)
    await w.note_deploy(Deploy(begin - 600, "codedeploy d-123", "/app/a"))
    await ticks(logs, 124, w)
    alert = told.opened()[0]
    assert alert.urgency == "low"
    assert alert.deploy is not None
    assert alert.deploy.name == "codedeploy d-123"
    await w.note_acted(alert.alert_id)
    await w.note_failure("/app/a", alert.at + 600)
    _, book = await w._change_book(lambda book: None)
    assert str(book.ledger.record()) == "my last 1 warnings: 1 right, median 10 minutes early"


async def test_one_group_that_fails_does_not_stop_the_others() -> None:
    rng = random.Random(9)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 2), throttle=1.0)
    w = watch(logs, Dynamo(), Told(), groups=("/app/a", "/app/b"))
    await w.tick()
    assert w._metrics.runs.labels("failed")._value.get() == 2
    logs.throttle = 0
    await w.tick()  # the slots are free again
    assert w._metrics.runs.labels("ok")._value.get() == 2


async def test_the_loop_outlives_a_bad_run() -> None:
    class Stop(BaseException):
        pass

    class Broken(Clock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if self.seconds > START + 4 * BUCKET:
                raise Stop

    clock = Broken(START)
    logs = Logs(clock, random.Random(1))
    w = watch(logs, Dynamo(), Told(), groups=("/app/*",))

    async def broken(**_: Any) -> dict[str, Any]:
        raise ValueError("no such thing")

    logs.describe_log_groups = broken  # type: ignore[method-assign]  # a bug anywhere below
    with pytest.raises(Stop):
        await w.run()
    assert w._metrics.runs.labels("failed")._value.get() >= 2


async def test_a_state_that_has_gone_is_begun_anew_and_says_nothing_false() -> None:
    rng = random.Random(10)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 120, 4, late=0))
    dynamo, told = Dynamo(), Told()
    await ticks(logs, 12, watch(logs, dynamo, told))
    for key in [key for key in dynamo.items if key.startswith("STATE#")]:
        del dynamo.items[key]  # expired: nobody ran for two months
    after = watch(logs, dynamo, told, owner="task-2", history_seconds=7200)
    logs.clock.seconds = START + 13 * BUCKET + 65
    await after.tick()
    assert after._metrics.runs.labels("ok")._value.get() == 1
    found = counted(after)
    assert {b: n for b, n in found.items() if b <= START // BUCKET + 10} == dict(truth(logs, START // BUCKET + 10)), (
        "the history is read anew"
    )
    assert told.changes == []


async def test_a_state_that_another_task_replaced_meanwhile_is_left_to_it() -> None:
    rng = random.Random(11)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 4, late=0))
    dynamo = Dynamo()
    await ticks(logs, 3, watch(logs, dynamo, Told()))

    class Raced(PatternStore):
        async def state(self, head: Head) -> bytes:
            dynamo.items["GROUP#/app/a"]["version"] = {"N": str(head.version + 1)}
            raise ConditionFailed("replaced")

    late = watch(logs, dynamo, Told(), owner="task-2")
    late._store = Raced(dynamo, "aiops-patterns", "task-2")
    logs.clock.seconds += BUCKET
    before = dict(dynamo.items["GROUP#/app/a"])
    await late.tick()
    assert late._metrics.runs.labels("failed")._value.get() == 1
    assert dynamo.items["GROUP#/app/a"]["checkpoint"] == before["checkpoint"]
