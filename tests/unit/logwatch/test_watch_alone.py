"""What goes wrong stays where it is: a group, a run, a task that leaves, a state of another time."""

import asyncio
import random
from typing import Any

import pytest
import structlog

from aiops_daemon.logwatch.reader import ReadCount
from aiops_daemon.logwatch.store import Head, PatternStore
from aiops_daemon.model.errors import ConditionFailed, RetryLater
from tests.doubles.cloudwatch import Clock, Dynamo, Logs
from tests.doubles.log_watching import BUCKET, START, Told, counted, events, newest_final, runs, ticks, truth, watch


async def test_one_group_that_fails_does_not_stop_the_others() -> None:
    rng = random.Random(9)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 2), throttle=1.0)
    w = watch(logs, Dynamo(), Told(), groups=("/app/a", "/app/b"))
    await w.tick()
    assert runs(w, "failed") == 2
    logs.throttle = 0
    await w.tick()  # the slots are free again
    assert runs(w, "ok") == 2


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
    assert runs(w, "failed") >= 2


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
    assert runs(after, "ok") == 1
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
    assert runs(late, "failed") == 1
    assert dynamo.items["GROUP#/app/a"]["checkpoint"] == before["checkpoint"]


async def test_a_bug_that_one_group_sets_off_does_not_blind_the_watch_to_the_others() -> None:
    rng = random.Random(12)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 2))
    dynamo = Dynamo()
    w = watch(logs, dynamo, Told(), groups=("/app/a", "/app/b"))
    read = w._reader.read

    async def broken(group: str, *rest: Any, **more: Any) -> ReadCount:
        if group == "/app/a":
            raise IndexError("list index out of range")
        return await read(group, *rest, **more)

    w._reader.read = broken  # type: ignore[method-assign]  # a bug below
    with structlog.testing.capture_logs() as said:
        await w.tick()
    assert (runs(w, "failed"), runs(w, "ok")) == (1, 1)
    (line,) = [line for line in said if line["log_level"] == "error"]
    assert (line["log_group"], line["exc_info"]) == ("/app/a", True)
    w._reader.read = read  # type: ignore[method-assign]
    await w.tick()  # in the same window: its slot was freed
    assert counted(w)


async def test_a_watch_that_is_cancelled_hands_its_slot_over() -> None:
    rng = random.Random(13)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 2))
    dynamo = Dynamo()
    leaving, staying = watch(logs, dynamo, Told(), "task-1"), watch(logs, dynamo, Told(), "task-2")
    reached = asyncio.Event()

    async def never(*_: Any, **__: Any) -> ReadCount:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError("cancelled before")

    leaving._reader.read = never  # type: ignore[method-assign]  # in mid-read
    async with asyncio.TaskGroup() as group:
        task = group.create_task(leaving.tick())
        await reached.wait()
        await staying.tick()
        assert runs(staying, "elsewhere") == 1
        task.cancel()
    assert runs(leaving, "cancelled") == 1
    await staying.tick()
    assert runs(staying, "ok") == 1


@pytest.mark.parametrize(("stored", "minutes", "result"), [(1, 5, "ok"), (99, 5, "failed"), (99, 70, "ok")], ids=str)
async def test_a_state_of_another_version(stored: int, minutes: int, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older one is learned anew; a newer one is left alone while a newer daemon runs, so that a rolling update loses nothing."""
    rng = random.Random(14)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 240, 2, late=0))
    dynamo = Dynamo()
    with monkeypatch.context() as patched:
        patched.setattr("aiops_daemon.logwatch.state.VERSION", stored)
        await ticks(logs, 6, watch(logs, dynamo, Told()))
    kept = dict(dynamo.items)
    logs.clock.seconds += minutes * 60
    w = watch(logs, dynamo, Told(), "task-2", history_seconds=14_400)
    await w.tick()
    assert runs(w, result) == 1
    if result == "ok":
        final = newest_final(w)
        assert {b: n for b, n in counted(w).items() if b <= final} == dict(truth(logs, final))
    else:
        assert dynamo.items == kept, "neither state nor checkpoint nor slot"


async def test_a_slot_that_cannot_be_freed_frees_itself() -> None:
    rng = random.Random(15)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 2), throttle=1.0)
    w = watch(logs, Dynamo(), Told())

    async def away(group: str, window: int) -> None:
        raise RetryLater(f"the table is away: {group} {window}")

    w._store.free_slot = away  # type: ignore[method-assign]  # of all moments
    await w.tick()
    logs.throttle = 0
    logs.clock.seconds += 241
    await w.tick()
    assert (runs(w, "failed"), runs(w, "ok")) == (1, 1)


async def test_a_table_that_does_not_answer_keeps_nobody_from_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiops_daemon.logwatch.watch._GOING_SECONDS", 0.01)
    rng = random.Random(16)
    logs = Logs(Clock(START + BUCKET), rng, events(rng, 60, 2))
    w = watch(logs, Dynamo(), Told())
    reached = asyncio.Event()

    async def never(*_: Any, **__: Any) -> Any:
        reached.set()
        await asyncio.Event().wait()

    w._reader.read = never  # type: ignore[method-assign]  # in mid-read
    w._store.free_slot = never  # type: ignore[method-assign]  # and the table is away
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(w.run())
        await reached.wait()
        task.cancel()
    assert task.cancelled()
