"""A question with the plan in hand: what the plan is made for, what an answer is worth, and what keeps a build from being started."""

from aiops_daemon.model.incident import Incident, Signal, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.policy.settings import Mode, PolicySettings
from aiops_daemon.workflow.notices import compose
from aiops_daemon.workflow.worker import Workers
from tests.doubles.world import Fleet, stopped

TOKEN = "{}-restore"


def planning() -> Fleet:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    fleet.world.two_phases = True
    fleet.action.spec = fleet.action.spec.model_copy(update={"plans_first": True})
    return fleet


async def until_asked(fleet: Fleet, workers: Workers) -> Incident:
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    fleet.clock.advance(11)
    await workers.drain()
    return await fleet.incident(incident_id)


async def say(workers: Workers, incident_id: str, decision: str = "approve", signal_id: str = "s1") -> None:
    said = Signal(signal_id=signal_id, decision=decision, by="ann", reason="drill", at=workers.tools.clock.now())
    await workers.tools.journal.signal(incident_id, said)


def asked(fleet: Fleet) -> list[str]:
    return [notice.summary for _, notice in fleet.world.delivered if notice.kind is NoticeKind.REVIEW]


async def test_the_question_has_the_plan_and_the_approval_applies_it() -> None:
    fleet = planning()
    workers = fleet.workers()
    incident = await until_asked(fleet, workers)
    assert incident.workflow_state is State.AWAITING_APPROVAL
    (question,) = asked(fleet)
    assert "the plan: 1 to create; ec2.start waits for approval, confidence 0.65 is below 0.80" in question
    assert {("Plan", "1 to create"), ("Action", "start the instance: planned, waits for approval")} <= set(
        compose(incident, NoticeKind.REVIEW).facts
    )
    assert not fleet.world.starts
    assert "charge" not in incident.results, "a plan costs no recovery"
    await say(workers, incident.incident_id)
    await fleet.settle(workers)
    assert (await fleet.incident(incident.incident_id)).workflow_state is State.COMPLETED
    assert fleet.world.starts == {TOKEN.format(incident.incident_id): 1}


async def test_an_approval_may_come_long_after_the_plan_was_made() -> None:
    fleet = planning()
    workers = fleet.workers()
    incident = await until_asked(fleet, workers)
    fleet.clock.advance(20 * 3600)  # the step's own limit is five minutes, and the claim has run out
    await say(workers, incident.incident_id)
    await fleet.settle(workers)
    assert (await fleet.incident(incident.incident_id)).workflow_state is State.COMPLETED


async def test_the_resource_rests_no_longer_than_a_cooldown_while_the_question_is_open() -> None:
    fleet = planning()
    workers = fleet.workers()
    await until_asked(fleet, workers)
    fleet.clock.advance(5 * 60 + 1)
    incident_id = await fleet.admit(workers, stopped(event_id="e2", at=fleet.clock.now()))
    await workers.drain()
    assert (await fleet.incident(incident_id)).workflow_state is not State.COOLDOWN


async def test_a_word_said_before_the_plan_was_there_is_no_approval_of_it_but_a_no_is_a_no() -> None:
    for early, end in (("approve", State.AWAITING_APPROVAL), ("reject", State.REJECTED)):
        fleet = planning()
        workers = fleet.workers()
        incident_id = await fleet.admit(workers, stopped())
        await workers.drain()
        await say(workers, incident_id, early)
        fleet.clock.advance(11)
        await workers.drain()
        await workers.drain()
        assert (await fleet.incident(incident_id)).workflow_state is end
        assert not fleet.world.starts


async def test_a_stale_plan_is_not_applied_by_the_word_that_approved_it() -> None:
    fleet = planning()
    fleet.world.stale = 1
    workers = fleet.workers()
    incident = await until_asked(fleet, workers)
    await say(workers, incident.incident_id)
    for _ in range(5):
        fleet.clock.advance(31)
        await workers.drain()
    assert (await fleet.incident(incident.incident_id)).workflow_state is State.AWAITING_APPROVAL
    assert len(asked(fleet)) == 2
    assert not fleet.world.starts
    await say(workers, incident.incident_id, signal_id="s2")
    await fleet.settle(workers)
    assert (await fleet.incident(incident.incident_id)).workflow_state is State.COMPLETED


async def test_under_the_kill_switch_the_question_comes_first_and_no_build_runs() -> None:
    fleet = planning()
    workers = fleet.workers()
    await workers.tools.switch.set(stopped=True, by="ann", reason="drill")
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, "step:restore" in incident.results) == (State.AWAITING_APPROVAL, False)


async def test_the_kill_switch_holds_an_approved_plan() -> None:
    fleet = planning()
    workers = fleet.workers()
    incident = await until_asked(fleet, workers)
    await workers.tools.switch.set(stopped=True, by="ann", reason="drill")
    await say(workers, incident.incident_id)
    await workers.drain()
    assert (await fleet.incident(incident.incident_id)).workflow_state is State.AWAITING_APPROVAL
    assert not fleet.world.starts


async def test_observe_mode_plans_nothing() -> None:
    fleet = planning()
    fleet.policy = PolicySettings(mode=Mode.OBSERVE)
    incident = await until_asked(fleet, fleet.workers())
    assert (incident.workflow_state, "step:restore" in incident.results) == (State.SUPPRESSED, False)


async def test_a_storm_asks_before_it_plans() -> None:
    fleet = planning()
    fleet.settings = fleet.settings.model_copy(update={"storm_resources": 1})
    incident = await until_asked(fleet, fleet.workers())
    assert (incident.workflow_state, "step:restore" in incident.results) == (State.AWAITING_APPROVAL, False)


async def test_an_incident_of_the_version_before_is_asked_first_as_ever() -> None:
    fleet = planning()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    fleet.memory.items[incident_id]["workflow_version"] = 1
    await workers.drain()
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, "step:restore" in incident.results) == (State.AWAITING_APPROVAL, False)
    await say(workers, incident_id)
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED
