"""When a person's word comes at an awkward moment: while the page is on its way, after another word, after the deadline."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.incident import Incident, Outcome, Signal, State
from aiops_daemon.model.notice import Notice, NoticeKind
from aiops_daemon.workflow.worker import Workers
from tests.doubles.world import Fleet, stopped

CLAIM = "RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0"


def doubtful(**settings: Any) -> Fleet:
    fleet = Fleet(**settings)
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    return fleet


async def say(fleet: Fleet, workers: Workers, incident_id: str, decision: str = "approve") -> None:
    at = fleet.clock.now()
    said = Signal(signal_id=f"{decision}{at.timestamp()}", decision=decision, by="ann", reason="drill", at=at)
    assert await workers.tools.journal.signal(incident_id, said) is not None


async def asked(fleet: Fleet, workers: Workers) -> str:
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    return incident_id


class Channel:
    """A channel whose reader answers while it still delivers."""

    name = "slow"

    def __init__(self, answer: Callable[[Notice], Awaitable[None]]) -> None:
        self.answer = answer

    async def deliver(self, notice: Notice) -> None:
        await self.answer(notice)


async def test_a_word_that_comes_while_the_page_is_still_being_delivered_is_heard_at_once() -> None:
    fleet = doubtful()
    workers = fleet.workers()

    async def answer(notice: Notice) -> None:
        if notice.kind is NoticeKind.REVIEW:
            await say(fleet, workers, notice.incident_id)

    vars(workers.tools)["notifiers"] = (Channel(answer),)
    began = fleet.clock.now()
    incident_id = await asked(fleet, workers)
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED
    assert fleet.clock.now() - began < timedelta(minutes=5)


async def waits_for_the_claim(fleet: Fleet, workers: Workers) -> str:
    """Approved, and somebody else holds the resource."""
    incident_id = await asked(fleet, workers)
    fleet.clock.advance(301)
    await workers.tools.claims.claim(CLAIM, "inc-other", timedelta(minutes=5))
    await say(fleet, workers, incident_id)
    await workers.drain()
    assert not fleet.world.starts
    return incident_id


async def test_an_approval_that_waits_for_the_claim_can_be_taken_back() -> None:
    fleet = doubtful()
    workers = fleet.workers()
    incident_id = await waits_for_the_claim(fleet, workers)
    fleet.clock.advance(10)
    await say(fleet, workers, incident_id, "reject")
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.REJECTED
    assert not fleet.world.starts


async def late(fleet: Fleet, workers: Workers, incident_id: str, hours: float) -> Incident:
    fleet.clock.advance(hours * 3600)
    await fleet.settle(workers)
    return await fleet.incident(incident_id)


async def test_an_approval_that_nobody_could_act_on_before_its_deadline_is_too_old() -> None:
    fleet = doubtful(approval_hours=1)
    workers = fleet.workers()
    incident_id = await asked(fleet, workers)
    await say(fleet, workers, incident_id)  # and then the whole fleet is down
    incident = await late(fleet, workers, incident_id, 30)
    assert (incident.workflow_state, incident.outcome) == (State.REJECTED, Outcome.REJECTED)
    assert "approve by ann" in incident.audit[-1].note
    assert not fleet.world.starts


async def test_an_approval_does_not_wait_for_a_claim_beyond_its_deadline() -> None:
    fleet = doubtful(approval_hours=0.1)
    workers = fleet.workers()
    incident_id = await waits_for_the_claim(fleet, workers)
    for _ in range(3):
        fleet.clock.advance(299)
        await workers.tools.claims.claim(CLAIM, "inc-other", timedelta(minutes=10))
        await workers.drain()
    incident = await fleet.incident(incident_id)
    assert incident.workflow_state is State.REJECTED
    assert incident.audit[-1].at <= fleet.clock.now()
    assert not fleet.world.starts


async def test_a_word_that_comes_while_an_error_is_noted_waits_for_the_pause_and_no_longer() -> None:
    fleet = doubtful()
    workers = fleet.workers()
    incident_id = await asked(fleet, workers)
    look = workers.tools.breaker.look
    met: list[str] = []

    async def away(action_id: str) -> object:
        if met:
            return await look(action_id)
        met.append(action_id)
        await say(fleet, workers, incident_id, "reject")
        raise RetryLater("throttled")

    vars(workers.tools.breaker)["look"] = away
    fleet.clock.advance(1)
    await say(fleet, workers, incident_id)
    await workers.drain()
    fleet.clock.advance(1)
    await workers.drain()
    assert (await fleet.incident(incident_id)).workflow_state is State.REJECTED
