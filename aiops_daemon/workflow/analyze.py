"""ANALYZING: the rules have spoken at intake; a model, where one is configured, refines. Its answer is recorded before it is used."""

from pydantic import JsonValue

from aiops_daemon.model.errors import GiveUp, OverBudget, RetryLater
from aiops_daemon.model.incident import State
from aiops_daemon.model.verdict import Classification, Evidence, History, Provenance, Verdict
from aiops_daemon.policy.gate import allowed_actions, lower_to
from aiops_daemon.policy.settings import policy_facts
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.plan import applicable
from aiops_daemon.workflow.recall import recalled
from aiops_daemon.workflow.run import Run

log = logger("analyze")


async def analyze(run: Run, history: History) -> Verdict:
    """The verdict that the gate works with: the rules', or the model's where it answered and may lower what the rules allow."""
    known = run.result("verdict", Verdict)
    if known is not None:
        return known
    evidence = Evidence(
        event=run.event,
        provenance=run.result("provenance", Provenance) or Provenance(),
        history=history,
        allowed_actions=allowed_actions((action.spec for action in applicable(run.event, run.tools.actions.values())), run.tools.policy),
        policy=policy_facts(run.event, run.tools.policy),
    )
    rules = await run.tools.rules.judge(evidence)  # again: now it knows the history and which actions apply
    verdict = await _refined(run, evidence, rules)
    note = f"{verdict.classification} ({verdict.confidence:.2f}) by {verdict.analyst}: {verdict.reasoning}"
    results: dict[str, JsonValue] = {"verdict": verdict.model_dump(mode="json"), "rules": rules.model_dump(mode="json")}
    if run.result("history", History) is None:
        note = f"{recalled(history)}; {note}"
        results["history"] = history.model_dump(mode="json")
    if run.tools.model is None:  # cheap to find again: it goes with the plan
        run.defer(State.ANALYZING, note, results=results, classification=verdict.classification.value)
    else:
        await run.move(State.ANALYZING, note, results=results, classification=verdict.classification.value)
    return verdict


async def _refined(run: Run, evidence: Evidence, rules: Verdict) -> Verdict:
    model = run.tools.model
    if model is None or rules.classification is Classification.NORMAL:
        return rules
    attempt = f"{run.incident.incident_id}/{run.incident.fence}"  # whoever takes over asks again, and that is another call
    if not await run.tools.model_calls.spend(attempt, "fleet"):
        run.tools.metrics.models.calls.labels("over-budget").inc()
        run.tools.metrics.guards.refusals.labels("model-calls").inc()
        return _degraded(run, rules, "budget", "the model budget of this hour is spent")
    try:
        said = await model.judge(evidence)
    except OverBudget as error:
        run.tools.metrics.guards.refusals.labels("model-cost").inc()
        return _degraded(run, rules, "budget", str(error))
    except (RetryLater, GiveUp) as error:
        log.warning(LogEvent.MODEL_UNAVAILABLE, analyst=model.name, error=str(error))
        return _degraded(run, rules, type(error).__name__, f"{model.name} did not answer: {error}")
    return lower_to(rules, said)


def _degraded(run: Run, rules: Verdict, reason: str, why: str) -> Verdict:
    run.tools.metrics.models.degraded.labels(reason).inc()
    return rules.model_copy(update={"degraded": True, "reasoning": f"{rules.reasoning} [degraded: {why}]"})
