"""The same writes against moto (through DynamoTable) and the in-memory table: the double must behave as the real thing does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.aws.table import DynamoTable
from aiops_daemon.bootstrap import incident_table
from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.budgets import CostBudget
from aiops_daemon.model.errors import ConditionFailed
from aiops_daemon.ports import Table
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import TestClock

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(params=["moto", "memory"], loop_scope="session")
async def table(request: pytest.FixtureRequest, aws: AwsSession) -> AsyncIterator[Table]:
    if request.param == "memory":
        yield MemoryTable()
        return
    client = await aws.client("dynamodb")
    await client.create_table(**incident_table("incidents"))
    yield DynamoTable(aws, "incidents")


async def found(work: Any) -> dict[str, Any]:
    with pytest.raises(ConditionFailed) as caught:
        await work
    return dict(caught.value.item)


async def test_values_come_back_as_they_went_in(table: Table) -> None:
    item = {
        "incident_id": "a",
        "n": 3,
        "f": 1.5,
        "b": True,
        "l": ["x", 1],
        "m": {"k": "v", "e": {}},
        "s": frozenset({"p", "q"}),
        "none": None,
    }
    await table.put(item)
    assert await table.get("a") == {key: value for key, value in item.items() if value is not None}
    assert await table.get("b") is None


async def test_put_if_absent_has_one_winner_and_tells_the_loser_what_is_there(table: Table) -> None:
    await table.put({"incident_id": "a", "by": "first"}, "attribute_not_exists(incident_id)")
    assert (await found(table.put({"incident_id": "a", "by": "second"}, "attribute_not_exists(incident_id)")))["by"] == "first"


async def test_update_sets_nested_values_appends_and_counts(table: Table) -> None:
    await table.put({"incident_id": "a", "results": {}, "audit": ["one"], "seq": 1, "owner": "me"})
    after = await table.update(
        "a",
        "SET results.#k = :v, audit = list_append(audit, :more), seq = seq + :one REMOVE #owner",
        "#owner = :me AND seq = :seq",
        {"v": "done", "more": ["two"], "one": 1, "me": "me", "seq": 1},
        {"k": "step:restore", "owner": "owner"},
    )
    assert after == {"incident_id": "a", "results": {"step:restore": "done"}, "audit": ["one", "two"], "seq": 2}


async def test_a_failed_condition_carries_the_item_and_changes_nothing(table: Table) -> None:
    await table.put({"incident_id": "a", "seq": 2})
    assert await found(table.update("a", "SET seq = :next", "seq = :seen", {"next": 9, "seen": 1})) == {"incident_id": "a", "seq": 2}
    assert await found(table.update("new", "SET seq = :next", "seq = :seen", {"next": 9, "seen": 1})) == {}
    assert await table.get("new") is None


async def test_a_claim_is_taken_when_free_expired_or_mine(table: Table) -> None:
    condition = "attribute_not_exists(frozen) AND (attribute_not_exists(holder) OR #until < :now OR (holder = :me AND #until <= :until))"

    async def claim(me: str, now: str, until: str) -> Any:
        return await table.update(
            "RES#1", "SET holder = :me, #until = :until", condition, {"me": me, "now": now, "until": until}, {"until": "until"}
        )

    assert (await claim("a", "10", "20"))["holder"] == "a"
    assert (await found(claim("b", "15", "25")))["holder"] == "a"
    assert (await claim("a", "15", "25"))["until"] == "25"
    assert (await claim("b", "26", "30"))["holder"] == "b"


async def test_a_budget_is_a_set_so_paying_twice_is_once(table: Table) -> None:
    condition = "attribute_not_exists(payers) OR contains(payers, :me) OR size(payers) < :limit"

    async def spend(who: str) -> Any:
        return await table.update(
            "BUDGET#1",
            "ADD payers :who SET record_type = :type",
            condition,
            {"who": frozenset({who}), "me": who, "limit": 2, "type": "budget"},
        )

    await spend("a")
    await spend("a")
    assert (await spend("b"))["payers"] == {"a", "b"}
    assert (await found(spend("c")))["payers"] == {"a", "b"}
    await spend("a")


async def test_money_is_reserved_and_settled_once(table: Table) -> None:
    names = iter(("r1", "r2", "r3"))
    purse = CostBudget(table, TestClock(), name="model-cost", dollars=1.0, window=timedelta(hours=1), ids=lambda: next(names))
    receipt = await purse.reserve(0.6)
    assert receipt is not None
    assert await purse.reserve(0.6) is None
    for _ in range(2):
        await purse.settle(receipt, 0.1)
    assert await purse.used() == 0.1
    assert await purse.reserve(0.9) is not None


async def test_a_breakers_whole_life(table: Table) -> None:
    clock = TestClock()
    breaker = Breaker(table, clock, in_a_row=1)
    assert (await breaker.record("a", incident="inc-1", good=False)).opened_by == "inc-1"
    clock.advance(3600)
    assert await breaker.take_probe("a", incident="p-1", hold=timedelta(hours=1))
    assert not await Breaker(table, clock).take_probe("a", incident="p-2", hold=timedelta(hours=1))
    await breaker.give_up_probe("a", incident="p-1")
    assert await breaker.take_probe("a", incident="p-2", hold=timedelta(hours=1))
    assert (await breaker.record("a", incident="p-2", good=True)).open_since is None
    assert (await breaker.record("a", incident="inc-3", good=False)).open_since is not None
    assert (await breaker.close("a", by="ann", reason="x")).open_since is None


async def test_a_signal_is_kept_once(table: Table) -> None:
    await table.put({"incident_id": "a", "signals": {}, "open": "1"})
    say = "SET signals.#id = if_not_exists(signals.#id, :signal)"
    for word in ("yes", "no"):
        await table.update("a", say, "#open = :open", {"signal": word, "open": "1"}, {"id": "s1", "open": "open"})
    item = await table.get("a")
    assert item is not None
    assert item["signals"] == {"s1": "yes"}


async def test_queries_read_the_indexes_in_order_and_filter(table: Table) -> None:
    for n, name in enumerate(["stop", "start", "stop"]):
        await table.put(
            {
                "incident_id": f"i{n}",
                "resource_type": "ec2:instance",
                "incident_timestamp": f"2026-01-0{n + 1}",
                "event_name": name,
                "resource_key": "k",
            }
        )
    await table.put({"incident_id": "open", "open": "1", "due_at": "2026-01-01"})
    values = {"type": "ec2:instance", "since": "2026-01-01", "name": "stop"}
    condition = "resource_type = :type AND incident_timestamp >= :since"
    rows = await table.query(
        "resource-type-index", condition, values, filter_by="event_name = :name AND attribute_exists(resource_key)", limit=5
    )
    assert [row["incident_id"] for row in rows] == ["i2", "i0"]
    few = await table.query("resource-type-index", condition, values, filter_by="event_name = :name", limit=5, reads=2)
    assert [row["incident_id"] for row in few] == ["i2"]  # the third was not looked at
    await table.put(
        {"incident_id": "i3", "resource_type": "rds:db", "incident_timestamp": "2026-01-01", "results": {"plan": "p", "x": "y"}}
    )
    of = {"type": "rds:db", "since": "2026"}
    only = "incident_id, results.#plan, resource_key"
    (row,) = await table.query("resource-type-index", condition, of, only=only, names={"plan": "plan"})
    assert row == {"incident_id": "i3", "results": {"plan": "p"}}
    due = await table.query(
        "open-index",
        "#open = :open AND due_at <= :now",
        {"open": "1", "now": "2026-02"},
        names={"open": "open"},
        newest_first=False,
        limit=1,
    )
    assert [row["incident_id"] for row in due] == ["open"]


async def test_one_update_adds_to_a_set_counts_and_hands_the_item_back(table: Table) -> None:
    after: Any = {}
    for n in range(3):
        after = await table.update(
            "S",
            "ADD seen :mark, version :one SET record_type = :type",
            "attribute_not_exists(record_type) OR record_type = :type",
            {"mark": frozenset({f"m{n % 2}"}), "one": 1, "type": "storm"},
        )
    assert (after["seen"], after["version"]) == (frozenset({"m0", "m1"}), 3)
    opened = await table.update(
        "S", "SET leader = :me, service = :me ADD version :one", "attribute_not_exists(leader)", {"me": "a", "one": 1}
    )
    assert (opened["leader"], opened["version"]) == ("a", 4)


async def test_the_size_of_a_map_can_be_a_condition(table: Table) -> None:
    await table.put({"incident_id": "a", "signals": {"s1": "yes"}})
    assert (await found(table.update("a", "SET n = :n", "size(signals) = :zero", {"n": 1, "zero": 0})))["signals"] == {"s1": "yes"}
    assert (await table.update("a", "SET n = :one", "size(signals) = :one", {"one": 1}))["n"] == 1
