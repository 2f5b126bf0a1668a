"""Verdict and policy -> act, ask a human, or nothing. Everything here can only make the daemon more careful.

NORMAL and ANOMALY never act (an ANOMALY is announced). FAILURE and TAMPERING act where the verdict is sure enough, an applicable
action exists and every limit allows it; otherwise a human is asked.
"""

from collections.abc import Iterable, Iterator, Mapping

from aiops_daemon.model.event import UNKNOWN, Event, EventKind
from aiops_daemon.model.plan import ActionSpec, Effect
from aiops_daemon.model.verdict import Autonomy, Cause, Classification, Decision, DecisionKind, Provenance, Verdict
from aiops_daemon.policy.settings import Mode, PolicySettings

_TELLING_ONLY = "notify_only"
_QUIET = {Classification.NORMAL: "expected", Classification.ANOMALY: "announced, nothing to restore"}


def decide(
    verdict: Verdict,
    provenance: Provenance,
    event: Event,
    applicable_actions: Mapping[str, ActionSpec],
    policy: PolicySettings,
) -> Decision:
    """What happens next. `applicable_actions`: action id -> spec, those whose parameters this event gives."""
    quiet = _QUIET.get(verdict.classification) or (provenance.reason if provenance.cause is not Cause.UNEXPLAINED else None)
    if quiet is not None:
        return _nothing(f"{quiet}: {verdict.reasoning}")
    spec = applicable_actions.get(verdict.action_id or "")
    if policy.mode is Mode.OBSERVE:
        would = f"would run {spec.id}" if spec else "would ask a human"
        return _nothing(f"observe mode, {would}: {verdict.reasoning}")
    if event.resource.id == UNKNOWN:
        return _review(f"the event does not name the resource: {verdict.reasoning}")
    if spec is None or spec.id == _TELLING_ONLY:
        return _review(f"no automatic action applies: {verdict.reasoning}")
    return _within_limits(verdict, event, spec, policy)


def _within_limits(verdict: Verdict, event: Event, spec: ActionSpec, policy: PolicySettings) -> Decision:
    allowed, why = Autonomy.AUTO, ""
    for limit, reason in _limits(verdict, event, spec, policy):
        if limit.lower_of(allowed) is not allowed:
            allowed, why = limit, reason
    if allowed is Autonomy.AUTO:
        return Decision(kind=DecisionKind.ACT, reason=f"{spec.id} at confidence {verdict.confidence:.2f}: {verdict.reasoning}")
    if allowed is Autonomy.APPROVE:
        return _review(f"{spec.id} waits for approval, {why}: {verdict.reasoning}")
    return _nothing(f"{spec.id} is not run, {why}: {verdict.reasoning}")


def _limits(verdict: Verdict, event: Event, spec: ActionSpec, policy: PolicySettings) -> Iterator[tuple[Autonomy, str]]:
    """Every limit that applies, with the words for it."""
    level = policy.autonomy_for(spec.id, event.resource.type)
    yield level, f"policy allows {level.value}"
    yield verdict.ceiling, f"the {verdict.analyst} analyst allows {verdict.ceiling.value}"
    if verdict.confidence < policy.confidence_threshold:
        yield Autonomy.APPROVE, f"confidence {verdict.confidence:.2f} is below {policy.confidence_threshold:.2f}"
    if spec.effect is Effect.DESTRUCTIVE:
        yield Autonomy.APPROVE, "it cannot be taken back"
    if verdict.degraded and spec.effect is Effect.REPLACING:
        yield Autonomy.APPROVE, "the model did not answer"
    if policy.is_protected(event):
        yield Autonomy.APPROVE, "the resource is protected"
    if event.kind is EventKind.LOG_ANOMALY and policy.window_over(event):
        yield Autonomy.APPROVE, "somebody works on the resource in a maintenance window"
    if event.siblings >= policy.storm_size:
        yield Autonomy.APPROVE, f"one message names {event.siblings} resources"


def lower_to(decided: Verdict, refined: Verdict) -> Verdict:
    """The model's verdict as far as it may count: its words and doubts, never more confidence or freedom than the rules gave."""
    action = refined.action_id if refined.action_id == decided.action_id else None
    return refined.model_copy(
        update={
            "confidence": min(decided.confidence, refined.confidence),
            "ceiling": decided.ceiling.lower_of(refined.ceiling if action or not decided.action_id else Autonomy.APPROVE),
            "action_id": action or decided.action_id,
            "noteworthy": decided.noteworthy or refined.noteworthy,
        },
    )


def allowed_actions(specs: Iterable[ActionSpec], policy: PolicySettings) -> dict[str, str]:
    """Evidence.allowed_actions: what an analyst may choose from, with one line each."""
    return {spec.id: spec.title for spec in specs if spec.id in policy.allowed_actions}


def _nothing(reason: str) -> Decision:
    return Decision(kind=DecisionKind.NONE, reason=reason)


def _review(reason: str) -> Decision:
    return Decision(kind=DecisionKind.REVIEW, reason=reason)
