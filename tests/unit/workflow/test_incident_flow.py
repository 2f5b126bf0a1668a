"""The recovery as a whole, in memory: one test a way through it."""

from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.incident import Outcome, Signal, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import Failed
from aiops_daemon.policy.settings import Mode, PolicySettings
from tests.doubles.world import Fleet, stopped


def kinds(fleet: Fleet) -> list[NoticeKind]:
    return [notice.kind for _, notice in fleet.world.delivered]


async def test_a_stopped_instance_is_started_verified_and_announced_once() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome, incident.success) == (State.COMPLETED, Outcome.VERIFIED, True)
    assert sum(fleet.world.starts.values()) == 1
    assert kinds(fleet) == [NoticeKind.RECOVERED]
    assert [entry.seq for entry in incident.audit] == list(range(1, len(incident.audit) + 1))
    assert incident.due_at is None


async def test_the_same_failure_three_times_is_one_recovery_and_two_cooldowns() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    ids = [await fleet.admit(workers, stopped(event_id=f"e{n}")) for n in range(3)]
    await fleet.settle(workers, seconds=1)
    states = [(await fleet.incident(one)).workflow_state for one in ids]
    assert sorted(states) == [State.COMPLETED, State.COOLDOWN, State.COOLDOWN]
    assert sum(fleet.world.starts.values()) == 1


async def test_a_redelivered_event_finds_its_own_incident() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    assert await fleet.admit(workers, stopped()) == await fleet.admit(workers, stopped())
    assert len(fleet.open()) == 1


async def test_a_doubtful_event_waits_for_a_human_and_goes_on_when_approved() -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    assert (await fleet.incident(incident_id)).workflow_state is State.AWAITING_APPROVAL
    assert kinds(fleet) == [NoticeKind.REVIEW]
    said = Signal(signal_id="s1", decision="approve", by="ann", reason="known", at=fleet.clock.now())
    assert await workers.tools.journal.signal(incident_id, said) is not None
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.COMPLETED
    assert kinds(fleet) == [NoticeKind.REVIEW, NoticeKind.RECOVERED]


async def test_a_rejected_plan_never_runs() -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    await workers.tools.journal.signal(incident_id, Signal(signal_id="s1", decision="reject", by="ann", reason="no", at=fleet.clock.now()))
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.REJECTED
    assert not fleet.world.starts


async def test_silence_until_the_deadline_is_a_no() -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers, seconds=3600)
    assert (await fleet.incident(incident_id)).workflow_state is State.REJECTED
    assert not fleet.world.starts


async def test_a_long_action_is_followed_while_the_incident_is_parked() -> None:
    fleet = Fleet()
    fleet.world.polls_needed = 3
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    parked = await fleet.incident(incident_id)
    assert parked.owner is None
    assert parked.workflow_state is State.EXECUTING
    await fleet.settle(workers)
    done = await fleet.incident(incident_id)
    assert (done.workflow_state, done.takeovers) == (State.COMPLETED, 0)
    assert sum(fleet.world.starts.values()) == 1


async def test_a_recovery_that_does_not_help_is_undone_and_not_called_completed() -> None:
    fleet = Fleet(verify_interval_seconds=30)
    fleet.world.heals = False
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome) == (State.ROLLED_BACK, Outcome.ROLLED_BACK)
    assert sum(fleet.world.undone.values()) == 1
    assert kinds(fleet) == [NoticeKind.FAILED]


async def test_a_failed_undo_freezes_the_resource() -> None:
    fleet = Fleet()
    fleet.world.heals = False
    fleet.world.undo_answer = Failed(reason="denied")
    workers = fleet.workers()
    first = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    assert (await fleet.incident(first)).outcome is Outcome.ROLLBACK_FAILED
    fleet.clock.advance(86400)
    second = await fleet.admit(workers, stopped(event_id="e2"))
    await fleet.settle(workers)
    late = await fleet.incident(second)
    assert late.workflow_state is State.COOLDOWN
    assert "frozen" in late.audit[-1].note


async def test_the_kill_switch_stops_before_the_next_step_and_says_who_and_why() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await KillSwitch(fleet.memory, fleet.clock).set(stopped=True, by="ann", reason="drill")
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert incident.workflow_state is State.FAILED
    assert "ann" in incident.audit[-1].note
    assert "drill" in incident.audit[-1].note
    assert not fleet.world.starts
    assert kinds(fleet) == [NoticeKind.STOPPED]


async def test_observe_mode_records_the_plan_and_touches_nothing() -> None:
    fleet = Fleet()
    fleet.policy = PolicySettings(mode=Mode.OBSERVE)
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome) == (State.SUPPRESSED, Outcome.OBSERVED)
    assert "start the instance" in incident.audit[-1].note
    assert not fleet.world.starts


async def test_a_late_report_about_a_healthy_resource_is_no_reason_to_act() -> None:
    fleet = Fleet()
    fleet.world.healthy["i-0123456789abcdef0"] = True
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).outcome is Outcome.SELF_HEALED
    assert not fleet.world.starts


async def test_a_failing_channel_delays_nothing_and_loses_nothing() -> None:
    fleet = Fleet()
    fleet.sns.fails = RetryLater("topic down")
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    waiting = await fleet.incident(incident_id)
    assert waiting.workflow_state is State.COMPLETED
    assert waiting.due_at is not None
    fleet.sns.fails = None
    await fleet.settle(workers)
    assert kinds(fleet) == [NoticeKind.RECOVERED]
    assert (await fleet.incident(incident_id)).due_at is None


async def test_a_fourth_recovery_of_the_day_asks_a_human() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    last = ""
    for n in range(4):
        fleet.world.healthy.clear()
        last = await fleet.admit(workers, stopped(event_id=f"e{n}"))
        await workers.drain()
        fleet.clock.advance(2 * 3600)
    incident = await fleet.incident(last)
    assert incident.workflow_state is State.AWAITING_APPROVAL
    assert "budget" in incident.audit[-1].note
    assert sum(fleet.world.starts.values()) == 3


async def test_a_worker_that_was_replaced_is_stopped_by_the_fence() -> None:
    fleet = Fleet()
    fleet.world.polls_needed = 2
    old, new = fleet.workers("old"), fleet.workers("new")
    incident_id = await fleet.admit(old, stopped())
    (seen,) = await old.tools.journal.due(10)
    held = await old.take(seen)
    assert held is not None
    fleet.clock.advance(31)
    await fleet.settle(new)
    before = await fleet.incident(incident_id)
    await old._work(held)
    after = await fleet.incident(incident_id)
    assert after == before
    assert old.tools.metrics.incidents.ownership_lost._value.get() == 1
