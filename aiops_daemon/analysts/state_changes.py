"""State changes of EC2, EBS, RDS and ECS, which follow each service's own vocabulary. What fits none goes to jobs.py and notices.py."""

from pydantic import JsonValue

from aiops_daemon.analysts.facts import values, word
from aiops_daemon.analysts.opinion import CERTAIN, FAIR, REPLACE, STRONG, anomaly, failure, normal, subject
from aiops_daemon.model.event import UNKNOWN, Event
from aiops_daemon.model.verdict import Verdict

_BROKEN_WORDS = ("error", "fail", "unable", "cannot", "could not", "insufficient", "incompatible", "inaccessible")


def judge(event: Event) -> Verdict | None:
    """By the service that reports."""
    title = event.detail_type.lower()
    if event.source.endswith(".rds") or title.startswith("rds "):
        return _rds(event)
    if event.source.endswith(".ecs") or title.startswith("ecs "):
        return _ecs(event, title)
    if title.startswith("ec2 instance state-change"):
        return _instance(event)
    if title.startswith("ebs "):
        return _ebs(event, title)
    if title.startswith("ec2 ami"):
        return _image(event)
    return None


def _instance(event: Event) -> Verdict | None:
    state = (word(event.facts, "state") or event.name).lower()
    if event.resource.id == UNKNOWN and state in {"stopped", "terminated"}:
        return anomaly(event, f"{subject(event)} is {state}: the event names none, so there is nothing to restore.", confidence=FAIR)
    if state == "stopped":
        because = f"{subject(event)} is stopped; the event does not say who stopped it."
        return failure(event, because, severity=7, action="ec2.start", downtime=5)
    if state == "terminated":
        because = f"{subject(event)} is gone; the cause (a person, Auto Scaling, spot) is not in the event: check its owner first."
        return failure(event, because, confidence=FAIR, severity=7, action=REPLACE, downtime=15)
    if state in {"stopping", "shutting-down"}:
        return anomaly(event, f"{subject(event)} is {state}: its final state follows in a moment.", severity=3)
    return normal(f"{subject(event)} is {state}.")


def _ebs(event: Event, title: str) -> Verdict | None:
    what, result = word(event.facts, "event") or event.name, word(event.facts, "result").lower()
    cause = word(event.facts, "cause")
    if result == "failed":
        kind = "snapshot job failed: a backup is missing" if "snapshot" in title else "volume cannot be used"
        return failure(event, f"{what} failed for {subject(event)}, a {kind}. {cause}".strip(), severity=8)
    if what == "deleteVolume" and result == "deleted":
        return failure(event, f"{subject(event)} is deleted; the event does not say who did it.", confidence=FAIR, severity=8)
    if what == "shareSnapshot":
        return anomaly(event, f"Another account shared {subject(event)} with this one.", confidence=FAIR)
    return normal(f"{what} of {subject(event)}: {result or 'done'}.")


def _image(event: Event) -> Verdict | None:
    state = (word(event.facts, "State", "state") or event.name).lower()
    if state == "failed":
        return failure(event, f"Building {subject(event)} failed. {word(event.facts, 'ErrorMessage')}".strip(), confidence=FAIR, severity=5)
    if state in {"deregistered", "disabled"}:
        return anomaly(event, f"{subject(event)} is {state}: launches from it will fail.")
    return normal(f"{subject(event)} is {state}.")


def _rds(event: Event) -> Verdict | None:
    """RDS names its categories; within one, the message says whether it went wrong."""
    raw = event.facts.get("EventCategories")
    categories = {str(c).lower() for c in raw} if isinstance(raw, list) else set()
    message = word(event.facts, "Message", "message")
    lowered = message.lower()
    said = f"RDS on {subject(event)}: {message or event.name}"
    running = event.resource.type in {"rds:db", "rds:cluster"}
    if running and (event.name == "RDS-EVENT-0087" or "instance stopped" in lowered or "cluster stopped" in lowered):
        return failure(event, f"{said}. The event does not say who stopped it.", action="rds.start", downtime=10)
    if "failure" in categories or "low storage" in categories:
        return failure(event, said, severity=8)
    if "deletion" in categories:
        if running:
            return failure(event, f"{said}. It held data: a person says from what to restore.", severity=9, downtime=60)
        return anomaly(event, said)
    return _rds_passing(categories, event, lowered, said)


