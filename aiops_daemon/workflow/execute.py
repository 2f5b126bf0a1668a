"""EXECUTING and ROLLING_BACK: intent on the record, then the call with its token, then the result on the record.

Step records live in results["step:<id>"]: {status: started|running|done|failed, at, handle|result|reason}. Steps whose dependencies are
done run in parallel. The kill switch is read before every step; the intent's conditional write is the fence right before the effect.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from pydantic import JsonValue

from aiops_daemon.incidents.claims import claim_key
from aiops_daemon.incidents.stop import Stop
from aiops_daemon.model.errors import LostOwnership
from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import Effect, Failed, Health, HealthStatus, Plan, Progress, Running, Step, Succeeded
from aiops_daemon.policy.settings import Mode
from aiops_daemon.workflow.call import StepCall, attempt, call_for
from aiops_daemon.workflow.rails import give_up_probes, lost_claim, settle_rails, switched_off
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.together import all_of

Record = dict[str, JsonValue]
UNDO_SECONDS = 120.0
BLIND_SECONDS = 15.0
CALL_SECONDS = 60.0  # one call of start, poll or undo; waiting happens between calls, parked


async def execute(run: Run, plan: Plan) -> str:
    """Run every step that can run. Returns why it failed, or an empty string."""
    while run.state is State.EXECUTING:
        broken = [f"{step.title}: {_record(run, step).get('reason')}" for step in plan.steps if _status(run, step) == "failed"]
        running = [step for step in plan.steps if _status(run, step) == "running" and not _acts_next(run, step)]
        begun = [  # its worker died, so that whether it called is not known; or its next look is an effect of its own
            step for step in plan.steps if _status(run, step) == "started" or (_acts_next(run, step) and not broken)
        ]
        ready = [step for step in plan.steps if not broken and _status(run, step) == "" and _unblocked(run, plan, step)]
        stop = await _against(run, plan) if ready or begun else ""
        if stop and not running:  # what runs is seen to its end first
            await _stopped(run, plan, f"before step {', '.join(step.id for step in [*begun, *ready])}: {stop}")
        if not running and not begun and not ready:
            return broken[0] if broken else ""
        await _advance(run, plan, running if stop else [*running, *begun], [] if stop else ready)
    return str(run.raw("failure").get("reason", ""))


async def _advance(run: Run, plan: Plan, running: list[Step], ready: list[Step]) -> None:
    if ready:
        await _intend(run, ready)
    answers = await _side_by_side(run, running, ready)
    waits: list[float] = []
    results: dict[str, JsonValue] = {}
    notes = []
    for step, progress in answers:
        record, wait, note = _recorded(run, step, progress)
        if record != _record(run, step):
            results[_key(step)] = record
        waits += [wait] if wait else []
        notes.append(f"{step.action_id}: {note}")
        if record["status"] in {"done", "failed"}:
            run.tools.metrics.incidents.steps.labels(step.action_id, record["status"]).inc()
            spent = run.tools.clock.now() - datetime.fromisoformat(str(record["at"]))
            run.tools.metrics.incidents.step_seconds.labels(step.action_id).observe(spent.total_seconds())
    if results:
        done = all(_record(run, step).get("status") == "done" or _is_done(results.get(_key(step))) for step in plan.steps)
        await run.move(State.VERIFYING if done else State.EXECUTING, "; ".join(notes)[:1000], results=results)
    if waits:
        await run.wait(min(waits), "; ".join(notes))


async def _intend(run: Run, ready: list[Step]) -> None:
    at = run.tools.clock.now()
    intents: dict[str, JsonValue] = {
        _key(step): {"status": "started", "at": at.isoformat(), "token": call_for(run, step, at).token} for step in ready
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


def _is_done(record: JsonValue) -> bool:
    return isinstance(record, dict) and record["status"] == "done"


async def _called(run: Run, step: Step, *, fresh: bool) -> Progress | None:
    action = run.tools.actions[step.action_id]
    call, handle = _call(run, step)
    halted = partial(_switched_off, run)
    if handle is not None:
        seen = await attempt(run, CALL_SECONDS, partial(action.poll, call, handle), halted=halted if _acts_next(run, step) else None)
        if isinstance(seen, Failed) and seen.retryable:  # we could not look: what runs goes on, up to the step's own limit
            blind = f"could not look: {seen.reason}"
            return Running(handle=handle, again_in_seconds=BLIND_SECONDS, note=blind, acts_next=_acts_next(run, step))
        return seen
    if step.effect is Effect.DESTRUCTIVE:  # at most once: neither after a crash nor after an answer that was lost
        if not fresh:
            return Failed(reason="interrupted in a step that must not be repeated: a human has to look")
        return await attempt(run, CALL_SECONDS, partial(action.start, call), tries=1, fresh=True)
    return await attempt(run, CALL_SECONDS, partial(action.start, call), fresh=fresh, halted=halted)


def _call(run: Run, step: Step) -> tuple[StepCall, Record | None]:
    """The call, and the handle of what runs already."""
    record = _record(run, step)
    handle = record.get("handle")
    call = call_for(run, step, datetime.fromisoformat(str(record["at"])))
    return call, handle if record["status"] == "running" and isinstance(handle, dict) else None


def _recorded(run: Run, step: Step, progress: Progress) -> tuple[Record, float, str]:
    before = _record(run, step)
    started = datetime.fromisoformat(str(before["at"]))
    base: Record = {"at": before["at"], "token": before.get("token")}
    match progress:
        case Succeeded():
            return base | {"status": "done", "result": progress.result}, 0, progress.note or "done"
        case Running():
            if run.tools.clock.now() - started > timedelta(seconds=step.timeout_seconds):
                return base | {"status": "failed", "reason": f"not finished after {step.timeout_seconds} s"}, 0, "timed out"
            record = base | {"status": "running", "handle": progress.handle} | ({"acts_next": True} if progress.acts_next else {})
            return record, progress.again_in_seconds, progress.note or "running"
        case _:
            failed = base | {"status": "failed", "reason": progress.reason, "result": progress.result}
            untouched = isinstance(progress, Failed) and progress.untouched
            return failed | ({"untouched": True} if untouched else {}), 0, f"failed: {progress.reason}"


async def _switched_off(run: Run) -> Stop | None:
    if run.tools.policy.mode is Mode.OBSERVE:  # it was planned or approved before the mode was changed
        return Stop(by="AIOPS_MODE", reason="observe mode", at="start-up")
    return await switched_off(run.tools)


async def _against(run: Run, plan: Plan) -> str:
    """Why nothing more may be done to the resource now; empty: go on."""
    stop = await _switched_off(run)
    return f"kill switch set by {stop.by} at {stop.at}: {stop.reason}" if stop else await lost_claim(run, plan)


async def _stopped(run: Run, plan: Plan, why: str) -> None:
    if any(_status(run, step) for step in plan.steps):  # something was done, or may have been: the resource rests, as after any recovery
        await run.tools.claims.cool_down(
            claim_key(run.event), run.incident.incident_id, timedelta(minutes=run.tools.policy.cooldown_minutes)
        )
    await give_up_probes(run)
    await run.end(State.FAILED, f"stopped {why}"[:1000], Outcome.FAILED, notice=NoticeKind.STOPPED, success=False)


async def roll_back(run: Run, plan: Plan, failure: str, health: Health | None) -> None:
    """Where the recovery failed: undo finished steps in reverse, then end. Returns only where there is nothing to roll back."""
    if not failure and health is not None and health.status is not HealthStatus.UNHEALTHY:
        return
    why = failure or (health.detail if health else "unknown")
    undoable = [step for step in reversed(plan.steps) if step.undoable and _status(run, step) == "done"]
    if run.state is not State.ROLLING_BACK:
        if not undoable:
            await _failed(run, plan, State.FAILED, f"recovery failed: {why}; nothing to undo", Outcome.FAILED)
        await run.move(State.ROLLING_BACK, f"recovery failed: {why}; undoing", results={"failure": {"reason": why}})
    for step in undoable:
        await _undo(run, plan, step)
    await _failed(run, plan, State.ROLLED_BACK, f"rolled back after: {run.raw('failure').get('reason')}", Outcome.ROLLED_BACK)


async def _undo(run: Run, plan: Plan, step: Step) -> None:
    if _record(run, step).get("undone"):
        return
    if stop := await _against(run, plan):
        await _stopped(run, plan, f"before the undo of step {step.id}: {stop}")
    record = _record(run, step)
    result = record.get("result")
    call = call_for(run, step, datetime.fromisoformat(str(record["at"])))
    undo = partial(run.tools.actions[step.action_id].undo, call, result if isinstance(result, dict) else {})
    progress = await attempt(run, UNDO_SECONDS, undo, halted=partial(_switched_off, run))
    if progress is None:
        await _undo(run, plan, step)  # asks again, and says so
        return
    if isinstance(progress, Succeeded):
        await run.move(State.ROLLING_BACK, f"undone: {step.action_id}", results={_key(step): record | {"undone": True}})
        return
    reason = progress.reason if not isinstance(progress, Running) else "still running"
    await run.tools.claims.cool_down(
        claim_key(run.event),
        run.incident.incident_id,
        timedelta(days=3650),
        frozen=f"undo of {step.action_id} failed in {run.incident.incident_id}",
    )
    await _failed(run, plan, State.FAILED, f"undo of {step.action_id} failed: {reason}; the resource is frozen", Outcome.ROLLBACK_FAILED)


async def _failed(run: Run, plan: Plan, state: State, note: str, outcome: Outcome) -> None:
    begun = [step for step in plan.steps if _status(run, step)]
    untouched = bool(begun) and all(_record(run, step).get("untouched") for step in begun)
    page, opened = await settle_rails(run, good=False, untouched=untouched)
    await run.end(state, note[:1000], outcome, notice=NoticeKind.FAILED, success=False, results=opened, also=page)


def step_results(run: Run, plan: Plan) -> Mapping[str, JsonValue]:
    """Step id -> result of the finished steps, for probes."""
    return {step.id: _record(run, step).get("result") for step in plan.steps if _status(run, step) == "done"}


def _key(step: Step) -> str:
    return f"step:{step.id}"


def _record(run: Run, step: Step) -> Record:
    return run.raw(_key(step))


def _status(run: Run, step: Step) -> str:
    return str(_record(run, step).get("status", ""))


def _acts_next(run: Run, step: Step) -> bool:
    return _status(run, step) == "running" and _record(run, step).get("acts_next") is True


def _unblocked(run: Run, plan: Plan, step: Step) -> bool:
    done = {other.id for other in plan.steps if _status(run, other) == "done"}
    return set(step.depends_on) <= done
