"""The fleet's recoveries and calls in a window, and its money: reserved before, settled afterwards, never less than what was spent."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from aiops_daemon.incidents.budgets import Budget, CostBudget
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import TestClock

HOUR = timedelta(hours=1)


def purse(table: MemoryTable, clock: TestClock, dollars: float = 1.0, name: str = "a") -> CostBudget:
    numbers = count()
    return CostBudget(table, clock, name="model-cost", dollars=dollars, window=HOUR, ids=lambda: f"{name}{next(numbers)}")


def spent(table: MemoryTable) -> list[int]:
    return [item["spent"] for item in table.items.values()]


async def test_reservations_of_the_whole_fleet_share_one_budget_and_settling_gives_the_rest_back() -> None:
    table, clock = MemoryTable(), TestClock()
    one, two = purse(table, clock, name="one"), purse(table, clock, name="two")
    first = await one.reserve(0.6)
    assert first is not None
    assert await two.reserve(0.6) is None
    await one.settle(first, 0.1)
    assert await two.used() == pytest.approx(0.1)
    assert await two.reserve(0.9) is not None
    assert await one.reserve(0.000001) is None


async def test_what_was_dearer_than_reserved_is_counted_in_full() -> None:
    table, clock = MemoryTable(), TestClock()
    budget = purse(table, clock)
    receipt = await budget.reserve(0.1)
    assert receipt is not None
    await budget.settle(receipt, 0.35)
    assert spent(table) == [350_000]


async def test_the_next_hour_begins_anew_and_a_late_settlement_finds_its_own_hour() -> None:
    table, clock = MemoryTable(), TestClock()
    budget = purse(table, clock)
    receipt = await budget.reserve(1.0)
    assert receipt is not None
    clock.advance(3600)
    assert await budget.used() == 0
    assert await budget.reserve(1.0) is not None
    await budget.settle(receipt, 0.2)
    assert sorted(spent(table)) == [200_000, 1_000_000]


async def test_no_money_is_no_call_and_fractions_are_rounded_up() -> None:
    table, clock = MemoryTable(), TestClock()
    assert await purse(table, clock, 0).reserve(0.001) is None
    assert await purse(table, clock, 0).used() == 1.0
    assert await purse(table, clock).reserve(0.0000001) is not None
    assert spent(table) == [1]


class Unreliable(MemoryTable):
    """The reply to each write is lost, and the SDK sends it again."""

    async def update(self, *arguments: Any) -> dict[str, Any]:
        await super().update(*arguments)
        return await super().update(*arguments)


async def test_a_write_that_is_sent_twice_counts_once() -> None:
    table, clock = Unreliable(), TestClock()
    budget = purse(table, clock)
    receipt = await budget.reserve(0.4)
    assert receipt is not None
    assert spent(table) == [400_000]
    await budget.settle(receipt, 0.1)
    assert spent(table) == [100_000]


class Deaf(MemoryTable):
    """The settlement never arrives."""

    async def update(self, key: str, expression: str, *more: Any) -> dict[str, Any]:
        if expression.startswith("REMOVE"):
            raise ConnectionError(key)
        return await super().update(key, expression, *more)


async def test_a_settlement_that_is_lost_leaves_the_reservation() -> None:
    table, clock = Deaf(), TestClock()
    budget = purse(table, clock)
    receipt = await budget.reserve(0.4)
    assert receipt is not None
    with pytest.raises(ConnectionError):
        await budget.settle(receipt, 0.1)
    assert spent(table) == [400_000]
    assert await budget.reserve(0.7) is None


async def test_a_budget_counts_payers_and_begins_again_with_the_window() -> None:
    table, clock = MemoryTable(), TestClock()
    budget = Budget(table, clock, name="recoveries", limit=2, window=HOUR)
    assert [await budget.spend(who, "acct") for who in ("a", "b", "a", "c")] == [True, True, True, False]
    assert await budget.spend("c", "other")
    clock.advance(3600)
    assert await budget.spend("c", "acct")
