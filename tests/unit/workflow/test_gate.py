"""What speaks against acting, and what a person's answer may still meet."""

from datetime import timedelta

import pytest

from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.event import EventKind
from aiops_daemon.model.incident import Outcome, Signal, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import Effect
from aiops_daemon.model.verdict import Autonomy, Classification
from aiops_daemon.policy.settings import PolicySettings
from aiops_daemon.workflow.worker import Workers
from tests.doubles.plans import ScriptedAction
from tests.doubles.world import Fleet, stopped

CLAIM = "RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0"


def doubtful() -> Fleet:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    return fleet


async def asked(fleet: Fleet, workers: Workers) -> str:
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    assert (await fleet.incident(incident_id)).workflow_state is State.AWAITING_APPROVAL
    return incident_id


async def say(fleet: Fleet, workers: Workers, incident_id: str, decision: str = "approve") -> None:
    said = Signal(signal_id="s1", decision=decision, by="ann", reason="drill", at=fleet.clock.now())
    await workers.tools.journal.signal(incident_id, said)


def kinds(fleet: Fleet) -> list[NoticeKind]:
    return [notice.kind for _, notice in fleet.world.delivered]


async def test_an_open_breaker_asks_a_human() -> None:
    fleet = Fleet()
    for n in range(3):
        await Breaker(fleet.memory, fleet.clock).record("ec2.start", incident=f"inc-{n}", good=False)
    incident_id = await asked(fleet, fleet.workers())
    assert "the breaker of ec2.start is open: 3 recoveries in a row failed" in (await fleet.incident(incident_id)).audit[-1].note


async def test_three_failed_recoveries_open_the_breaker() -> None:
    fleet = Fleet(storm_resources=50)
    fleet.world.heals = False
    workers = fleet.workers()
    ids = []
    for n in range(4):
        ids.append(await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}")))
        for _ in range(5):
            await workers.drain()
            fleet.clock.advance(31)
    states = [(await fleet.incident(one)).workflow_state for one in ids]
    assert states == [State.ROLLED_BACK] * 3 + [State.AWAITING_APPROVAL]


async def test_the_account_budget_is_shared_by_all_resources() -> None:
    fleet = Fleet(recoveries_per_account_and_hour=2, storm_resources=50)
    workers = fleet.workers()
    ids = [await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}")) for n in range(3)]
    await fleet.settle(workers, steps=3)
    last = await fleet.incident(ids[2])
    assert last.workflow_state is State.AWAITING_APPROVAL
    assert "budget: 2 recoveries in this account and hour are spent" in last.audit[-1].note


async def test_a_resource_that_is_frozen_meanwhile_is_not_touched_by_an_approval() -> None:
    fleet = doubtful()
    workers = fleet.workers()
    incident_id = await asked(fleet, workers)
    fleet.memory.items[CLAIM]["frozen"] = "undo failed"
    await say(fleet, workers, incident_id)
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert incident.workflow_state is State.REJECTED
    assert "frozen: undo failed" in incident.audit[-1].note
    assert kinds(fleet) == [NoticeKind.REVIEW, NoticeKind.STOPPED]


async def test_an_approved_plan_waits_for_the_holder_of_the_claim() -> None:
    fleet = doubtful()
    workers = fleet.workers()
    incident_id = await asked(fleet, workers)
    fleet.clock.advance(301)
    await workers.tools.claims.claim(CLAIM, "inc-other", timedelta(minutes=5))
    await say(fleet, workers, incident_id)
    await workers.drain()
    assert not fleet.world.starts
    fleet.clock.advance(301)
    await workers.drain()
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED


async def test_an_approved_plan_does_not_sleep_as_long_as_the_holders_steps_may_take() -> None:
    fleet = doubtful()
    workers = fleet.workers()
    incident_id = await asked(fleet, workers)
    fleet.clock.advance(400)  # its own claim has run out
    claims = workers.tools.claims
    await claims.claim(CLAIM, "inc-other", timedelta(minutes=5))
    await claims.charge(CLAIM, "inc-other", timedelta(hours=2))  # a build may take that long
    await say(fleet, workers, incident_id)
    await workers.drain()
    await claims.cool_down(CLAIM, "inc-other", timedelta(minutes=5))  # this one was quick
    fleet.clock.advance(302)
    await workers.drain()
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED


async def test_an_approval_of_what_is_well_again_changes_nothing() -> None:
    fleet = doubtful()
    workers = fleet.workers()
    incident_id = await asked(fleet, workers)
    fleet.world.healthy["i-0123456789abcdef0"] = True
    await say(fleet, workers, incident_id)
    await workers.drain()
    assert (await fleet.incident(incident_id)).outcome is Outcome.SELF_HEALED


async def test_an_approval_without_a_plan_means_that_a_person_takes_over() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    odd = stopped().model_copy(update={"name": "ModifyInstanceAttribute"})
    incident_id = await fleet.admit(workers, odd)
    await workers.drain()
    await say(fleet, workers, incident_id)
    await workers.drain()
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome) == (State.SUPPRESSED, Outcome.SUPPRESSED)
    assert "a person has taken it over" in incident.audit[-1].note


async def test_a_review_page_that_failed_is_tried_again_long_before_the_deadline() -> None:
    fleet = doubtful()
    fleet.sns.fails = RetryLater("topic down")
    workers = fleet.workers()
    await asked(fleet, workers)
    fleet.sns.fails = None
    fleet.clock.advance(16)
    await workers.drain()
    assert kinds(fleet) == [NoticeKind.REVIEW]


@pytest.mark.parametrize(("kind", "notice"), [(EventKind.API_CALL, NoticeKind.ANOMALY), (EventKind.LOG_ANOMALY, NoticeKind.WARNING)])
async def test_an_anomaly_is_announced_and_competes_with_no_recovery(kind: EventKind, notice: NoticeKind) -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await fleet.admit(workers, stopped(event_id="failure"))
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"classification": Classification.ANOMALY})
    incident_id = await fleet.admit(workers, stopped(event_id="odd").model_copy(update={"kind": kind, "facts": {"pattern": "x"}}))
    await workers.drain()
    assert (await fleet.incident(incident_id)).workflow_state is State.SUPPRESSED
    assert notice in kinds(fleet)


async def test_a_plan_that_only_tells_needs_neither_claim_nor_budget_nor_verification() -> None:
    fleet = Fleet(recoveries_per_account_and_hour=1)
    fleet.policy = PolicySettings(allowed_actions=("a.tell",), autonomy={"a.tell": Autonomy.AUTO})
    workers = fleet.workers()
    tell = ScriptedAction("a.tell", effect=Effect.NONE)
    vars(workers.tools)["actions"] = {"a.tell": tell}
    incident_id = await fleet.admit(workers, stopped())
    (seen,) = await workers.tools.journal.due(1)
    held = await workers.take(seen)
    assert held is not None
    await workers._work(held)
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome) == (State.COMPLETED, Outcome.PARTIAL)
    assert "charge" not in incident.results
    assert not any(key.startswith("BUDGET#") for key in fleet.memory.items)
