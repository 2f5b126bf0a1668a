"""The claim on a resource: one holder, no shortening, one charge per incident, a freeze that only a human lifts."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.claims import Claims, claim_key
from aiops_daemon.model.errors import ClaimLost
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import TestClock, stopped

MINUTE = timedelta(minutes=1)


def claims() -> tuple[Claims, MemoryTable, TestClock]:
    table, clock = MemoryTable(), TestClock()
    return Claims(table, clock), table, clock


def test_the_key_names_account_region_and_resource() -> None:
    assert claim_key(stopped()) == "RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0"
    assert claim_key(stopped(), "announce").endswith("#announce")


async def test_the_second_asker_learns_the_holder_until_the_claim_is_over() -> None:
    book, _, clock = claims()
    assert (await book.claim("RES#a", "inc-1", 5 * MINUTE)).mine
    lost = await book.claim("RES#a", "inc-2", 5 * MINUTE)
    assert (lost.mine, lost.holder, lost.until) == (False, "inc-1", clock.now() + 5 * MINUTE)
    clock.advance(301)
    assert (await book.claim("RES#a", "inc-2", 5 * MINUTE)).mine


async def test_claiming_again_never_shortens() -> None:
    book, _, clock = claims()
    first = await book.claim("RES#a", "inc-1", 5 * MINUTE)
    again = await book.claim("RES#a", "inc-1", MINUTE)
    assert (again.mine, again.until) == (True, first.until)
    assert (await book.claim("RES#a", "inc-1", 9 * MINUTE)).until == clock.now() + 9 * MINUTE


async def test_an_incident_is_charged_once_and_the_day_and_the_streak_are_counted() -> None:
    book, _, clock = claims()
    counts = []
    for n, pause in enumerate((600, 600, 7200, 86400)):
        await book.claim("RES#a", f"inc-{n}", MINUTE)
        charged = await book.charge("RES#a", f"inc-{n}", 2 * MINUTE)
        assert charged is not None
        assert await book.charge("RES#a", f"inc-{n}", 2 * MINUTE) == charged, "saying it again counts once"
        counts.append((charged.today, charged.streak))
        clock.advance(pause)
    await book.claim("RES#a", "inc-9", MINUTE)
    charged = await book.charge("RES#a", "inc-9", 2 * MINUTE)
    assert charged is not None
    assert [*counts, (charged.today, charged.streak)] == [(1, 1), (2, 2), (3, 3), (4, 1), (1, 1)]


async def test_what_is_over_the_days_budget_is_not_counted_and_what_was_counted_stays_paid() -> None:
    book, table, clock = claims()
    for n in range(2):
        await book.claim("RES#a", f"inc-{n}", MINUTE)
        assert await book.charge("RES#a", f"inc-{n}", MINUTE, most=2)
        clock.advance(121)
    again = await Claims(table, clock).claim("RES#a", "inc-2", MINUTE)
    assert again.today == 2
    assert await book.charge("RES#a", "inc-2", MINUTE, most=2) is None
    assert table.items["RES#a"]["today"] == 2
    overridden = await book.charge("RES#a", "inc-2", MINUTE)
    assert overridden is not None
    assert overridden.today == 3
    assert await book.charge("RES#a", "inc-2", MINUTE, most=2) == overridden, "after a restart it is still paid"


async def test_a_claim_that_is_not_ours_cannot_be_charged() -> None:
    book, table, _ = claims()
    with pytest.raises(ClaimLost):
        await book.charge("RES#a", "inc-1", MINUTE)
    await book.claim("RES#a", "inc-1", MINUTE)
    table.items["RES#a"]["frozen"] = "undo failed"
    with pytest.raises(ClaimLost):
        await book.charge("RES#a", "inc-1", MINUTE)


class Stolen(MemoryTable):
    """The claim changes hands between the look and the charge."""

    async def update(self, key: str, expression: str, condition: str, values: Any, names: Any = None) -> dict[str, Any]:
        if "charged" in expression:
            self.items[key]["holder"] = "inc-2"
        return await super().update(key, expression, condition, values, names)


async def test_the_charge_itself_asks_who_holds_the_claim() -> None:
    book = Claims(Stolen(), TestClock())
    await book.claim("RES#a", "inc-1", MINUTE)
    with pytest.raises(ClaimLost, match="inc-2"):
        await book.charge("RES#a", "inc-1", MINUTE)


async def test_only_the_holder_starts_the_cooldown() -> None:
    book, table, clock = claims()
    await book.claim("RES#a", "inc-1", MINUTE)
    await book.cool_down("RES#a", "inc-2", timedelta(days=1))
    assert (await book.claim("RES#a", "x", MINUTE)).until == clock.now() + MINUTE
    await book.cool_down("RES#a", "inc-1", 5 * MINUTE)
    assert (await book.claim("RES#a", "x", MINUTE)).until == clock.now() + 5 * MINUTE
    assert "frozen" not in table.items["RES#a"]


async def test_a_frozen_resource_stays_frozen_until_a_human_thaws_it() -> None:
    book, table, clock = claims()
    await book.claim("RES#a", "inc-1", MINUTE)
    await book.cool_down("RES#a", "inc-1", MINUTE, frozen="undo failed")
    clock.advance(86400)
    refused = await book.claim("RES#a", "inc-1", MINUTE)
    assert (refused.mine, refused.frozen) == (False, "undo failed")
    assert await book.thaw("RES#a", by="ann", reason="repaired")
    assert not await book.thaw("RES#a", by="bob", reason="again")
    assert (table.items["RES#a"]["thawed_by"], table.items["RES#a"]["thaw_reason"]) == ("ann", "repaired")
    assert (await book.claim("RES#a", "inc-2", MINUTE)).mine
