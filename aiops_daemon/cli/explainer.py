"""What the daemon would do with one message: intake, readers, provenance, rules and gate as they run in it, without AWS."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiops_daemon.actions import catalogue
from aiops_daemon.analysts.rules import RulesAnalyst
from aiops_daemon.assembly import judging
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.events import recognize
from aiops_daemon.intake.envelope import open_envelope
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import UNKNOWN, Event, Ignored, Recognized
from aiops_daemon.model.verdict import Evidence
from aiops_daemon.policy.gate import allowed_actions, decide
from aiops_daemon.policy.provenance import explain_cause
from aiops_daemon.policy.settings import policy_facts
from aiops_daemon.ports import Action
from aiops_daemon.settings import Settings
from aiops_daemon.workflow.plan import applicable


@dataclass(frozen=True)
class Explained:
    """The answer, in the words of the documented JSON form."""

    outcome: str  # incident, ignored or parked
    reason: str
    resource_type: str = "unknown"
    resource_ids: tuple[str, ...] = ()
    account: str | None = None
    region: str | None = None
    actor: str | None = None
    classification: str | None = None
    confidence: float | None = None
    decision: str = "none"
    action: str | None = None
    assumed: tuple[str, ...] = ()


def explainer(settings: Settings) -> Callable[[str, datetime], Explained]:
    """body, receive time -> the answer."""
    actions = catalogue(settings.actions, SystemClock())

    def ask(body: str, at: datetime) -> Explained:
        envelope = open_envelope(body, queue_account="000000000000", queue_region=settings.aws.region or "us-east-1", received_at=at)
        reading = recognize(envelope) if isinstance(envelope, Envelope) else envelope
        if not isinstance(reading, Recognized):
            return Explained("ignored" if isinstance(reading, Ignored) else "parked", reading.reason)
        return _answer(reading.events, settings, actions)

    return ask


def _answer(events: tuple[Event, ...], settings: Settings, actions: tuple[Action, ...]) -> Explained:
    """Whether an incident is opened is the word of the rules at intake, as in admission; what becomes of it, the gate's."""
    event, policy = events[0], settings.policy
    provenance = explain_cause(event, policy)
    at_intake = judging(policy)(Evidence(event=event, provenance=provenance))
    fitting = {action.spec.id: action.spec for action in applicable(event, actions)}
    allowed = allowed_actions(fitting.values(), policy)
    evidence = Evidence(event=event, provenance=provenance, allowed_actions=allowed, policy=policy_facts(event, policy))
    verdict = RulesAnalyst().judge_now(evidence)
    decision = decide(verdict, provenance, event, fitting, policy)
    return Explained(
        outcome="incident" if at_intake.noteworthy else "ignored",
        reason=decision.reason,
        resource_type=event.resource.type,
        resource_ids=tuple(one.resource.id for one in events if one.resource.id != UNKNOWN),
        account=event.account,
        region=event.region,
        actor=event.actor.label,
        classification=verdict.classification.value,
        confidence=verdict.confidence,
        decision=decision.kind.value,
        action=verdict.action_id,
        assumed=event.assumed,
    )
