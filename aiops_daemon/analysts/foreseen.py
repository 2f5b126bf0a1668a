"""Warnings of the log watch. Announced; only where the operator's settings name a resource and an action may something be done.

The confidence is the calibrated probability of the failure where there is one; without one the cause is a guess, and a human decides.
"""

from aiops_daemon.analysts.opinion import CERTAIN, FAIR, anomaly, failure, subject
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Autonomy, Verdict

_NEVER_ALONE = frozenset({"rds.scale_up"})  # an outage of minutes by itself


def judge(event: Event, *, allowed: bool) -> Verdict:
    """`allowed`: the policy lets the configured action run at all."""
    action = event.facts.get("configured action")
    if not isinstance(action, str) or not allowed:
        return anomaly(event, f"The log watch reports {event.name} on {subject(event)}.")
    group = event.facts.get("log group") or event.facts.get("affected groups")
    alone = event.facts.get("needs approval") is False and action not in _NEVER_ALONE
    because = f"{group} foretells a failure of {subject(event)}: {event.facts.get('what')}, {event.facts.get('how unusual')}."
    return failure(
        event,
        because,
        confidence=_confidence(event),
        severity=round(event.severity or 6),
        action=action,
        ceiling=Autonomy.AUTO if alone else Autonomy.APPROVE,
    )


def _confidence(event: Event) -> float:
    probability = event.facts.get("calibrated probability")
    return min(CERTAIN, float(probability)) if isinstance(probability, int | float) else FAIR
