"""The gate: act, ask a human, or leave it. Everything that speaks against acting is asked here, before the first side effect."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NoReturn

from pydantic import JsonValue

from aiops_daemon.incidents.stamps import shown
from aiops_daemon.model.errors import ClaimLost, GiveUp
from aiops_daemon.model.event import EventKind, Frozen
from aiops_daemon.model.incident import Outcome, Signal, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import HealthStatus, Plan, step_key
from aiops_daemon.model.verdict import Classification, Decision, DecisionKind, Provenance, Verdict
from aiops_daemon.policy.gate import decide
from aiops_daemon.policy.settings import Mode
from aiops_daemon.workflow.detect import may_act, take_claim
from aiops_daemon.workflow.outbox import flush, next_try
from aiops_daemon.workflow.rails import Passage, give_up_probes, pass_rails, switched_off
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.steps import record_of
from aiops_daemon.workflow.storm import folded, join_storm, on_record, page, speaks_for_a_storm, words

PLANS_FIRST = 2  # the first workflow_version: code before it, in a fleet half replaced, would apply a plan that nobody approved


async def gate(run: Run, verdict: Verdict, plan: Plan) -> None:
    """PLANNING -> EXECUTING, AWAITING_APPROVAL or an end. Returns only where the plan may run."""
    if run.state in {State.EXECUTING, State.VERIFYING, State.ROLLING_BACK}:
        return
    if run.state is State.AWAITING_APPROVAL:
        await _answer(run, verdict, plan)
        return
    decision = _decision(run, verdict, plan)
    if decision.kind is DecisionKind.NONE:
        await _leave(run, verdict, plan, decision)
    if not await speaks_for_a_storm(run):
        await _leave_if_healthy(run)
    cause = run.raw("provenance").get("cause", "unexplained")
    run.tools.metrics.incidents.decisions.labels(decision.kind, cause).inc()
    storm = await join_storm(run)
    if storm is not None:
        await _ask(run, f"{words(run, storm)}: {decision.reason}"[:900], page(run, storm), {"storm": on_record(run, storm)})
    passage = await _pass(run, plan) if decision.kind is DecisionKind.ACT else Passage(doubt=decision.reason)
    if decision.kind is DecisionKind.REVIEW and await _plans_first(run, plan):
        run.defer(
            State.EXECUTING, f"making the plan, then a person is asked: {decision.reason}", results={"asks": {"why": decision.reason}}
        )
        return
    if passage.doubt:
        await _ask(run, passage.doubt, rail=passage.rail)
    run.defer(State.EXECUTING, f"acting: {decision.reason}{passage.note}", results=passage.results)  # written with the first intent


async def _plans_first(run: Run, plan: Plan) -> bool:
    """Whether there is a plan to be made before the question. Under the kill switch nothing is begun: then the question comes first."""
    if (
        run.incident.workflow_version < PLANS_FIRST
        or not plan.steps
        or not all(run.tools.actions[step.action_id].spec.plans_first for step in plan.steps)
    ):
        return False
    if await switched_off(run.tools) is not None:
        return False
    if run.interrupted:  # as in _pass
        await take_claim(run)
    return True


async def ask_with_plan(run: Run, plan: Plan) -> None:
    """EXECUTING -> AWAITING_APPROVAL, where a plan was made that nobody has approved. What was said before is no word on it."""
    made = [
        record.plan for step in plan.steps if (record := record_of(run, step)) and record.acts_next and record.plan and not record.approved
    ]
    if "asks" not in run.incident.results or not made:
        return
    await run.tools.claims.cool_down(*run.claim, run.tools.policy.cooldown)  # it was held for a whole recovery
    early = [signal.signal_id for signal in run.incident.signals.values() if signal.decision == "approve"]
    heard = Heard(ids=tuple(dict.fromkeys([*_heard(run).ids, *early])))
    run.heard = len(early)  # a no still counts: with one, this does not sleep
    await _ask(run, f"the plan: {'; '.join(made)}; {run.raw('asks').get('why')}", results={"heard": _dumped(heard)})


def _approved(run: Run, plan: Plan, word: Signal) -> dict[str, JsonValue]:
    """The plans that this word lets run, and that it was used: a later plan needs a word of its own."""
    now = run.tools.clock.now()
    made = {step.id: record for step in plan.steps if (record := record_of(run, step)) and record.acts_next and record.plan}
    records: dict[str, JsonValue] = {
        step_key(step_id): record.model_copy(update={"approved": True, "at": now}).dumped() for step_id, record in made.items()
    }
    return records | ({"heard": _dumped(Heard(ids=(*_heard(run).ids, word.signal_id)))} if records else {})


async def _pass(run: Run, plan: Plan) -> Passage:
    """The way here took longer than the claim lasts, where it was interrupted: then it is taken again, or this ends as COOLDOWN."""
    try:
        return await pass_rails(run, plan)
    except ClaimLost:
        await take_claim(run)
        return await pass_rails(run, plan)


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
    await run.end(State.SUPPRESSED, note, Outcome.OBSERVED if observed else Outcome.SUPPRESSED, notice=told)


async def _leave_if_healthy(run: Run) -> None:
    """A late or stale report: the resource may be well again, and then the incident ends here."""
    if run.event.kind is EventKind.LOG_ANOMALY:  # foreseen: it is healthy still, that is the point
        return
    probe = run.tools.probes.get(run.event.resource.type)
    if probe is None or not may_act(run):
        return
    health = await probe.look(run.tools.clients, run.event, {})
    if health.status is HealthStatus.HEALTHY:  # nothing was done, so nothing has to rest: the next report may be a real one
        await run.tools.claims.cool_down(*run.claim, timedelta())
        if run.interrupted:  # an earlier owner may have become the breaker's probe
            await give_up_probes(run)
        await run.end(State.SUPPRESSED, f"no action: {health.detail}; it is healthy again", Outcome.SELF_HEALED, success=True)


class Asked(Frozen):
    """results["asked"]: what a human is to decide."""

    why: str = ""
    until: datetime  # silence until then is a no
    protected: bool = True  # as the question said
    rail: str = ""  # the guard rail that asks, or refused the answer


class Heard(Frozen):
    """results["heard"]: the signals that were answered, and the approval among them that waits for its budget."""

    ids: tuple[str, ...] = ()
    standing: str | None = None


async def _ask(
    run: Run,
    why: str,
    notice: NoticeKind | None = NoticeKind.REVIEW,
    results: Mapping[str, JsonValue] = MappingProxyType({}),
    rail: str = "",
) -> None:
    until = run.tools.clock.now() + timedelta(hours=run.tools.settings.approval_hours)
    asked = Asked(why=why, until=until, protected=run.tools.policy.is_protected(run.event), rail=rail)
    await run.move(
        State.AWAITING_APPROVAL,
        f"Manual Review Required: {why}",
        notice=notice,
        results={"asked": _dumped(asked), **results},
    )
    run.tools.metrics.incidents.approvals.labels("requested").inc()
    await _rest(run, until)


async def _rest(run: Run, until: datetime) -> NoReturn:
    """Until a person speaks, or a channel that failed is to be tried again: a lost page must not wait for the deadline."""
    await flush(run)
    await run.park(min(until, next_try(run) or until), "waiting for a human")


async def _answer(run: Run, verdict: Verdict, plan: Plan) -> None:
    """A signal decides; silence until the deadline is a no. Policy and guard rails are asked again: much may have changed since."""
    while True:
        word = _word(run) or await _silence(run)
        said = f"{word.decision} by {word.by}: {word.reason}"
        if word.decision != "approve":
            await _rejected(run, said, "rejected")
        if _asked(run).until < run.tools.clock.now():
            await _rejected(run, f"{said}, too late: the question was open until {shown(_asked(run).until)}", "expired")
        if not plan.steps:
            run.tools.metrics.incidents.approvals.labels("approved").inc()
            await run.end(State.SUPPRESSED, f"{said}; there is no action to run, a person has taken it over", Outcome.SUPPRESSED)
        await _leave_if_healthy(run)
        passage = await _policy_now(run, verdict, plan, word)
        if not passage.doubt:
            await _claim_again(run, said)
            passage = await pass_rails(run, plan, approved=True, override=word.override)
        if not passage.doubt:
            run.tools.metrics.incidents.approvals.labels("approved").inc()
            approved = _approved(run, plan, word)
            if approved:  # the step's next look acts: its approval has to be on the record before
                await run.move(State.EXECUTING, f"{said}{passage.note}", results={**passage.results, **approved})
            else:
                run.defer(State.EXECUTING, f"{said}{passage.note}", results=passage.results)  # written with the first step's intent
            return
        await _hold_back(run, said, word, passage)  # returns where somebody has said more meanwhile


def _word(run: Run) -> Signal | None:
    """The first word that was not yet heard, a no before a yes; else the approval that waits for a budget."""
    heard = _heard(run)
    run.heard = len(run.incident.signals)
    signals = sorted(run.incident.signals.values(), key=lambda signal: (signal.decision == "approve", signal.at))
    fresh = [signal for signal in signals if signal.signal_id not in heard.ids]
    standing = [signal for signal in signals if signal.signal_id == heard.standing]
    return next(iter([*fresh, *standing]), None)


def _asked(run: Run) -> Asked:
    asked = run.result("asked", Asked)
    if asked is None:
        raise GiveUp("it waits for an answer, and its record has no question")
    return asked


def _heard(run: Run) -> Heard:
    return run.result("heard", Heard) or Heard()


async def _policy_now(run: Run, verdict: Verdict, plan: Plan, word: Signal) -> Passage:
    """What policy and kill switch say today. Only protection can be overridden: whoever asked did not say that it is protected."""
    decision = _decision(run, verdict, plan)
    if decision.kind is DecisionKind.NONE:
        return Passage(doubt=decision.reason, rail="policy", how="the policy has to allow it first")
    stop = await switched_off(run.tools)
    if stop is not None:  # better asked again than begun, stopped and failed
        return Passage(doubt=stop.why, rail="switch", how="approve again after `aiops-daemon start`")
    if run.tools.policy.is_protected(run.event) and not _asked(run).protected and not word.override:
        return Passage(doubt="the resource is protected by now", rail="protected", how="approve again with --override to act all the same")
    return Passage()


async def _claim_again(run: Run, said: str) -> None:
    """The claim may have run out while we waited."""
    claim = await run.tools.claims.claim(*run.claim, run.tools.policy.cooldown)
    if claim.frozen:
        await run.end(State.REJECTED, f"{said}, but the resource is {claim.why}", Outcome.REJECTED, notice=NoticeKind.STOPPED)
    if not claim.mine:
        # Who acts right now holds the resource for as long as its steps may take, and shortens that to a cooldown when they are done.
        free = min(claim.until, run.tools.clock.now() + run.tools.policy.cooldown)
        await run.park(free + timedelta(seconds=1), f"approved; the resource is in cooldown, held by {claim.holder}")


async def _hold_back(run: Run, said: str, word: Signal, passage: Passage) -> None:
    """An approval that a rail refuses, or that waits for its budget: on the record, and people are told. Does not return while it waits."""
    asked, heard = _asked(run), _heard(run)
    ids = (*heard.ids, word.signal_id)
    waits = passage.until is not None and passage.until <= asked.until  # beyond it the approval would be too old to be meant
    again = waits and heard.standing == word.signal_id
    if not again:
        run.tools.metrics.incidents.approvals.labels("waiting" if waits else "refused").inc()
    await run.move(
        State.AWAITING_APPROVAL,
        f"{said}, {'waits' if waits else 'refused'}: {passage.doubt}; {passage.waiting if waits else passage.how}",
        notice=None if again or folded(run) else NoticeKind.REVIEW,
        results={
            "asked": _dumped(asked.model_copy(update={"rail": passage.rail})),
            "heard": _dumped(Heard(ids=ids, standing=word.signal_id if waits else None)),
        },
    )
    if waits:
        await flush(run)
        until = passage.until or run.tools.clock.now()
        if all(signal.signal_id in ids for signal in run.incident.signals.values()):
            await run.park(min(until, next_try(run) or until), "approved; waiting for a budget")


async def _silence(run: Run) -> NoReturn:
    until = _asked(run).until
    if run.tools.clock.now() < until:
        await _rest(run, until)
    await _rejected(run, "nobody approved in time, which is a no", "expired")


async def _rejected(run: Run, note: str, counted_as: str) -> NoReturn:
    run.tools.metrics.incidents.approvals.labels(counted_as).inc()
    await run.end(State.REJECTED, note, Outcome.REJECTED, notice=None if folded(run) else NoticeKind.STOPPED)


def _dumped(said: Asked | Heard) -> dict[str, JsonValue]:
    return said.model_dump(mode="json", exclude_defaults=True)
