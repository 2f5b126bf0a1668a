"""The gauges of the guard rails: true also while nothing happens, and on the safe side when nobody can look."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.workflow.gauges import GuardGauges
from aiops_daemon.workflow.rails import switched_off
from aiops_daemon.workflow.run import Tools
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import Fleet, stopped

HOME = "210987654321"


def value(tools: Tools, name: str, **labels: str) -> float | None:
    return tools.metrics.registry.get_sample_value(name, labels)


async def test_a_look_shows_switch_breakers_budgets_and_who_waits() -> None:
    fleet = Fleet(storm_resources=50, recoveries_per_account_and_hour=4)
    fleet.model = fleet.rules  # some model
    workers = fleet.workers()
    tools = workers.tools
    gauges = GuardGauges(tools, HOME)
    await gauges.look()
    assert value(tools, "aiops_kill_switch_engaged") == 0
    assert value(tools, "aiops_breaker_open", kind="ec2.start") == 0
    assert value(tools, "aiops_budget_used_ratio", budget="account") == 0
    await fleet.admit(workers, stopped())
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.5})
    await workers.drain()
    await fleet.admit(workers, stopped("i-2", "e2"))
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.95})
    await fleet.admit(workers, stopped("i-3", "e3"))
    await workers.drain()
    for n in range(3):
        await Breaker(fleet.memory, fleet.clock).record("ec2.start", incident=f"inc-{n}", good=False)
    await KillSwitch(fleet.memory, fleet.clock).set(stopped=True, by="ann", reason="drill")
    assert await tools.model_money.reserve(0.25)
    await gauges.look()
    waiting = sum(item.get("workflow_state") == "AWAITING_APPROVAL" for item in fleet.memory.items.values())
    payers = sum(len(item["payers"]) for key, item in fleet.memory.items.items() if key.startswith("BUDGET#recoveries"))
    assert waiting + payers == 3
    assert value(tools, "aiops_approvals_pending") == waiting > 0
    assert value(tools, "aiops_budget_used_ratio", budget="account") == payers / 4 > 0, (
        "the account of the events, not only the daemon's own"
    )
    assert value(tools, "aiops_budget_used_ratio", budget="model-cost") == 0.25
    assert value(tools, "aiops_budget_used_ratio", budget="model-calls") == 0.03
    assert value(tools, "aiops_breaker_open", kind="ec2.start") == 1
    assert value(tools, "aiops_kill_switch_engaged") == 1
    await Breaker(fleet.memory, fleet.clock).close("ec2.start", by="ann", reason="x")
    await gauges.look()
    assert value(tools, "aiops_breaker_open", kind="ec2.start") == 0, "also when nothing of that kind happens"


async def test_without_a_model_its_budgets_have_no_gauge() -> None:
    tools = Fleet().tools()
    await GuardGauges(tools, HOME).look()
    assert value(tools, "aiops_budget_used_ratio", budget="model-cost") is None


async def test_a_table_that_cannot_be_read_is_an_engaged_switch_and_one_warning_until_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    class Down(MemoryTable):
        up = False

        async def get(self, key: str) -> dict[str, Any] | None:
            if not self.up:
                raise RetryLater("throttled")
            return await super().get(key)

    table = Down()
    tools = Fleet().tools(table)
    gauges, stop, turns = GuardGauges(tools, HOME), asyncio.Event(), 0

    async def wait() -> bool:
        nonlocal turns
        turns += 1
        table.up = turns >= 2
        if turns == 3:
            stop.set()
            return True
        raise TimeoutError

    monkeypatch.setattr(stop, "wait", wait)
    with capture_logs() as lines:
        await gauges.run(stop)
    assert [line["event"] for line in lines] == ["guard rails could not be read for their gauges"]
    assert value(tools, "aiops_kill_switch_engaged") == 0, "the last look got through"


async def test_pending_notices_are_those_that_this_process_could_not_deliver() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    fleet.sns.fails = RetryLater("topic down")
    await fleet.admit(workers, stopped())
    await workers.drain()
    assert value(workers.tools, "aiops_notifications_pending") == 1
    fleet.sns.fails = None
    fleet.clock.advance(16)
    await workers.drain()
    assert value(workers.tools, "aiops_notifications_pending") == 0


async def test_a_notice_that_another_process_delivered_is_forgotten_in_time() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    fleet.sns.fails = RetryLater("topic down")
    await fleet.admit(workers, stopped())
    await workers.drain()
    fleet.sns.fails = None
    fleet.clock.advance(16)
    await fleet.workers("other").drain()
    await GuardGauges(workers.tools, HOME).look()
    assert value(workers.tools, "aiops_notifications_pending") == 1
    fleet.clock.advance(1800)
    await GuardGauges(workers.tools, HOME).look()
    assert value(workers.tools, "aiops_notifications_pending") == 0


async def test_a_step_is_timed_from_its_start_to_its_end() -> None:
    fleet = Fleet()
    fleet.world.polls_needed = 2
    workers = fleet.workers()
    await fleet.admit(workers, stopped())
    await fleet.settle(workers, seconds=11)
    assert value(workers.tools, "aiops_step_seconds_count", action="ec2.start") == 1
    assert value(workers.tools, "aiops_step_seconds_sum", action="ec2.start") == 22


async def test_an_item_that_somebody_edited_by_hand_is_a_warning_and_not_the_end_of_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    fleet.memory.items["BREAKER#ec2.start"] = {"incident_id": "BREAKER#ec2.start", "version": 1, "open_since": "yesterday"}
    tools, stop = fleet.tools(), asyncio.Event()

    async def wait() -> bool:
        stop.set()
        return True

    monkeypatch.setattr(stop, "wait", wait)
    with capture_logs() as lines:
        await GuardGauges(tools, HOME).run(stop)
    assert [line["event"] for line in lines] == ["guard rails could not be read for their gauges"]


async def test_the_switchs_gauge_does_not_flicker_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = Fleet().tools()
    read, seen = tools.switch.stopped, []

    async def watched() -> object:
        seen.append(value(tools, "aiops_kill_switch_engaged"))
        return await read()

    monkeypatch.setattr(tools.switch, "stopped", watched)
    for _ in range(2):
        assert await switched_off(tools) is None
    assert seen == [0, 0]

    async def away() -> object:
        raise RetryLater("throttled")

    monkeypatch.setattr(tools.switch, "stopped", away)
    with pytest.raises(RetryLater):
        await switched_off(tools)
    assert value(tools, "aiops_kill_switch_engaged") == 1, "nothing runs while it cannot be read"
