"""How a rule states its opinion, and what its confidence means.

The scale (the gate's shipped threshold is 0.8):

    CERTAIN 0.95  the event says it, and there is hardly another reading: a trail's logging was stopped
    STRONG  0.85  the event says what happened; people seldom want that: an instance was stopped by an unlisted user
    FAIR    0.70  a clear effect that is often wanted, or the cause is not in the event: a human decides
    WEAK    0.50  as likely as not
"""

from aiops_daemon.analysts.facts import api, pairs, parameters
from aiops_daemon.model.event import UNKNOWN, Event
from aiops_daemon.model.verdict import Autonomy, Classification, Verdict

CERTAIN, STRONG, FAIR, WEAK = 0.95, 0.85, 0.70, 0.50
REPLACE = "codebuild.terraform_apply"  # the action for what is gone and can be made anew from its definition


def subject(event: Event) -> str:
    """The resource as an engineer would name it."""
    if event.resource.id == UNKNOWN:
        return f"an unnamed {event.resource.type}" if event.resource.type != UNKNOWN else "an unnamed resource"
    return f"{event.resource.type} {event.resource.id}"


def actor(event: Event) -> str:
    """Who did it, for a sentence."""
    return event.actor.label or "an unknown actor"


def called(event: Event) -> str:
    """Who called what on what, for the beginning of a sentence."""
    return f"{actor(event)} called {api(event)[1]} on {subject(event)}"


def failure(
    event: Event,
    because: str,
    confidence: float = STRONG,
    severity: int = 7,
    action: str | None = None,
    ceiling: Autonomy = Autonomy.AUTO,
    downtime: int | None = None,
) -> Verdict:
    """Something that should exist or work was destroyed, stopped or stopped working."""
    verdict = _harm(event, Classification.FAILURE, because, confidence, severity, ceiling)
    return verdict.model_copy(update={"action_id": action, "estimated_downtime_minutes": downtime})


def tampering(event: Event, because: str, confidence: float = STRONG, severity: int = 8, ceiling: Autonomy = Autonomy.APPROVE) -> Verdict:
    """A successful change that weakens a protection, an audit source, permissions or exposure."""
    return _harm(event, Classification.TAMPERING, because, confidence, severity, ceiling)


def _harm(event: Event, kind: Classification, because: str, confidence: float, severity: int, ceiling: Autonomy) -> Verdict:
    return Verdict(
        classification=kind,
        confidence=confidence,
        severity=severity,
        reasoning=because,
        root_cause=because,
        affected_services=(event.resource.service,),
        blast_radius=_radius(event),
        ceiling=ceiling,
    )


def anomaly(event: Event, because: str, confidence: float = STRONG, severity: int = 4) -> Verdict:
    """Unusual, with nothing to restore."""
    return Verdict(
        classification=Classification.ANOMALY,
        confidence=confidence,
        severity=severity,
        reasoning=because,
        affected_services=(event.resource.service,),
        ceiling=Autonomy.OBSERVE,
    )


def normal(because: str, confidence: float = STRONG, *, noteworthy: bool = False) -> Verdict:
    """Expected."""
    return Verdict(
        classification=Classification.NORMAL,
        confidence=confidence,
        severity=1,
        reasoning=because,
        ceiling=Autonomy.OBSERVE,
        noteworthy=noteworthy,
    )


def named(event: Event, verdict: Verdict) -> Verdict:
    """Where the request names nothing at all, there is nothing to restore; an id that was redacted is a person's to find out."""
    if event.resource.id != UNKNOWN or any(isinstance(v, str) and v.strip() for _, v in pairs(parameters(event))):
        return verdict
    return anomaly(event, f"{verdict.reasoning} The event names no resource, so there is nothing to restore.")


def _radius(event: Event) -> str:
    return f"{event.siblings} resources named by one message" if event.siblings > 1 else subject(event)
