"""Steps: order, waiting, limits, interruption, the kill switch in the middle, and what is undone afterwards."""

import asyncio
from dataclasses import replace

import pytest

from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.model.errors import GiveUp, NeedsHuman, RetryLater
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import Effect, Failed, Running, Step, Succeeded, Unsure
from aiops_daemon.policy.settings import Mode
from aiops_daemon.workflow.worker import Workers
from tests.doubles.plans import ScriptedAction, planned, step
from tests.doubles.world import Fleet

CLAIM = "RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0"


async def run_to_the_end(fleet: Fleet, workers: Workers, actions: list[ScriptedAction], steps: list[Step]) -> Incident:
    held = await planned(fleet, workers, actions, steps)
    fleet.world.healthy["i-0123456789abcdef0"] = fleet.world.heals
    await workers._work(held)
    await fleet.settle(workers)
    return await fleet.incident(held.incident.incident_id)


async def test_independent_steps_run_together_and_a_dependent_one_after_both() -> None:
    fleet = Fleet()
    one, two, three = ScriptedAction("a.one", Running(again_in_seconds=10)), ScriptedAction("a.two"), ScriptedAction("a.three")
    incident = await run_to_the_end(fleet, fleet.workers(), [one, two, three], [step(one, "1"), step(two, "2"), step(three, "3", "1", "2")])
    assert incident.workflow_state is State.COMPLETED
    notes = [entry.note for entry in incident.audit if entry.note.startswith("starting")]
    assert notes == ["starting a.one on i-0123456789abcdef0, a.two on i-0123456789abcdef0", "starting a.three on i-0123456789abcdef0"]
    assert (one.verbs, two.verbs, three.verbs) == (["start", "poll"], ["start"], ["start"])


async def test_a_failed_step_stops_the_rest_but_its_neighbour_is_seen_to_its_end_and_undone() -> None:
    fleet = Fleet()
    bad, slow, late = (
        ScriptedAction("a.bad", Failed(reason="no quota")),
        ScriptedAction("a.slow", Running(again_in_seconds=10)),
        ScriptedAction("a.late"),
    )
    incident = await run_to_the_end(fleet, fleet.workers(), [bad, slow, late], [step(bad, "1"), step(slow, "2"), step(late, "3", "1")])
    assert incident.outcome is Outcome.ROLLED_BACK
    assert slow.verbs == ["start", "poll", "undo"]
    assert late.verbs == []
    assert "no quota" in incident.audit[-1].note


async def test_nothing_to_undo_is_a_plain_failure() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one", GiveUp("denied"))
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert (incident.workflow_state, incident.outcome) == (State.FAILED, Outcome.FAILED)
    assert "denied; nothing to undo" in incident.audit[-1].note
    assert fleet.memory.items[CLAIM]["until"] < stamp(fleet.clock.now().replace(year=2027)), "the cooldown replaced the hold"


async def test_a_step_that_never_finishes_times_out() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one", *[Running(again_in_seconds=25)] * 9)
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert incident.workflow_state is State.FAILED
    assert "not finished after 60 s" in incident.audit[-1].note


async def test_a_step_that_needs_a_person_fails_with_its_words() -> None:
    for answer in (Unsure(reason="the plan deletes a subnet"), NeedsHuman("the plan deletes a subnet")):
        fleet = Fleet()
        one = ScriptedAction("a.one", answer)
        incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
        assert "the plan deletes a subnet" in incident.audit[-1].note
        assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.FAILED]


async def test_an_error_that_may_pass_is_tried_again_with_the_same_token() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one", RetryLater("throttled"), RetryLater("throttled"))
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert incident.workflow_state is State.COMPLETED
    assert len(one.calls) == 3
    assert len(set(one.calls)) == 1


async def test_an_error_that_does_not_pass_fails_the_step() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one", *[RetryLater("throttled")] * 3)
    assert "throttled" in (await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])).audit[-1].note


async def test_a_call_that_hangs_is_given_up() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one", TimeoutError())
    assert "no answer within 60 s" in (await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])).audit[-1].note


async def test_a_destructive_step_is_tried_once_whatever_the_error() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.delete", RetryLater("no reply"), effect=Effect.DESTRUCTIVE)
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert incident.workflow_state is State.FAILED
    assert one.verbs == ["start"]


