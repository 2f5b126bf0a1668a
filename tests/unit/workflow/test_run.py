"""One worker's run: what is said now, and what is said with the next write."""

import pytest

from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.model.plan import Progress, Running
from aiops_daemon.ports import ActionCall
from aiops_daemon.workflow.run import Ended, Parked, Run
from tests.doubles.plans import ScriptedAction, planned, step
from tests.doubles.world import Fleet, stopped


async def started(fleet: Fleet) -> Run:
    workers = fleet.workers()
    await fleet.admit(workers, stopped())
    (seen,) = await workers.tools.journal.due(1)
    held = await workers.take(seen)
    assert held is not None
    return Run(held, workers.tools)


async def test_a_deferred_transition_is_seen_by_the_stages_and_written_with_the_next() -> None:
    fleet = Fleet()
    run = await started(fleet)
    writes = len(fleet.memory.writes)
    run.defer(State.ANALYZING, "judged", results={"verdict": {"a": 1}, "rules": {"b": 2}})
    assert (run.state, run.raw("verdict"), run.raw("rules")) == (State.ANALYZING, {"a": 1}, {"b": 2})
    assert len(fleet.memory.writes) == writes
    assert (await fleet.incident(run.incident.incident_id)).workflow_state is State.DETECTING
    await run.move(State.PLANNING, "planned", results={"plan": {}})
    assert len(fleet.memory.writes) == writes + 1
    stored = await fleet.incident(run.incident.incident_id)
    assert [entry.note for entry in stored.audit][1:] == ["judged", "planned"]
    assert stored.results["verdict"] == {"a": 1}
    assert fleet.tools().metrics is not run.tools.metrics
    counted = run.tools.metrics.registry.get_sample_value("aiops_transitions_total", {"state": "ANALYZING"})
    assert counted == 1


async def test_neither_a_rest_nor_an_end_forgets_it() -> None:
    fleet = Fleet()
    run = await started(fleet)
    run.defer(State.ANALYZING, "judged")
    with pytest.raises(Parked):
        await run.park(fleet.clock.now(), "rests")
    assert (await fleet.incident(run.incident.incident_id)).workflow_state is State.ANALYZING
    (seen,) = await run.tools.journal.due(1)
    held = await run.tools.journal.take(seen, "b")
    assert held is not None
    again = Run(held, run.tools)
    again.defer(State.PLANNING, "planned")
    with pytest.raises(Ended):
        await again.end(State.FAILED, "over", Outcome.FAILED)
    stored = await fleet.incident(run.incident.incident_id)
    assert [entry.state for entry in stored.audit[1:]] == [State.ANALYZING, State.PLANNING, State.FAILED]


async def test_when_an_action_is_called_the_decision_and_its_intent_are_on_the_record() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    inner, seen = fleet.action.start, []

    async def start(call: ActionCall) -> Progress:
        seen.append(await fleet.incident(call.incident_id))
        return await inner(call)

    fleet.action.start = start  # type: ignore[method-assign]  # looks at the table at that very moment
    await fleet.admit(workers, stopped())
    await workers.drain()
    (then,) = seen
    assert then.workflow_state is State.EXECUTING
    assert then.results["step:restore"]["status"] == "started"  # type: ignore[index,call-overload]  # a JSON object
    assert then.results["charge"]["today"] == 1  # type: ignore[index,call-overload]  # a JSON object
    acting, starting = then.audit[-2:]
    assert (acting.state, starting.state, acting.at) == (State.EXECUTING, State.EXECUTING, starting.at)
    assert acting.note.startswith("acting: ")
    assert starting.note.startswith("starting ec2.start on ")


async def test_the_kill_switch_stops_what_was_decided_and_the_trail_says_both() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await workers.tools.switch.set(stopped=True, by="ann", reason="drill")
    key = await fleet.admit(workers, stopped())
    await workers.drain()
    incident = await fleet.incident(key)
    assert [entry.state for entry in incident.audit[-2:]] == [State.EXECUTING, State.FAILED]
    assert incident.audit[-2].note.startswith("acting: ")
    assert "kill switch set by ann" in incident.audit[-1].note
    assert not fleet.world.starts


async def test_short_waits_keep_no_process_from_stopping() -> None:
    """A step that is looked at every two seconds for minutes: SIGTERM waits for the next rest."""
    fleet = Fleet()
    one = ScriptedAction("a.one", *[Running(again_in_seconds=2)] * 150)
    workers = fleet.workers()
    held = await planned(fleet, workers, [one], [step(one, "1").model_copy(update={"timeout_seconds": 900})])
    began = fleet.clock.now()
    await workers._work(held)
    assert 55 <= (fleet.clock.now() - began).total_seconds() <= 65
    incident = await fleet.incident(held.incident.incident_id)
    assert (incident.workflow_state, incident.owner) == (State.EXECUTING, None)
    await fleet.settle(workers)
    assert (await fleet.incident(held.incident.incident_id)).takeovers == 0