def _rds_passing(categories: set[str], event: Event, lowered: str, said: str) -> Verdict:
    """Short outages and the rest."""
    if "availability" in categories and any(w in lowered for w in ("shutdown", "shut down", "stopped")):
        return anomaly(event, f"{said}: a short outage.", confidence=FAIR)
    if categories & {"failover", "recovery"}:
        return anomaly(event, f"{said}: it recovers by itself.", confidence=FAIR)
    quiet = categories and categories <= {"notification", "maintenance", "configuration change"}
    if any(w in lowered for w in _BROKEN_WORDS) and not quiet:
        return failure(event, said, confidence=FAIR)
    return normal(f"{said}: informational.")


def _ecs(event: Event, title: str) -> Verdict | None:
    if "task state" in title:
        return _task(event)
    if "container instance" in title:
        connected = event.facts.get("agentConnected")
        if connected is False and word(event.facts, "status").upper() == "ACTIVE":
            return failure(event, f"The agent on {subject(event)} lost its connection: tasks there are not managed.", confidence=FAIR)
        return normal(f"{subject(event)} reported its state.")
    name = word(event.facts, "eventName") or event.name
    reason = word(event.facts, "reason")
    kind = word(event.facts, "eventType").upper()
    if "FAILED" in name or kind == "ERROR" or (kind == "WARN" and ("IMPAIRED" in name or "UNHEALTHY" in name)):
        starved = "PLACEMENT" in name or reason.upper().startswith("RESOURCE:")
        advice = "more of the same will not fit: change its capacity" if starved else "a person looks at why before it is deployed again"
        return failure(event, f"{subject(event)}: {name} {reason}".strip() + f"; {advice}.", severity=8)
    if kind == "WARN":
        return anomaly(event, f"{subject(event)}: {name} {reason}".strip() + ".", confidence=FAIR)
    return normal(f"{subject(event)}: {name}.")


def _task(event: Event) -> Verdict | None:
    """A task that died by itself, against one that a scheduler or a person stopped."""
    if word(event.facts, "lastStatus", "state").upper() != "STOPPED" and event.name.upper() != "STOPPED":
        return normal(f"{subject(event)} is {word(event.facts, 'lastStatus') or event.name}.")
    code, reason = word(event.facts, "stopCode"), word(event.facts, "stoppedReason")
    exits = [v for v in values(_containers(event), "exitCode") if isinstance(v, int)]
    if code in {"ServiceSchedulerInitiated", "UserInitiated"} and "health" not in reason.lower() and "unhealthy" not in reason.lower():
        return normal(f"{subject(event)} was stopped on purpose ({code}). {reason}".strip())
    if code in {"SpotInterruption", "TerminationNotice"}:
        return anomaly(event, f"{subject(event)} lost its capacity ({code}): its service starts another.")
    if code == "EssentialContainerExited" and exits and not any(exits):
        return normal(f"{subject(event)} ended with exit code 0.")
    if code or any(exits) or any(w in reason.lower() for w in ("essential", "fail", "error", "outofmemory", "cannot")):
        because = f"{subject(event)} died: {reason or code}" + (f" (exit codes {exits})" if exits else "")
        return failure(event, f"{because}. Its service or whoever ran it starts another.", confidence=CERTAIN if any(exits) else STRONG)
    return anomaly(event, f"{subject(event)} stopped. {reason}".strip(), confidence=FAIR)


def _containers(event: Event) -> JsonValue:
    return event.facts.get("containers", [])
