"""The claim on the resource ran out and somebody else has it: then the latecomer neither begins nor goes on, and ends saying so."""

import asyncio
from datetime import timedelta

import pytest

from aiops_daemon.incidents.stamps import unstamp
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.model.notice import NoticeKind
from tests.doubles.plans import ScriptedAction, planned, step
from tests.doubles.world import Fleet, stopped

CLAIM = "RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0"


@pytest.mark.parametrize("frozen", ["", "undo failed"])
async def test_an_incident_that_lost_its_claim_before_it_acted_ends_as_cooldown(frozen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    workers = fleet.workers()

    async def away(*_: object) -> object:
        raise RetryLater("throttled")

    look = workers.tools.breaker.look
    monkeypatch.setattr(workers.tools.breaker, "look", away)
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    fleet.clock.advance(301)
    await fleet.tools().claims.claim(CLAIM, "inc-other", timedelta(minutes=5))
    if frozen:
        fleet.memory.items[CLAIM]["frozen"] = frozen
    monkeypatch.setattr(workers.tools.breaker, "look", look)
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.takeovers) == (State.COOLDOWN, 0)
    assert (f"frozen: {frozen}" if frozen else "held by inc-other") in incident.audit[-1].note
    assert not fleet.world.starts


async def test_an_incident_whose_claim_ran_out_takes_it_again_where_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    workers = fleet.workers()
    taken = workers.tools.claims

    async def stale(*args: object, **more: object) -> object:
        fleet.memory.items.pop(CLAIM)  # it had run out and was tidied away
        monkeypatch.setattr(taken, "charge", charge)
        return await charge(*args, **more)  # type: ignore[arg-type]  # as they came

    charge = taken.charge
    monkeypatch.setattr(taken, "charge", stale)
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).outcome is Outcome.VERIFIED


async def test_a_fleet_that_was_down_for_longer_than_the_claim_does_not_act_beside_the_new_holder() -> None:
    fleet = Fleet()
    workers = fleet.workers()

    async def die(call: object) -> object:
        raise asyncio.CancelledError

    start = fleet.action.start
    fleet.action.start = die  # type: ignore[assignment,method-assign]  # killed in the middle of the first call
    incident_id = await fleet.admit(workers, stopped())
    with pytest.raises(asyncio.CancelledError):
        await workers.drain()
    fleet.action.start = start  # type: ignore[method-assign]
    fleet.clock.advance(86_400)
    claim = await workers.tools.claims.claim(CLAIM, "inc-other", timedelta(minutes=5))
    assert claim.mine
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome) == (State.FAILED, Outcome.FAILED)
    assert "stopped before step restore: the resource is held by inc-other" in incident.audit[-1].note
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.STOPPED]
    assert not fleet.world.starts


async def test_where_nobody_else_came_the_claim_is_taken_again_and_the_recovery_goes_on() -> None:
    fleet = Fleet()
    fleet.world.polls_needed = 1
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    fleet.world.heals = False  # so that an undo follows
    fleet.clock.advance(86_400)
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, fleet.world.undone.total()) == (State.ROLLED_BACK, 1)


async def test_nothing_is_undone_under_somebody_elses_claim() -> None:
    fleet = Fleet()
    fleet.world.heals = False
    one = ScriptedAction("a.one")
    workers = fleet.workers()
    held = await planned(fleet, workers, [one], [step(one, "1")])
    one.before = lambda: fleet.memory.items[CLAIM].update(holder="inc-other")
    await workers._work(held)
    await fleet.settle(workers)
    incident = await fleet.incident(held.incident.incident_id)
    assert "stopped before the undo of step 1: the resource is held by inc-other" in incident.audit[-1].note
    assert one.verbs == ["start"]


async def test_a_report_of_what_is_well_again_does_not_hide_the_failure_that_follows() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    fleet.world.healthy["i-0123456789abcdef0"] = True
    stale = await fleet.admit(workers, stopped(event_id="stale"))
    await workers.drain()
    assert (await fleet.incident(stale)).outcome is Outcome.SELF_HEALED
    fleet.clock.advance(60)
    fleet.world.healthy["i-0123456789abcdef0"] = False
    real = await fleet.admit(workers, stopped(event_id="real"))
    await fleet.settle(workers)
    assert (await fleet.incident(real)).outcome is Outcome.VERIFIED


async def test_who_is_refused_by_the_accounts_budget_holds_the_resource_no_longer_than_a_question_does() -> None:
    fleet = Fleet(recoveries_per_account_and_hour=1, storm_resources=50)
    workers = fleet.workers()
    await fleet.admit(workers, stopped("i-00000000000000001", "other"))
    await fleet.settle(workers)
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    assert (await fleet.incident(incident_id)).workflow_state is State.AWAITING_APPROVAL
    assert unstamp(fleet.memory.items[CLAIM]["until"]) <= fleet.clock.now() + timedelta(minutes=5)