async def test_an_interrupted_destructive_step_is_never_repeated_however_fast_the_successor() -> None:
    fleet = Fleet()

    def die() -> None:
        raise asyncio.CancelledError

    one = ScriptedAction("a.delete", effect=Effect.DESTRUCTIVE)
    one.before = die
    workers = fleet.workers()
    held = await planned(fleet, workers, [one], [step(one, "1")])
    try:
        await workers._work(held)
    except asyncio.CancelledError:
        one.before = None
    fleet.clock.advance(31)
    await fleet.settle(workers)
    incident = await fleet.incident(held.incident.incident_id)
    assert one.verbs == ["start"]
    assert "must not be repeated" in incident.audit[-1].note


async def test_a_finished_destructive_step_goes_on() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.delete", Running(again_in_seconds=10), effect=Effect.DESTRUCTIVE)
    assert (await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])).workflow_state is State.COMPLETED


async def test_the_kill_switch_in_the_middle_stops_before_the_next_step_and_the_resource_rests() -> None:
    fleet = Fleet()
    one, two = ScriptedAction("a.one", Running(again_in_seconds=10)), ScriptedAction("a.two")
    beside = ScriptedAction("a.beside")
    switch = KillSwitch(fleet.memory, fleet.clock)
    workers = fleet.workers()
    held = await planned(fleet, workers, [one, two, beside], [step(one, "1"), step(beside, "b"), step(two, "2", "b")])
    beside.before = lambda: fleet.memory.items.update(SWITCH={"incident_id": "SWITCH", "stopped": True, "by": "ann", "reason": "drill"})
    await workers._work(held)
    await fleet.settle(workers)
    incident = await fleet.incident(held.incident.incident_id)
    assert "stopped before step 2: kill switch set by ann" in incident.audit[-1].note
    assert one.verbs == ["start", "poll"], "what ran was seen to its end"
    assert two.verbs == []
    assert fleet.memory.items[CLAIM]["until"] == stamp(incident.audit[-1].at.replace(minute=incident.audit[-1].at.minute + 5))
    await switch.set(stopped=False, by="ann", reason="over")
    assert await switch.stopped() is None


async def test_a_running_step_whose_next_look_is_an_effect_asks_the_kill_switch_first() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one", Running(again_in_seconds=10), Running(again_in_seconds=0, acts_next=True, note="planned"))
    workers = fleet.workers()
    held = await planned(fleet, workers, [one], [step(one, "1")])
    one.before = lambda: fleet.memory.items.update(SWITCH={"incident_id": "SWITCH", "stopped": True, "by": "ann", "reason": "drill"})
    await workers._work(held)
    await fleet.settle(workers)
    incident = await fleet.incident(held.incident.incident_id)
    assert one.verbs == ["start", "poll"], "what ran was seen to its end, what comes after it was not begun"
    assert [entry.note for entry in incident.audit if "planned" in entry.note] == ["a.one: planned"]
    assert "stopped before step 1: kill switch set by ann" in incident.audit[-1].note


async def test_the_look_that_is_an_effect_comes_where_nothing_is_stopped_and_is_repeated_where_it_got_no_answer() -> None:
    fleet = Fleet()
    slow = Running(again_in_seconds=0, acts_next=True)
    one = ScriptedAction("a.one", slow, RetryLater("throttled"), RetryLater("throttled"), RetryLater("throttled"))
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert incident.workflow_state is State.COMPLETED
    assert one.verbs == ["start", *["poll"] * 4]


async def test_an_error_that_may_pass_is_not_tried_again_after_the_switch_was_set() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one", RetryLater("throttled"))
    one.before = lambda: fleet.memory.items.update(SWITCH={"incident_id": "SWITCH", "stopped": True, "by": "ann", "reason": "drill"})
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert "stopped before step 1: kill switch set by ann" in incident.audit[-1].note
    assert one.verbs == ["start"]


async def test_an_undo_that_met_an_error_is_not_tried_again_after_the_switch_was_set() -> None:
    fleet = Fleet()
    fleet.world.heals = False
    one = ScriptedAction("a.one")
    undone = []

    async def undo(*_: object) -> Succeeded:
        undone.append(fleet.clock.now())
        fleet.memory.items.update(SWITCH={"incident_id": "SWITCH", "stopped": True, "by": "ann", "reason": "drill"})
        raise RetryLater("throttled")

    one.undo = undo  # type: ignore[method-assign,assignment]  # meets the switch in the middle
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert "stopped before the undo of step 1: kill switch set by ann" in incident.audit[-1].note
    assert len(undone) == 1


