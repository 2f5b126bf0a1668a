"""CloudWatch alarms in their three shapes: the metric says that something is wrong, not what to do."""

from aiops_daemon.analysts.facts import inside, text, values, word
from aiops_daemon.analysts.opinion import FAIR, anomaly, failure, normal, subject
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict


def judge(event: Event) -> Verdict | None:
    """FAILURE at FAIR for an alarm on a fixed threshold: a runbook or a person decides."""
    state = _state(event)
    title = word(event.facts, "alarmName", "AlarmName") or subject(event)
    if "configuration" in event.detail_type.lower():
        return normal(f"The definition of alarm {title} changed.")
    if state != "ALARM":
        return normal(f"Alarm {title} is {state or 'without a state'}: nothing is wrong or nothing is known.")
    if _suppressed(event):
        return anomaly(event, f"Composite alarm {title} is in ALARM while its actions are suppressed.")
    reason = _reason(event)
    if (
        "lower thresholds" in reason
        or "upper thresholds" in reason
        or any("ANOMALY_DETECTION_BAND" in str(v) for v in values(event.facts, "expression", "Expression"))
    ):
        return anomaly(event, f"Alarm {title}: a metric left its usual band, which alone is no failure. {reason}".strip())
    because = f"Alarm {title} went to ALARM on {subject(event)}. {reason}".strip()
    return failure(event, because[:500], confidence=FAIR, severity=6)


def _state(event: Event) -> str:
    candidates = (
        text(inside(event.facts, "state", "value")),
        text(inside(event.facts, "alarmData", "state", "value")),
        word(event.facts, "NewStateValue", "newStateValue", "state"),
        event.name,
    )
    return next((c.upper() for c in candidates if c.upper() in {"ALARM", "OK", "INSUFFICIENT_DATA"}), "")


def _reason(event: Event) -> str:
    found = [word(event.facts, "NewStateReason", "reason"), *(text(v) for v in values(event.facts.get("state"), "reason"))]
    found += [text(v) for v in values(event.facts.get("alarmData"), "reason")]
    return next((r for r in found if r), "")


def _suppressed(event: Event) -> bool:
    return any(bool(v) for v in values(event.facts, "actionsSuppressedBy"))
