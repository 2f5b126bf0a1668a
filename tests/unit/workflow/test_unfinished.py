"""Recoveries that end where they stand: a denied call, a bug, too many dead workers. Claim, breaker and probe must not be left behind."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.journal import MAX_TAKEOVERS
from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.model.errors import NotPermitted
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.workflow.worker import Workers
from tests.doubles.world import Fleet, stopped

CLAIM = "RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0"
BREAKER = "BREAKER#ec2.start"


def away(error: BaseException) -> Any:
    async def call(*_: object, **__: object) -> object:
        raise error

    return call


async def ended(fleet: Fleet, workers: Workers, incident_id: str) -> Incident:
    await fleet.settle(workers, seconds=601)
    return await fleet.incident(incident_id)


@pytest.mark.parametrize("error", [NotPermitted("denied"), ZeroDivisionError("a bug")])
async def test_a_recovery_that_could_not_be_verified_counts_as_failed(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    workers = fleet.workers()
    monkeypatch.setattr("aiops_daemon.workflow.incident_flow.verify", away(error))
    incident = await ended(fleet, workers, await fleet.admit(workers, stopped()))
    assert incident.outcome is Outcome.FAILED
    assert fleet.memory.items[BREAKER]["failures"] == 1
    assert fleet.memory.items[CLAIM]["until"] == stamp(incident.audit[-1].at + timedelta(minutes=5)), "a cooldown, no longer the hold"


async def test_an_action_that_kills_its_workers_counts_as_failed() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    fleet.action.start = away(asyncio.CancelledError())  # type: ignore[method-assign]  # the process dies in it
    incident_id = await fleet.admit(workers, stopped())
    for _ in range(MAX_TAKEOVERS + 1):
        with pytest.raises(asyncio.CancelledError):
            await workers.drain()
        fleet.clock.advance(31)
    incident = await ended(fleet, workers, incident_id)
    assert incident.outcome is Outcome.QUARANTINED
    assert fleet.memory.items[BREAKER]["failures"] == 1


async def test_a_probe_that_never_came_to_its_first_step_makes_room_and_says_nothing_of_the_action(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet(breaker_probe="auto")
    workers = fleet.workers()
    for n in range(3):
        await Breaker(fleet.memory, fleet.clock).record("ec2.start", incident=f"inc-{n}", good=False)
    fleet.clock.advance(3600)
    monkeypatch.setattr(workers.tools.switch, "stopped", away(ZeroDivisionError("a bug")))
    incident = await ended(fleet, workers, await fleet.admit(workers, stopped()))
    assert (incident.outcome, fleet.world.starts.total()) == (Outcome.FAILED, 0)
    item = fleet.memory.items[BREAKER]
    assert (item.get("probe"), item["failures"], item["rest_seconds"]) == (None, 3, 3600)


async def test_a_guard_rail_that_cannot_be_read_keeps_nobody_from_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    workers = fleet.workers()
    monkeypatch.setattr("aiops_daemon.workflow.incident_flow.verify", away(NotPermitted("denied")))
    monkeypatch.setattr(workers.tools.breaker, "record", away(ValueError("edited by hand")))
    incident = await ended(fleet, workers, await fleet.admit(workers, stopped()))
    assert (incident.workflow_state, incident.outcome) == (State.FAILED, Outcome.FAILED)


async def test_a_probe_whose_worker_died_before_its_first_step_makes_room_where_the_resource_is_well_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = Fleet(breaker_probe="auto")
    workers = fleet.workers()
    for n in range(3):
        await Breaker(fleet.memory, fleet.clock).record("ec2.start", incident=f"inc-{n}", good=False)
    fleet.clock.advance(3600)
    with monkeypatch.context() as patch:
        patch.setattr(workers.tools.switch, "stopped", away(asyncio.CancelledError()))
        incident_id = await fleet.admit(workers, stopped())
        with pytest.raises(asyncio.CancelledError):
            await workers.drain()
    assert fleet.memory.items[BREAKER]["probe"] == incident_id
    fleet.clock.advance(31)
    fleet.world.healthy["i-0123456789abcdef0"] = True
    incident = await ended(fleet, workers, incident_id)
    assert incident.outcome is Outcome.SELF_HEALED
    assert "probe" not in fleet.memory.items[BREAKER]
