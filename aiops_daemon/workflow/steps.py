"""What the record says of a plan's steps: the intent before the first call, the outcome after each."""

from datetime import datetime, timedelta

from pydantic import JsonValue

from aiops_daemon.model.plan import Failed, Plan, Progress, Running, Step, StepRecord, StepStatus, Succeeded, Unsure, step_key
from aiops_daemon.workflow.run import Run


def record_of(run: Run, step: Step) -> StepRecord | None:
    """None: nobody has begun it."""
    return run.result(step_key(step.id), StepRecord)


def begun(run: Run, step: Step) -> StepRecord:
    """The record of a step that somebody has begun."""
    record = record_of(run, step)
    if record is None:
        raise ValueError(f"step {step.id} was never begun")
    return record


def status(run: Run, step: Step) -> StepStatus | None:
    """How far it is; None: nobody has begun it."""
    record = record_of(run, step)
    return record.status if record else None


def acts_next(run: Run, step: Step) -> bool:
    """It runs, and its next look is an effect of its own."""
    record = record_of(run, step)
    return record is not None and record.status is StepStatus.RUNNING and record.acts_next


def unblocked(run: Run, plan: Plan, step: Step) -> bool:
    """What it depends on is done."""
    return set(step.depends_on) <= step_results(run, plan).keys()


def step_results(run: Run, plan: Plan) -> dict[str, JsonValue]:
    """Step id -> result of the finished steps, for probes."""
    records = {step.id: record_of(run, step) for step in plan.steps}
    return {name: record.result for name, record in records.items() if record and record.status is StepStatus.DONE}


def after(before: StepRecord, progress: Progress, limit: timedelta, now: datetime) -> tuple[StepRecord, float, str]:
    """The record that follows, in how many seconds to look again (0: not), and words for the trail."""
    match progress:
        case Succeeded():
            return _then(before, StepStatus.DONE, result=progress.result), 0, progress.note or "done"
        case Running():
            if now - before.at > limit:
                return _then(before, StepStatus.FAILED, reason=f"not finished after {limit.total_seconds():.0f} s"), 0, "timed out"
            approved = before.approved and progress.handle == before.handle
            more = {"acts_next": progress.acts_next, "plan": progress.plan, "approved": approved}
            record = _then(before, StepStatus.RUNNING, handle=progress.handle, **more)
            return record, progress.again_in_seconds, progress.note or "running"
        case Failed() | Unsure():
            untouched = isinstance(progress, Failed) and progress.untouched
            failed = _then(before, StepStatus.FAILED, reason=progress.reason, result=progress.result, untouched=untouched)
            return failed, 0, f"failed: {progress.reason}"


def _then(before: StepRecord, status: StepStatus, **more: object) -> StepRecord:
    return StepRecord.model_validate({"status": status, "at": before.at, "token": before.token, **more})