async def test_the_kill_switch_stops_an_undo_too() -> None:
    fleet = Fleet()
    fleet.world.heals = False
    one = ScriptedAction("a.one")
    one.before = lambda: fleet.memory.items.update(SWITCH={"incident_id": "SWITCH", "stopped": True, "by": "ann", "reason": "drill"})
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert "stopped before the undo of step 1" in incident.audit[-1].note
    assert one.verbs == ["start"]


async def test_a_step_whose_worker_died_before_its_answer_is_not_started_again_while_the_switch_is_set() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one")

    def die() -> None:
        raise asyncio.CancelledError

    one.before = die
    workers = fleet.workers()
    held = await planned(fleet, workers, [one], [step(one, "1")])
    with pytest.raises(asyncio.CancelledError):
        await workers._work(held)
    begun = list(one.verbs)
    one.before = None
    fleet.memory.items.update(SWITCH={"incident_id": "SWITCH", "stopped": True, "by": "ann", "reason": "drill"})
    fleet.clock.advance(31)
    await fleet.settle(workers)
    incident = await fleet.incident(held.incident.incident_id)
    assert one.verbs == begun, "no call while stopped"
    assert "stopped before step 1: kill switch set by ann" in incident.audit[-1].note
    assert fleet.memory.items[CLAIM]["until"] > stamp(incident.audit[-1].at), "it may have been done: the resource rests"


async def test_what_was_approved_before_observe_mode_is_not_run_in_it() -> None:
    fleet = Fleet()
    one = ScriptedAction("a.one")
    workers = fleet.workers()
    held = await planned(fleet, workers, [one], [step(one, "1")])
    workers.tools = replace(workers.tools, policy=workers.tools.policy.model_copy(update={"mode": Mode.OBSERVE}))
    await workers._work(held)
    incident = await fleet.incident(held.incident.incident_id)
    assert one.verbs == []
    assert "observe mode" in incident.audit[-1].note


async def test_an_undo_that_is_still_running_freezes_the_resource() -> None:
    fleet = Fleet()
    fleet.world.heals = False
    one = ScriptedAction("a.one")
    one.undo_answer = Running(again_in_seconds=10)
    incident = await run_to_the_end(fleet, fleet.workers(), [one], [step(one, "1")])
    assert incident.outcome is Outcome.ROLLBACK_FAILED
    assert "still running" in incident.audit[-1].note
    assert "frozen" in fleet.memory.items[CLAIM]


async def test_an_undo_interrupted_between_two_steps_does_not_undo_the_first_again() -> None:
    fleet = Fleet()
    fleet.world.heals = False
    one, two = ScriptedAction("a.one"), ScriptedAction("a.two")
    workers = fleet.workers()
    held = await planned(fleet, workers, [one, two], [step(one, "1"), step(two, "2", "1")])

    async def dies(*_: object) -> Succeeded:
        one.undo = ScriptedAction.undo.__get__(one)  # type: ignore[method-assign]  # the successor's action lives
        raise asyncio.CancelledError

    one.undo = dies  # type: ignore[method-assign, assignment]  # the first owner dies in it
    try:
        while fleet.open():
            await workers._work(held) if held.incident.owner else await workers.drain()
            fleet.clock.advance(31)
    except asyncio.CancelledError:
        fleet.clock.advance(31)
    await fleet.settle(workers)
    assert (await fleet.incident(held.incident.incident_id)).outcome is Outcome.ROLLED_BACK
    assert (one.verbs, two.verbs) == (["start", "undo"], ["start", "undo"])


async def test_a_running_step_that_cannot_be_looked_at_goes_on_up_to_its_own_limit() -> None:
    fleet = Fleet(step_attempts=1)
    blind = ScriptedAction("a.blind", Running(again_in_seconds=10), RetryLater("throttled"))
    incident = await run_to_the_end(fleet, fleet.workers(), [blind], [step(blind, "1")])
    assert (incident.workflow_state, blind.verbs) == (State.COMPLETED, ["start", "poll", "poll"])
    never = ScriptedAction("a.never", Running(again_in_seconds=10), *[RetryLater("throttled")] * 9)
    fleet = Fleet(step_attempts=1)
    incident = await run_to_the_end(fleet, fleet.workers(), [never], [step(never, "1")])
    assert incident.outcome is not Outcome.VERIFIED
    assert never.verbs.count("start") == 1
