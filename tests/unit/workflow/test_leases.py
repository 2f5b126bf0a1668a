"""One task keeps the leases of everything that is worked on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from aiops_daemon.incidents.change import Change
from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.stamps import unstamp
from aiops_daemon.model.errors import LostOwnership, RetryLater
from aiops_daemon.model.incident import State
from aiops_daemon.workflow.leases import AT_ONCE, Leases
from tests.doubles.world import Fleet, stopped

LEASE = 30


class Beats:
    """Leases whose time the test moves, and what they renewed."""

    def __init__(self, lease_seconds: float = LEASE) -> None:
        self.fleet = Fleet(lease_seconds=lease_seconds)
        self.journal = self.fleet.tools().journal
        self.leases = Leases(self.journal, self.fleet.clock)
        self.renewed: Counter[str] = Counter()
        self.fails: Exception | None = None
        inner = self.journal.renew

        async def renew(held: Held) -> None:
            self.renewed[held.incident_id] += 1
            if self.fails is not None:
                raise self.fails
            await inner(held)

        self.journal.renew = renew  # type: ignore[method-assign]  # looks on

    async def held(self, number: int = 0) -> Held:
        workers = self.fleet.workers()
        await self.fleet.admit(workers, stopped(f"i-{number:017x}", f"e{number}"))
        (seen,) = await self.journal.due(1)
        held = await workers.take(seen)
        assert held is not None
        self.leases.hold(held)
        return held

    async def after(self, seconds: float) -> None:
        self.fleet.clock.advance(seconds)
        await self.leases._look(self.fleet.clock.now() + timedelta(seconds=LEASE * 2 / 3))

    def left(self, held: Held) -> float:
        due = unstamp(self.fleet.memory.items[held.incident_id]["due_at"])
        return (due - self.fleet.clock.now()).total_seconds()


async def test_what_has_less_than_two_thirds_left_is_renewed_and_nothing_else() -> None:
    beats = Beats()
    held = await beats.held()
    await beats.after(LEASE / 6)
    assert not beats.renewed
    await beats.after(LEASE / 6)
    assert (beats.renewed[held.incident.incident_id], beats.left(held)) == (1, LEASE)
    await beats.after(LEASE / 6)
    await beats.journal.transition(held, Change(State.ANALYZING, "a write renews as well"))
    await beats.after(LEASE / 6)
    assert beats.renewed.total() == 1


async def test_a_missed_beat_is_made_up_for_and_a_lost_incident_or_a_finished_one_is_left_alone() -> None:
    beats = Beats()
    held = await beats.held()
    beats.fails = RetryLater("throttled")
    await beats.after(LEASE / 2)
    beats.fails = None
    await beats.after(LEASE / 6)
    assert (beats.renewed.total(), beats.left(held)) == (2, LEASE)
    beats.fleet.memory.items[held.incident.incident_id]["owner"] = "another"
    for _ in range(3):
        await beats.after(LEASE / 2)
    assert beats.renewed.total() == 3  # once, to learn it
    with pytest.raises(LostOwnership):
        await beats.journal.renew(held)
    other = Beats()
    done = await other.held()
    other.leases.drop(done)
    await other.after(LEASE)
    assert not other.renewed


async def test_many_are_renewed_in_portions_and_one_that_ends_meanwhile_is_not() -> None:
    beats = Beats()
    held = [await beats.held(number) for number in range(AT_ONCE + 1)]
    at_once: list[int] = []
    inner, running = beats.journal.renew, 0

    async def renew(one: Held) -> None:
        nonlocal running
        running += 1
        at_once.append(running)
        beats.leases.drop(held[-1])
        await asyncio.sleep(0)
        running -= 1
        await inner(one)

    beats.journal.renew = renew  # type: ignore[method-assign,assignment]  # looks on
    await beats.after(LEASE / 2)
    assert (max(at_once), beats.renewed.total()) == (AT_ONCE, AT_ONCE)


async def test_a_renewal_that_hangs_is_given_up_and_holds_up_no_other() -> None:
    beats = Beats()
    held = [await beats.held(number) for number in range(AT_ONCE + 1)]
    inner = beats.journal.renew
    asked: list[str] = []

    async def renew(one: Held) -> None:
        asked.append(one.owner)
        if one is held[0]:
            await asyncio.Event().wait()  # a connection that nobody answers
        await inner(one)

    beats.journal.renew = renew  # type: ignore[method-assign,assignment]  # looks on
    beats.journal.lease = timedelta(seconds=0.06)
    await beats.after(LEASE)
    assert (len(asked), beats.renewed.total()) == (AT_ONCE + 1, AT_ONCE)


@asynccontextmanager
async def beating(leases: Leases) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(leases.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(("lease", "beat"), [(LEASE, 1.0), (5, 5 / 6)])
async def test_it_looks_every_second_and_six_times_a_lease_where_that_is_more_often(lease: int, beat: float) -> None:
    beats = Beats(lease)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        beats.fleet.clock.advance(seconds)
        await asyncio.sleep(0)

    beats.fleet.clock.sleep = sleep  # type: ignore[method-assign]  # time passes by itself
    held = await beats.held()
    async with beating(beats.leases):
        for _ in range(120):
            await asyncio.sleep(0)
    assert beats.renewed.total() >= 2
    assert set(slept) == {beat}
    assert beats.left(held) > lease / 2


async def test_what_nobody_looks_at_is_packed_and_renewed_all_the_same() -> None:
    beats = Beats()
    held, other = await beats.held(1), await beats.held(2)
    record = held.incident
    for _ in range(2):
        await beats.leases._fold()
        assert other.incident.seq == 2  # somebody works with this one
    assert (held.packed, other.packed) == (True, False)
    await beats.after(LEASE / 2)
    assert (beats.left(held), held.due_at) == (LEASE, beats.fleet.clock.now() + timedelta(seconds=LEASE))
    assert held.packed, "a renewal needs no more than identity and fence"
    assert held.incident == record
    await beats.journal.transition(held, Change(State.ANALYZING, "its call is over"))
    assert held.incident.workflow_state is State.ANALYZING
