"""EXECUTING and ROLLING_BACK: intent on the record, then the call with its token, then the result on the record.

Steps whose dependencies are done run in parallel. The kill switch is read before every step; the intent's conditional write is the fence
right before the effect.
"""

from datetime import timedelta
from functools import partial

from pydantic import JsonValue

from aiops_daemon.incidents.kill_switch import Stop
from aiops_daemon.model.errors import LostOwnership
from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import (
    Effect,
    Failed,
    Health,
    HealthStatus,
    Plan,
    Progress,
    Running,
    Step,
    StepRecord,
    StepStatus,
    Succeeded,
    step_key,
)
from aiops_daemon.policy.settings import Mode
from aiops_daemon.workflow.call import StepCall, attempt, call_for
from aiops_daemon.workflow.gate import ask_with_plan
from aiops_daemon.workflow.rails import give_up_probes, lost_claim, settle_rails, switched_off
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.steps import acts_next, after, begun, record_of, status, step_results, unblocked
from aiops_daemon.workflow.together import all_of

_UNDO_SECONDS = 120.0
_FOR_GOOD = timedelta(days=3650)
_BLIND_SECONDS = 15.0
_CALL_SECONDS = 60.0  # one call of start, poll or undo; waiting happens between calls, parked


async def execute(run: Run, plan: Plan) -> str:
    """Run every step that can run. Returns why it failed, or an empty string."""
    while run.state is State.EXECUTING:
        await ask_with_plan(run, plan)
        broken = [f"{step.title}: {begun(run, step).reason}" for step in plan.steps if status(run, step) is StepStatus.FAILED]
        running = [step for step in plan.steps if status(run, step) is StepStatus.RUNNING and not acts_next(run, step)]
        resumed = [  # its worker died, so that whether it called is not known; or its next look is an effect of its own
            step for step in plan.steps if status(run, step) is StepStatus.STARTED or (acts_next(run, step) and not broken)
        ]
        ready = [step for step in plan.steps if not broken and status(run, step) is None and unblocked(run, plan, step)]
        stop = await _against(run, plan) if ready or resumed else ""
        if stop and not running:  # what runs is seen to its end first
            await _stopped(run, plan, f"before step {', '.join(step.id for step in [*resumed, *ready])}: {stop}")
        if not running and not resumed and not ready:
            return broken[0] if broken else ""
        await _advance(run, plan, running if stop else [*running, *resumed], [] if stop else ready)
    return str(run.raw("failure").get("reason", ""))


async def _advance(run: Run, plan: Plan, running: list[Step], ready: list[Step]) -> None:
    if ready:
        await _intend(run, ready)
    answers = await _side_by_side(run, running, ready)
    waits: list[float] = []
    results: dict[str, JsonValue] = {}
    notes = []
    done = set(step_results(run, plan))
    for step, progress in answers:
        before = begun(run, step)
        record, wait, note = after(before, progress, timedelta(seconds=step.timeout_seconds), run.tools.clock.now())
        if record != before:
            results[step_key(step.id)] = record.dumped()
        waits += [wait] if wait else []
        notes.append(f"{step.action_id}: {note}")
        if record.status in {StepStatus.DONE, StepStatus.FAILED}:
            run.tools.metrics.incidents.steps.labels(step.action_id, record.status).inc()
            spent = run.tools.clock.now() - record.at
            run.tools.metrics.incidents.step_seconds.labels(step.action_id).observe(spent.total_seconds())
        done |= {step.id} if record.status is StepStatus.DONE else set()
    if results:
        await run.move(State.VERIFYING if len(done) == len(plan.steps) else State.EXECUTING, "; ".join(notes), results=results)
    if waits:
        await run.wait(min(waits), "; ".join(notes))


async def _intend(run: Run, ready: list[Step]) -> None:
    at = run.tools.clock.now()
    intents: dict[str, JsonValue] = {
        step_key(step.id): StepRecord(status=StepStatus.STARTED, at=at, token=call_for(run, step, at).token).dumped() for step in ready
    }
    note = "starting " + ", ".join(f"{step.action_id} on {step.resource.id}" for step in ready)
    await run.move(State.EXECUTING, note, results=intents)


async def _side_by_side(run: Run, running: list[Step], ready: list[Step]) -> list[tuple[Step, Progress]]:
    """What each step says; nothing of one that was halted between two tries: it is as it was, and the loop sees why."""
    steps = [*running, *ready]
    try:
        answers = await all_of(*(_called(run, step, fresh=step in ready) for step in steps))
    except ExceptionGroup as failed:
        lost = failed.subgroup(LostOwnership)
        if lost is not None:  # whatever else went wrong: the incident is another worker's now
            raise LostOwnership(str(lost.exceptions[0])) from failed
        raise
    return [(step, progress) for step, progress in zip(steps, answers, strict=True) if progress is not None]


