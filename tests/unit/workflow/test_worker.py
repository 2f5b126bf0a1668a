"""The workers themselves: room, heartbeat, nudges, errors, quarantine, and what a dead or a full process leaves to others."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.journal import MAX_TAKEOVERS
from aiops_daemon.model.errors import AiopsError, RetryLater
from aiops_daemon.model.incident import WORKFLOW_VERSION, Outcome, Signal, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.verdict import Provenance
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.admission import Triage as Judged
from aiops_daemon.workflow.worker import MAX_ERRORS, Workers
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import Fleet, TestClock, stopped


class StillClock(TestClock):
    """Long sleeps end only when their task is cancelled: nothing beats by itself."""

    async def sleep(self, seconds: float) -> None:
        if seconds >= 1:
            await asyncio.Event().wait()
        await asyncio.sleep(0)


class YieldingClock(TestClock):
    """Sleeping also lets the other tasks run."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


def still(**settings: Any) -> Fleet:
    fleet = Fleet(**settings)
    fleet.world.clock = StillClock()
    return fleet


async def until(workers: Workers, reached: Callable[[], bool]) -> None:
    for _ in range(5000):
        if reached():
            return
        workers.nudge()
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


@contextlib.asynccontextmanager
async def running(workers: Workers) -> AsyncIterator[None]:
    """The loop of a daemon beside the test."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(workers.run(stop))
        await until(workers, lambda: workers._group is not None)
        try:
            yield
        finally:
            stop.set()
            workers.nudge()


async def admit_held(fleet: Fleet, workers: Workers, event_id: str = "e1") -> Held | None:
    verdict = fleet.rules.verdict
    admission = Admission(workers.tools.journal, fleet.clock, lambda _: verdict, lambda _: Provenance())
    return (await admission.admit(stopped(event_id=event_id), Judged(Provenance(), verdict), workers.owner_if_room())).held


async def test_the_loop_takes_what_is_due_and_stops_when_told() -> None:
    fleet = still()
    workers = fleet.workers()
    await fleet.admit(workers, stopped())
    async with running(workers):
        await until(workers, lambda: not fleet.open())
    assert sum(fleet.world.starts.values()) == 1
    await workers.idle()
    assert workers.owner_if_room() is None, "a stopped process admits nothing for itself"


async def test_what_intake_admits_is_worked_on_at_once_and_a_stopped_process_leaves_it_to_others() -> None:
    fleet = still()
    workers = fleet.workers()
    async with running(workers):
        held = await admit_held(fleet, workers)
        assert held is not None
        workers.start(held)
        assert workers.free == fleet.settings.max_active - 1
        await workers.idle()
    assert not fleet.open()
    workers.start(held)
    assert workers.free == fleet.settings.max_active


async def test_no_more_than_max_active_at_once() -> None:
    fleet = still(max_active=2)
    workers = fleet.workers()
    gate, began = asyncio.Event(), []
    most = 0
    inner = fleet.action.start

    async def slow(call: Any) -> Any:
        nonlocal most
        began.append(call.token)
        most = max(most, fleet.settings.max_active - workers.free)
        await gate.wait()
        return await inner(call)

    fleet.action.start = slow  # type: ignore[method-assign]  # the action takes its time
    for n in range(4):
        await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}"))
    async with running(workers):
        await until(workers, lambda: len(began) == 2)
        assert workers.owner_if_room() is None
        await workers._scan()
        assert len(began) == 2
        gate.set()
        await until(workers, lambda: not fleet.open())
    assert (len(began), most) == (4, 2)


async def test_a_nudge_never_delays_an_earlier_one() -> None:
    workers = Fleet().workers()
    workers.nudge(5)
    workers.nudge(60)
    assert workers._soonest == 5
    workers.nudge(1)
    assert workers._soonest == 1


async def test_the_pause_ends_at_the_nudge_or_at_the_interval() -> None:
    fleet = Fleet(scan_interval_seconds=0.01)
    workers = Workers(fleet.tools(), "a")
    stop = asyncio.Event()
    workers.nudge(0)
    await workers._pause(stop)
    assert workers._soonest is None
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(workers._pause(stop))
        await asyncio.sleep(0)
        workers.nudge(0.005)
        fleet.clock.advance(0.005)
        await task


async def test_a_scan_that_fails_is_only_a_scan() -> None:
    fleet = Fleet()
    workers = fleet.workers()

    async def due(limit: int) -> Any:
        raise RetryLater("throttled")

    workers.tools.journal.due = due  # type: ignore[method-assign]  # the table is away
    await workers._scan()
    assert workers.ready == "incidents cannot be read: throttled"


@pytest.mark.parametrize("error", [RetryLater("throttled"), ValueError("a bug"), AiopsError("odd")])
async def test_errors_back_off_longer_each_time_and_end_as_failed(error: Exception) -> None:
    fleet = Fleet()
    workers = fleet.workers()

    async def similar(event: Any) -> Any:
        raise error

    workers.tools.history.similar = similar  # type: ignore[method-assign]  # the index is away
    incident_id = await fleet.admit(workers, stopped())
    pauses: list[float] = []
    for _ in range(MAX_ERRORS):
        await workers.drain()
        incident = await fleet.incident(incident_id)
        assert incident.due_at is not None
        assert incident.owner is None
        pauses.append((incident.due_at - fleet.clock.now()).total_seconds())
        fleet.clock.advance(pauses[-1])
    assert pauses == [15, 30, 60, 120, 240, 480, 600, 600]
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome, incident.takeovers) == (State.FAILED, Outcome.FAILED, 0)
    assert type(error).__name__ in incident.audit[-1].note
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.FAILED]


async def test_six_dead_owners_are_enough() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    for _ in range(MAX_TAKEOVERS + 2):
        (seen,) = await workers.tools.journal.due(1)
        held = await workers.take(seen)
        assert held is not None
        fleet.clock.advance(31)
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert incident.workflow_state is State.QUARANTINED
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.QUARANTINED]
    assert not fleet.world.starts
    assert workers.tools.metrics.incidents.takeovers._value.get() == MAX_TAKEOVERS + 2


async def test_an_end_that_cannot_be_delivered_at_all_backs_off_and_stays_open() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    close = workers.tools.journal.close

    async def away(held: Held, entries: Any = ()) -> None:
        raise RetryLater("throttled")

    workers.tools.journal.close = away  # type: ignore[method-assign]  # throttled at the very end
    await workers.drain()
    assert (await fleet.incident(incident_id)).due_at is not None
    workers.tools.journal.close = close  # type: ignore[method-assign]
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED


async def test_a_record_that_cannot_be_written_is_left_to_the_lease() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    transition = workers.tools.journal.transition

    async def away(held: Held, *changes: Any) -> None:
        raise RetryLater("throttled")

    workers.tools.journal.transition = away  # type: ignore[method-assign]  # the table is away
    (seen,) = await workers.tools.journal.due(1)
    held = await workers.take(seen)
    assert held is not None
    await workers._work(held)
    workers.tools.journal.transition = transition  # type: ignore[method-assign]
    assert (await fleet.incident(incident_id)).owner == held.owner
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED


class SignalsBeforeThePark(MemoryTable):
    """The operator answers between the worker's last look and its park."""

    said = False

    async def update(self, key: str, expression: str, condition: str, values: Any, names: Any = None) -> dict[str, Any]:
        if "released" in values and not self.said and self.items[key]["workflow_state"] == State.AWAITING_APPROVAL:
            self.said = True
            said = Signal(signal_id="s1", decision="approve", by="ann", reason="", at=stopped().occurred_at)
            self.items[key]["signals"] = {"s1": said.model_dump_json()}
        return await super().update(key, expression, condition, values, names)


