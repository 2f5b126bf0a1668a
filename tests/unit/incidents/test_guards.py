"""Switch, budgets, breaker: what they allow, what they remember, and what doubt does."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.guards import SWITCH, Breaker, Budget, KillSwitch
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


@pytest.mark.parametrize(
    ("marks", "open_"),
    [
        ("bb", False),
        ("bbb", True),  # three in a row
        ("bbgb", False),
        ("ggggb", False),  # one of five
        ("gggbb", True),  # two of five are more than 30 %
        ("bgbgg", True),
    ],
)
async def test_the_breaker_opens_on_a_row_or_a_share_of_failures(marks: str, open_: bool) -> None:
    breaker = Breaker(MemoryTable(), TestClock())
    for n, mark in enumerate(marks):
        await breaker.record("ec2.start", incident=f"inc-{n}", good=mark == "g")
    assert ((await breaker.look("ec2.start")).open_since is not None) is open_
    assert (await breaker.look("rds.start")).open_since is None


async def test_one_incident_counts_once_and_old_failures_are_forgotten() -> None:
    clock = TestClock()
    breaker = Breaker(MemoryTable(), clock)
    for _ in range(5):
        assert (await breaker.record("a", incident="inc-1", good=False)).failures == 1
    for n in range(4):
        clock.advance(1201)
        await breaker.record("a", incident=f"ok-{n}", good=True)
    assert len((await breaker.look("a")).recent) == 3


async def test_only_a_human_closes_an_open_breaker() -> None:
    clock = TestClock()
    breaker = Breaker(MemoryTable(), clock)
    for n in range(3):
        await breaker.record("a", incident=f"inc-{n}", good=False)
    opened = await breaker.look("a")
    clock.advance(7200)
    after = await breaker.record("a", incident="inc-9", good=True)
    assert (after.open_since, after.reason) == (opened.open_since, "3 recoveries in a row failed")
    await breaker.reset("a", "ann")
    assert (await breaker.look("a")).open_since is None
    assert (await breaker.record("a", incident="inc-10", good=False)).failures == 1


class Raced(MemoryTable):
    """Another worker counts between our look and our write, once."""

    raced = False

    async def put(self, item: Any, condition: str | None = None, values: Any = None) -> None:
        if not self.raced and item["incident_id"].startswith("BREAKER#"):
            self.raced = True
            await Breaker(self, TestClock()).record("a", incident="theirs", good=False)
        await super().put(item, condition, values)


async def test_two_that_count_at_the_same_moment_both_count() -> None:
    breaker = Breaker(Raced(), TestClock())
    assert (await breaker.record("a", incident="ours", good=False)).failures == 2