async def _called(run: Run, step: Step, *, fresh: bool) -> Progress | None:
    action = run.tools.actions[step.action_id]
    call, handle = _call(run, step)
    halted = partial(_switched_off, run)
    if handle is not None:
        seen = await attempt(run, _CALL_SECONDS, partial(action.poll, call, handle), halted=halted if acts_next(run, step) else None)
        if isinstance(seen, Failed) and seen.retryable:  # we could not look: what runs goes on, up to the step's own limit
            blind = f"could not look: {seen.reason}"
            known = begun(run, step)
            return Running(handle=handle, again_in_seconds=_BLIND_SECONDS, note=blind, acts_next=known.acts_next, plan=known.plan)
        return seen
    if step.effect is Effect.DESTRUCTIVE:  # at most once: neither after a crash nor after an answer that was lost
        if not fresh:
            return Failed(reason="interrupted in a step that must not be repeated: a human has to look")
        return await attempt(run, _CALL_SECONDS, partial(action.start, call), tries=1, fresh=True)
    return await attempt(run, _CALL_SECONDS, partial(action.start, call), fresh=fresh, halted=halted)


def _call(run: Run, step: Step) -> tuple[StepCall, dict[str, JsonValue] | None]:
    """The call, and the handle of what runs already."""
    record = begun(run, step)
    return call_for(run, step, record.at), record.handle if record.status is StepStatus.RUNNING else None


async def _switched_off(run: Run) -> Stop | None:
    if run.tools.policy.mode is Mode.OBSERVE:  # it was planned or approved before the mode was changed
        return Stop(by="AIOPS_MODE", reason="observe mode", at="start-up")
    return await switched_off(run.tools)


async def _against(run: Run, plan: Plan) -> str:
    """Why nothing more may be done to the resource now; empty: go on."""
    stop = await _switched_off(run)
    return stop.why if stop else await lost_claim(run, plan)


async def _stopped(run: Run, plan: Plan, why: str) -> None:
    tried = any(record_of(run, step) for step in plan.steps)
    if tried:  # something was done, or may have been: the resource rests, as after any recovery
        await run.tools.claims.cool_down(*run.claim, run.tools.policy.cooldown)
    await give_up_probes(run)
    success = False if tried else None  # what was held back teaches nothing about the action
    await run.end(State.FAILED, f"stopped {why}", Outcome.FAILED, notice=NoticeKind.STOPPED, success=success)


async def roll_back(run: Run, plan: Plan, failure: str, health: Health | None) -> None:
    """Where the recovery failed: undo finished steps in reverse, then end. Returns only where there is nothing to roll back."""
    if not failure and health is not None and health.status is not HealthStatus.UNHEALTHY:
        return
    why = failure or (health.detail if health else "unknown")
    undoable = [step for step in reversed(plan.steps) if step.undoable and status(run, step) is StepStatus.DONE]
    if run.state is not State.ROLLING_BACK:
        if not undoable:
            await _failed(run, plan, State.FAILED, f"recovery failed: {why}; nothing to undo", Outcome.FAILED)
        await run.move(State.ROLLING_BACK, f"recovery failed: {why}; undoing", results={"failure": {"reason": why}})
    for step in undoable:
        await _undo(run, plan, step)
    await _failed(run, plan, State.ROLLED_BACK, f"rolled back after: {run.raw('failure').get('reason')}", Outcome.ROLLED_BACK)


async def _undo(run: Run, plan: Plan, step: Step) -> None:
    record = begun(run, step)
    if record.undone:
        return
    undo = partial(run.tools.actions[step.action_id].undo, call_for(run, step, record.at), record.result or {})
    progress = None
    while progress is None:  # the switch may have been set between two tries: asked again, and said
        if stop := await _against(run, plan):
            await _stopped(run, plan, f"before the undo of step {step.id}: {stop}")
        progress = await attempt(run, _UNDO_SECONDS, undo, halted=partial(_switched_off, run))
    if isinstance(progress, Succeeded):
        undone = record.model_copy(update={"undone": True}).dumped()
        await run.move(State.ROLLING_BACK, f"undone: {step.action_id}", results={step_key(step.id): undone})
        return
    reason = progress.reason if not isinstance(progress, Running) else "still running"
    frozen = f"undo of {step.action_id} failed in {run.incident.incident_id}"
    await run.tools.claims.cool_down(*run.claim, _FOR_GOOD, frozen=frozen)
    await _failed(run, plan, State.FAILED, f"undo of {step.action_id} failed: {reason}; the resource is frozen", Outcome.ROLLBACK_FAILED)


async def _failed(run: Run, plan: Plan, state: State, note: str, outcome: Outcome) -> None:
    records = [record for step in plan.steps if (record := record_of(run, step))]
    untouched = bool(records) and all(record.untouched for record in records)
    page, opened = await settle_rails(run, good=False, untouched=untouched)
    await run.end(state, note, outcome, notice=NoticeKind.FAILED, success=False, results=opened, also=page)
