"""Everything at once, over seeds: whatever goes wrong in reading, each line is in its own bucket once.

Three tasks share the group. Lines are late, share their millisecond, come twice on overlapping pages; calls are throttled in mid-page;
tasks die in mid-tick, are asked to leave in mid-read, lose their replies, or nobody runs for hours.
"""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import pytest

from aiops_daemon.logwatch.watch import LogWatch
from tests.doubles.cloudwatch import Clock, Dynamo, Event, Logs
from tests.doubles.log_watching import BUCKET, START, Told, counted, events, group_of, newest_final, runs, truth, watch

HOURS = 10


class Died(BaseException):
    """The process is gone: nothing below it is run any more, no slot is freed."""


class Shaky(Logs):
    """`leave_after` pages from now, whoever reads is gone or is asked to leave."""

    leave_after = -1
    how: type[BaseException] = Died

    async def filter_log_events(self, **parameters: Any) -> Mapping[str, Any]:
        self.leave_after -= 1
        if self.leave_after == 0:
            raise self.how
        return await super().filter_log_events(**parameters)


async def run(task: LogWatch) -> None:
    try:
        await task.tick()
    except* (Died, asyncio.CancelledError):
        task._cache.clear()  # another process, when it comes back


def mishap(rng: random.Random, logs: Shaky, dynamo: Dynamo) -> None:
    match rng.randrange(6):
        case 0:
            dynamo.fail_on = rng.choice(("STATE#", "GROUP#", "BOOK", "JOB#"))
        case 1:
            dynamo.lose_reply_on = rng.choice(("GROUP#", "BOOK", "JOB#"))
        case 2:
            logs.leave_after, logs.how = rng.randrange(1, 6), rng.choice((Died, asyncio.CancelledError))
        case 3:
            logs.throttle = 0.4
        case _:
            logs.throttle = 0.0


def latest(tasks: list[LogWatch]) -> LogWatch:
    return max((task for task in tasks if "/app/a" in task._cache), key=lambda task: task._cache["/app/a"][0])


@pytest.mark.parametrize("seed", range(10))
async def test_nothing_is_missed_and_nothing_doubled(seed: int) -> None:
    rng = random.Random(seed)
    dynamo, told = Dynamo(), Told()
    logs = Shaky(Clock(START), rng, events(rng, HOURS * 60, 2, late=0.3), page=rng.choice((2, 7, 40)))
    tasks = [watch(logs, dynamo, told, f"task-{n}") for n in range(3)]
    window = 1
    while window < HOURS * 12:
        logs.clock.seconds = max(logs.clock.seconds, START + window * BUCKET + 65)
        mishap(rng, logs, dynamo)
        for task in rng.sample(tasks, rng.randrange(1, 4)):
            await run(task)
        window += rng.choice((1, 1, 1, 1, 2, 9))  # now and then nobody runs, once in a while for most of an hour
    logs.throttle, logs.leave_after, dynamo.fail_on, dynamo.lose_reply_on = 0.0, -1, "", ""
    logs.clock.seconds = START + (HOURS * 12 + 6) * BUCKET + 65
    for task in tasks:
        await run(task)
    newest = latest(tasks)
    final = newest_final(newest)
    assert final >= START // BUCKET + HOURS * 12
    found, expected = counted(newest), truth(logs, final)
    for bucket in range(final - 60, final + 1):
        assert found[bucket] == expected[bucket], f"bucket {bucket - START // BUCKET} of seed {seed}"
    assert group_of(newest).open.too_late == 0


async def test_a_day_without_anybody_is_caught_up_whole() -> None:
    """In one run, hour by hour; more than the six hours that a group keeps are seen, so every bucket is looked at as it is judged."""
    rng = random.Random(3)
    logs = Logs(Clock(START + 3 * BUCKET + 65), rng, events(rng, 25 * 60, 1, late=0), page=500)
    w = watch(logs, Dynamo(), Told())
    await w.tick()
    logs.clock.seconds += 86_000
    judged: dict[int, int] = {}
    fresh = w._fresh

    def spied(name: str) -> Any:
        group = fresh(name)
        step = group.step

        def seen() -> Any:
            made = step()
            assert group.monitor is not None
            judged[group.monitor.bucket] = int(group.monitor.counts[0, -1])
            return made

        group.step = seen  # type: ignore[method-assign]  # to look at each bucket
        return group

    w._cache.clear()
    w._fresh = spied
    await w.tick()
    assert len(judged) >= 280
    expected = truth(logs, max(judged))
    assert judged == {bucket: expected[bucket] for bucket in judged}


async def test_a_task_that_died_in_its_window_is_followed_by_another_when_its_time_is_over() -> None:
    rng = random.Random(5)
    logs = Shaky(Clock(START + BUCKET + 65), rng, [Event(f"e{i}", "s", (START + i) * 1000, "INFO x", 0) for i in range(300)])
    dynamo = Dynamo()
    dying, heir = watch(logs, dynamo, Told(), "task-1"), watch(logs, dynamo, Told(), "task-2")
    logs.leave_after = 1
    await run(dying)
    await heir.tick()
    assert runs(heir, "elsewhere") == 1, "it may be alive"
    logs.clock.seconds += 230
    await heir.tick()
    assert runs(heir, "elsewhere") == 2, "not yet"
    logs.clock.seconds += 11  # four minutes and a second: still the same window
    await heir.tick()
    assert runs(heir, "ok") == 1
    assert counted(heir)[START // BUCKET] == 300