async def test_an_answer_in_the_last_moment_before_the_park_is_not_slept_over() -> None:
    fleet = Fleet()
    fleet.memory = fleet.table = SignalsBeforeThePark()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    workers = fleet.workers()
    began = fleet.clock.now()
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED
    assert fleet.clock.now() - began < timedelta(minutes=2)


async def test_incidents_of_newer_code_are_left_alone_and_do_not_hide_ours() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    newer = [await fleet.admit(workers, stopped(f"i-{n:017x}", f"new{n}")) for n in range(30)]
    for key in newer:
        fleet.memory.items[key]["workflow_version"] = WORKFLOW_VERSION + 1
    fleet.clock.advance(1)
    ours = await fleet.admit(workers, stopped())
    await workers.drain()
    assert (await fleet.incident(ours)).workflow_state is State.COMPLETED
    assert {(await fleet.incident(key)).fence for key in newer} == {1}


async def test_one_unreadable_item_does_not_stop_the_others() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    broken = await fleet.admit(workers, stopped("i-broken", "e0"))
    fleet.memory.items[broken]["event_details"] = "{"
    ours = await fleet.admit(workers, stopped())
    await workers.drain()
    assert (await fleet.incident(ours)).workflow_state is State.COMPLETED


async def test_a_backlog_is_looked_at_when_there_is_room_again_not_at_the_next_scan() -> None:
    fleet = still(max_active=4, scan_interval_seconds=3600, storm_resources=100, recoveries_per_account_and_hour=100)
    workers = fleet.workers()
    looks: list[int] = []
    due = workers.tools.journal.due

    async def counted(limit: int) -> Any:
        looks.append(limit)
        return await due(limit)

    workers.tools.journal.due = counted  # type: ignore[method-assign]  # looks on
    for n in range(10):
        await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}"))
    async with running(workers):
        for _ in range(5000):  # nobody nudges, and no scan is due for an hour
            if not fleet.open():
                break
            await asyncio.sleep(0)
        assert not fleet.open()
    assert max(looks) == 4
    assert len(looks) <= 12
