"""Switch and budgets: what they allow, what they remember, and what doubt does."""

from datetime import timedelta

from aiops_daemon.incidents.guards import SWITCH, Budget, KillSwitch
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import TestClock

HOUR = timedelta(hours=1)


async def test_the_switch_says_who_and_why_and_doubt_is_a_stop() -> None:
    table, clock = MemoryTable(), TestClock()
    switch = KillSwitch(table, clock)
    assert await switch.stopped() is None
    await switch.set(stopped=True, by="ann", reason="drill")
    stop = await switch.stopped()
    assert stop is not None
    assert (stop.by, stop.reason, stop.at) == ("ann", "drill", "2026-03-02T03:00:00.000000Z")
    await switch.set(stopped=False, by="ann", reason="over")
    assert await switch.stopped() is None
    table.items[SWITCH] = {"incident_id": SWITCH, "by": "?"}
    assert await switch.stopped() is not None, "an item that does not say so is a stop"


async def test_a_budget_counts_payers_and_begins_again_with_the_window() -> None:
    table, clock = MemoryTable(), TestClock()
    budget = Budget(table, clock, name="recoveries", limit=2, window=HOUR)
    assert [await budget.spend(who, "acct") for who in ("a", "b", "a", "c")] == [True, True, True, False]
    assert await budget.spend("c", "other")
    clock.advance(3600)
    assert await budget.spend("c", "acct")
