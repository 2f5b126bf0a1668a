"""The gate: act, ask a human, or leave it. Everything that speaks against acting is asked here, before the first side effect."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from pydantic import JsonValue

from aiops_daemon.incidents.claims import claim_key
from aiops_daemon.model.event import EventKind
from aiops_daemon.model.incident import Outcome, Signal, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import Effect, HealthStatus, Plan
from aiops_daemon.model.verdict import Classification, Decision, DecisionKind, Provenance, Verdict
from aiops_daemon.policy.gate import decide
from aiops_daemon.policy.settings import Mode
from aiops_daemon.workflow.detect import may_act
from aiops_daemon.workflow.outbox import flush, next_try
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.storm import folded, join_storm, on_record, page, speaks_for_a_storm, words


async def gate(run: Run, verdict: Verdict, plan: Plan) -> None:
    """PLANNING -> EXECUTING, AWAITING_APPROVAL or an end. Returns only where the plan may run."""
    if run.state in {State.EXECUTING, State.VERIFYING, State.ROLLING_BACK}:
        return
    if run.state is State.AWAITING_APPROVAL:
        await _answer(run, plan)
        return
    decision = _decision(run, verdict, plan)
    if decision.kind is DecisionKind.NONE:
        await _leave(run, verdict, plan, decision)
    if not await speaks_for_a_storm(run):
        await leave_if_healthy(run)
    cause = run.raw("provenance").get("cause", "unexplained")
    run.tools.metrics.incidents.decisions.labels(decision.kind, cause).inc()
    storm = await join_storm(run)
    if storm is not None:
        await _ask(run, f"{words(run, storm)}: {decision.reason}"[:900], page(run, storm), {"storm": on_record(run, storm)})
    doubt, charge = await _guard_rails(run, plan) if decision.kind is DecisionKind.ACT else (decision.reason, {})
    if doubt:
        await _ask(run, doubt)
    run.defer(State.EXECUTING, f"acting: {decision.reason}", results=charge)  # written with the first step's intent


def _decision(run: Run, verdict: Verdict, plan: Plan) -> Decision:
    chosen = plan.steps[0].action_id if plan.steps and verdict.action_id else None
    return decide(
        verdict.model_copy(update={"action_id": chosen}),
        run.result("provenance", Provenance) or Provenance(),
        run.event,
        {step.action_id: run.tools.actions[step.action_id].spec for step in plan.steps},
        run.tools.policy,
    )


async def _leave(run: Run, verdict: Verdict, plan: Plan, decision: Decision) -> None:
    told = None
    if verdict.classification is not Classification.NORMAL:
        told = NoticeKind.WARNING if run.event.kind is EventKind.LOG_ANOMALY else NoticeKind.ANOMALY
    observed = run.tools.policy.mode is Mode.OBSERVE and bool(plan.steps)
    note = f"no action: {decision.reason}" + (f"; the plan: {plan.rationale}" if observed else "")
    await run.end(State.SUPPRESSED, note[:1000], Outcome.OBSERVED if observed else Outcome.SUPPRESSED, notice=told)


async def leave_if_healthy(run: Run) -> None:
    """A late or stale report: the resource may be well again, and then the incident ends here."""
    probe = run.tools.probes.get(run.event.resource.type)
    if probe is None or not may_act(run):
        return
    health = await probe.look(run.tools.clients, run.event, {})
    if health.status is HealthStatus.HEALTHY:
        await run.end(State.SUPPRESSED, f"no action: {health.detail}; it is healthy again", Outcome.SELF_HEALED, success=True)


async def _guard_rails(run: Run, plan: Plan) -> tuple[str, dict[str, JsonValue]]:
    """Why not to act by ourselves (or an empty string), and what was charged. A rail that cannot be read raises, and nothing runs."""
    for step in plan.steps:
        breaker = await run.tools.breaker.look(step.action_id)
        run.tools.metrics.guards.breaker.labels(step.action_id).set(breaker.open_since is not None)
        if breaker.open_since is not None:
            return f"the breaker of {step.action_id} is open: {breaker.reason}", {}
    if all(step.effect is Effect.NONE for step in plan.steps):
        return "", {}
    charge = await _charge(run, plan)
    limit = run.tools.settings.recoveries_per_resource_and_day
    if int(str(charge["today"])) > limit:
        run.tools.metrics.guards.refusals.labels("resource").inc()
        return f"budget: this resource was already recovered {limit} times today", {}
    if not await run.tools.recoveries.spend(run.incident.incident_id, run.event.account):
        run.tools.metrics.guards.refusals.labels("account").inc()
        return f"budget: {run.tools.recoveries.limit} recoveries in this account and hour are spent", {}
    return "", {"charge": charge}


async def _charge(run: Run, plan: Plan) -> dict[str, JsonValue]:
    me = run.incident.incident_id
    claim = await run.tools.claims.charge(claim_key(run.event), me, me, _hold(plan))
    return {"today": claim.today, "streak": claim.streak}


def _hold(plan: Plan) -> timedelta:
    return timedelta(seconds=max((step.timeout_seconds for step in plan.steps), default=0))


async def _ask(
    run: Run, why: str, notice: NoticeKind | None = NoticeKind.REVIEW, results: Mapping[str, JsonValue] = MappingProxyType({})
) -> None:
    until = run.tools.clock.now() + timedelta(hours=run.tools.settings.approval_hours)
    await run.move(
        State.AWAITING_APPROVAL,
        f"Manual Review Required: {why}",
        notice=notice,
        results={"asked": {"why": why, "until": until.isoformat()}, **results},
    )
    run.tools.metrics.incidents.approvals.labels("requested").inc()
    await _rest(run, until)


async def _rest(run: Run, until: datetime) -> None:
    """Until a person speaks, or a channel that failed is to be tried again: a lost page must not wait for the deadline."""
    await flush(run)
    await run.park(min(until, next_try(run) or until), "waiting for a human")


async def _answer(run: Run, plan: Plan) -> None:
    """A signal decides; silence until the deadline is a no."""
    asked = run.raw("asked")
    signals = sorted(run.incident.signals.values(), key=lambda signal: signal.at)
    if not signals:
        await _silence(run, str(asked.get("until", "")))
    first: Signal = signals[0]
    said = f"{first.decision} by {first.by}: {first.reason}"
    run.tools.metrics.incidents.approvals.labels("approved" if first.decision == "approve" else "rejected").inc()
    if first.decision != "approve":
        await run.end(State.REJECTED, said, Outcome.REJECTED, notice=None if folded(run) else NoticeKind.STOPPED)
    if not plan.steps:
        await run.end(State.SUPPRESSED, f"{said}; there is no action to run, a person has taken it over", Outcome.SUPPRESSED)
    await leave_if_healthy(run)
    claim = await run.tools.claims.claim(
        claim_key(run.event), run.incident.incident_id, timedelta(minutes=run.tools.policy.cooldown_minutes)
    )
    if not claim.mine:
        if claim.frozen:
            await run.end(
                State.REJECTED, f"{said}, but the resource is frozen: {claim.frozen}", Outcome.REJECTED, notice=NoticeKind.STOPPED
            )
        await run.park(claim.until + timedelta(seconds=1), f"approved; the resource is in cooldown, held by {claim.holder}")
    charge = await _charge(run, plan)
    run.defer(State.EXECUTING, said, results={"charge": charge})  # written with the first step's intent


async def _silence(run: Run, until: str) -> None:
    if until and run.tools.clock.now() < datetime.fromisoformat(until):
        await _rest(run, datetime.fromisoformat(until))
    run.tools.metrics.incidents.approvals.labels("expired").inc()
    await run.end(
        State.REJECTED, "nobody approved in time, which is a no", Outcome.REJECTED, notice=None if folded(run) else NoticeKind.STOPPED
    )
