"""Guard rails where two processes meet: every read of theirs happens before either writes. And the storm, which belongs to the whole fleet.

The mutants (test_mutants.py) run the same races: a rail that only looks at what it read, or writes without a condition, must fail here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.budgets import Budget, CostBudget
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.incident import State
from aiops_daemon.model.notice import NoticeKind
from tests.doubles.faults import Fault, Faults, FaultyTable, Killed
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import Fleet, TestClock, stopped

HOUR = timedelta(hours=1)


class Interleaved(MemoryTable):
    """Whoever calls lets the other go first: two tasks read both, and then write both."""

    async def get(self, key: str) -> dict[str, Any] | None:
        await asyncio.sleep(0)
        return await super().get(key)

    async def put(self, *arguments: Any) -> None:
        await asyncio.sleep(0)
        await super().put(*arguments)

    async def update(self, *arguments: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return await super().update(*arguments)


async def at_once(*calls: Awaitable[Any]) -> list[Any]:
    async def one(call: Awaitable[Any]) -> Any:
        return await call

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(call)) for call in calls]
    return [task.result() for task in tasks]


async def two_failures_are_two() -> None:
    table, clock = Interleaved(), TestClock()
    await at_once(*(Breaker(table, clock).record("a", incident=f"inc-{n}", good=False) for n in range(3)))
    state = await Breaker(table, clock).look("a")
    assert (state.failures, len(state.recent)) == (3, 3), "a failure was lost"
    assert state.open_since is not None


async def one_probe_in_the_whole_fleet() -> None:
    table, clock = Interleaved(), TestClock()
    for n in range(3):
        await Breaker(table, clock).record("a", incident=f"inc-{n}", good=False)
    clock.advance(3600)
    taken = await at_once(*(Breaker(table, clock).take_probe("a", incident=f"p-{n}", hold=HOUR) for n in range(3)))
    assert taken.count(True) == 1, "more than one probe"


async def closing_what_somebody_reopens() -> None:
    """A person closes the breaker while its probe fails: whichever comes first, the failure is not forgotten."""
    table, clock = Interleaved(), TestClock()
    for n in range(3):
        await Breaker(table, clock).record("a", incident=f"inc-{n}", good=False)
    clock.advance(3600)
    await Breaker(table, clock).take_probe("a", incident="p-1", hold=HOUR)

    async def close() -> None:
        try:
            await Breaker(table, clock).close("a", by="ann", reason="x")
        except Exception:  # noqa: BLE001, S110  # it may be refused; what stands in the table is what counts
            pass

    await at_once(Breaker(table, clock).record("a", incident="p-1", good=False), close())
    assert any(mark.endswith("|p-1") for mark in table.items["BREAKER#a"]["recent"]), "the probe's failure is forgotten"


async def a_budget_of_two_is_two() -> None:
    table, clock = Interleaved(), TestClock()
    budgets = [Budget(table, clock, name="recoveries", limit=2, window=HOUR) for _ in range(4)]
    paid = await at_once(*(budget.spend(f"inc-{n}", "acct") for n, budget in enumerate(budgets)))
    assert paid.count(True) == 2, "more than the budget"
    assert await at_once(*(budgets[n].spend(f"inc-{n}", "acct") for n in range(4))) == paid, "who paid has paid"


async def the_money_is_spent_once() -> None:
    table, clock = Interleaved(), TestClock()
    purses = [CostBudget(table, clock, name="model-cost", dollars=1.0, window=HOUR, ids=lambda n=n: f"r{n}") for n in range(3)]  # type: ignore[misc]  # mypy reads the default as a second argument
    receipts = await at_once(*(purse.reserve(0.6) for purse in purses))
    assert [receipt is not None for receipt in receipts].count(True) == 1, "more than the budget"
    (receipt,) = filter(None, receipts)
    await at_once(purses[0].settle(receipt, 0.1), purses[1].settle(receipt, 0.1))
    assert await purses[2].used() == 0.1, "settled twice"


async def a_storm_belongs_to_the_fleet() -> None:
    """Six instances fail together, each worked on by another process: two recoveries, one storm, one page."""
    fleet = Fleet(storm_resources=3)
    for n in range(6):
        workers = fleet.workers(f"w{n}")
        await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}"))
        await workers.drain()
    states = sorted(item["workflow_state"] for key, item in fleet.memory.items.items() if key.startswith("inc-"))
    assert states == [State.AWAITING_APPROVAL] * 4 + [State.COMPLETED] * 2, states
    assert [notice.kind for _, notice in fleet.world.delivered].count(NoticeKind.STORM) == 1


async def one_resource_makes_no_storm() -> None:
    """The same instance is reported four times: one failure, however often it is told."""
    fleet = Fleet(storm_resources=3)
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.5})
    workers = fleet.workers()
    for n in range(4):
        await fleet.admit(workers, stopped(event_id=f"e{n}", at=fleet.clock.now()))
        await workers.drain()
        fleet.memory.items.pop("RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0")  # so that each comes as far as the storm
        fleet.clock.advance(1)
    assert NoticeKind.STORM not in [notice.kind for _, notice in fleet.world.delivered], "one resource is no storm"


async def one_leader() -> None:
    """The storm's last two members come at the same moment: one of them speaks for all."""
    fleet = Fleet(Interleaved(), storm_resources=2)
    assert isinstance(fleet.table, Interleaved)
    fleet.memory = fleet.table
    workers = [fleet.workers(f"w{n}") for n in range(4)]
    for n, worker in enumerate(workers):
        await fleet.admit(worker, stopped(f"i-{n:017x}", f"e{n}"))
    held = []
    for worker, seen in zip(workers, await workers[0].tools.journal.due(4), strict=True):
        taken = await worker.take(seen)
        assert taken is not None
        held.append(worker._work(taken))
    await at_once(*held)
    pages = [notice.incident_id for _, notice in fleet.world.delivered if notice.kind is NoticeKind.STORM]
    assert len(pages) == 1, f"{len(pages)} leaders"


@pytest.mark.parametrize("fault", Fault)
async def test_whatever_happens_to_the_writes_the_money_spent_is_never_under_counted(fault: Fault) -> None:
    for at in (1, 2):
        fleet = Fleet()
        paid = 0.0
        for table in (FaultyTable(fleet, Faults(at, fault)), fleet.memory):  # the second is the successor, who asks again
            purse = CostBudget(table, fleet.clock, name="model-cost", dollars=1.0, window=HOUR, ids=fleet.new_id)
            try:
                receipt = await purse.reserve(0.4)
                assert receipt is not None
                paid += 0.1  # the call
                await purse.settle(receipt, 0.1)
            except (RetryLater, Killed):
                pass
        used = await CostBudget(fleet.memory, fleet.clock, name="model-cost", dollars=1.0, window=HOUR, ids=fleet.new_id).used()
        assert paid - 1e-9 <= used <= 0.5 + 1e-9, (fault, at)
        if fault is Fault.RETRIED:
            assert used == pytest.approx(paid), "a write that is sent again counts once"


RACES: tuple[Callable[[], Awaitable[None]], ...] = (
    two_failures_are_two,
    one_probe_in_the_whole_fleet,
    closing_what_somebody_reopens,
    a_budget_of_two_is_two,
    the_money_is_spent_once,
    a_storm_belongs_to_the_fleet,
    one_resource_makes_no_storm,
    one_leader,
)


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
async def test_rails_hold_where_processes_meet(race: Callable[[], Awaitable[None]]) -> None:
    await race()
