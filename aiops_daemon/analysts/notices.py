"""Notices: Health, spot, Auto Scaling, certificates, parameters, images, schedules. Some warn, some only tell."""

from collections.abc import Callable

from aiops_daemon.analysts.facts import inside, text, word
from aiops_daemon.analysts.opinion import FAIR, anomaly, failure, normal, subject, tampering
from aiops_daemon.model.event import UNKNOWN, Event
from aiops_daemon.model.verdict import Autonomy, Verdict


def _health(event: Event) -> Verdict:
    """By category: an issue is happening, a scheduled change will, an account notification informs."""
    code = word(event.facts, "eventTypeCode") or event.name
    category = word(event.facts, "eventTypeCategory").lower()
    said = f"AWS Health: {code} on {subject(event)}"
    if category == "issue" and word(event.facts, "statusCode").lower() == "closed":
        return normal(f"{said} is over.", noteworthy=True)
    if any(w in code for w in ("CREDENTIALS_EXPOSED", "CREDENTIALS_COMPROMISED", "ABUSE", "IAM_QUARANTINE")):
        return tampering(event, f"{said}: a credential leaked or is abused; deactivate it after review.", severity=10)
    if category == "issue":
        if event.resource.id == UNKNOWN:
            return anomaly(event, f"{said}: AWS has trouble; it names none of your resources, so there is nothing to restore.", severity=6)
        return failure(event, f"{said}: AWS reports a failure; a person decides what to restore and from where.", severity=8)
    return _foretold(event, category, said)


def _foretold(event: Event, category: str, said: str) -> Verdict:
    """What has not happened yet, or only informs."""
    if category == "scheduledchange":
        return anomaly(event, f"{said}: planned by AWS, plan ahead.")
    if category == "investigation":
        return anomaly(event, f"{said}: AWS is investigating.", confidence=FAIR)
    return normal(f"{said}: a notice.")


def _scaling(event: Event) -> Verdict:
    title = event.detail_type.lower()
    why = word(event.facts, "StatusMessage", "Cause")[:300]
    if "launch unsuccessful" in title:
        return failure(event, f"{subject(event)} cannot launch instances: fix the cause, not the symptom. {why}".strip(), severity=8)
    if "terminate unsuccessful" in title:
        return anomaly(event, f"{subject(event)} could not terminate an instance and tries again by itself. {why}".strip())
    if "refresh" in title and "failed" in title:
        return failure(event, f"The instance refresh of {subject(event)} failed. {why}".strip(), severity=6)
    if "cancelled" in title or "rollback" in title:
        return anomaly(event, f"{event.detail_type} of {subject(event)}.", confidence=FAIR)
    return normal(f"{event.detail_type}: Auto Scaling does its work, a recovery would fight it.")


def _spot_warning(event: Event) -> Verdict:
    because = f"{subject(event)} is a spot instance that AWS takes back in two minutes: drain it, its group replaces it."
    return failure(event, because, severity=6, ceiling=Autonomy.APPROVE, downtime=2)


def _rebalance(event: Event) -> Verdict:
    return anomaly(event, f"{subject(event)} is likelier to be interrupted: replacing it early may be wise.", confidence=FAIR)


def _fleet(event: Event) -> Verdict:
    title, kind = event.detail_type.lower(), word(event.facts, "sub-type")
    if "error" in title:
        return failure(event, f"{subject(event)} cannot launch ({kind}). {word(event.facts, 'description')[:300]}".strip(), severity=6)
    return normal(f"{event.detail_type}: {kind or event.name}.")


def _parameter(event: Event) -> Verdict:
    operation = (word(event.facts, "operation") or event.name).lower()
    if operation == "delete":
        return failure(
            event, f"{subject(event)} was deleted; who did it is not in the event.", confidence=FAIR, action="ssm.restore_parameter"
        )
    return normal(f"{subject(event)}: {operation}.")


def _image_registry(event: Event) -> Verdict:
    action, result = word(event.facts, "action-type").upper(), word(event.facts, "result").upper()
    if action == "DELETE" and result != "FAILURE":
        return anomaly(event, f"An image of {subject(event)} was deleted: pulls of it fail.", confidence=FAIR)
    if "scan" in event.detail_type.lower() and _grave(event):
        return anomaly(event, f"A scan found grave weaknesses in an image of {subject(event)}.")
    if "FAILED" in {word(event.facts, "scan-status").upper(), word(event.facts, "sync-status").upper()} or result in {"FAILURE", "FAILED"}:
        return anomaly(event, f"{event.detail_type} of {subject(event)} failed.", confidence=FAIR)
    return normal(f"{event.detail_type} of {subject(event)}.")


def _grave(event: Event) -> bool:
    counts = event.facts.get("finding-severity-counts")
    return isinstance(counts, dict) and any(counts.get(k) for k in ("CRITICAL", "HIGH"))


def _recycle_bin(event: Event) -> Verdict:
    if "attempted" in event.detail_type.lower():
        return anomaly(event, f"A change of the locked retention rule {subject(event)} was attempted and refused.")
    if "unlock" in event.detail_type.lower():
        return tampering(event, f"The lock of retention rule {subject(event)} is being removed.", confidence=FAIR)
    return normal(f"{event.detail_type} of {subject(event)}.")


def _key(event: Event) -> Verdict:
    title = event.detail_type.lower()
    if "deletion" in title or "expiration" in title:
        return failure(event, f"{event.detail_type}: {subject(event)} is gone, what it encrypted is lost.", confidence=FAIR, severity=9)
    return normal(f"{event.detail_type} of {subject(event)}.")


def _certificate(event: Event) -> Verdict | None:
    title = event.detail_type.lower()
    if "expired" in title or "revoked" in title:
        return failure(event, f"{subject(event)} is no longer valid ({event.detail_type}).", severity=8)
    if "expiration" in title or "action required" in title:
        return anomaly(event, f"{event.detail_type}: {subject(event)}.", severity=5)
    return None if {"result", "Action"} & event.facts.keys() else normal(f"{event.detail_type} of {subject(event)}.")


def _backup(event: Event) -> Verdict | None:
    said = (word(event.facts, "message", "Message") or event.name).lower()
    if "completed successfully" in said:
        return normal(f"AWS Backup: a job for {subject(event)} completed.")
    return failure(event, f"AWS Backup: a job for {subject(event)} failed.", severity=6) if "failed" in said else None


def _migration(event: Event) -> Verdict | None:
    said = word(event.facts, "Event Message", "detailMessage", "message").lower()
    category = word(event.facts, "category", "eventType").lower()
    if any(w in f"{said} {category}" for w in ("fail", "error", "low storage", "low_storage")):
        return failure(event, f"{subject(event)}: {said[:200] or category}", severity=6)
    if "stopped" in said or "deleted" in said:
        return anomaly(event, f"{subject(event)}: {said[:200]}", confidence=FAIR)
    return normal(f"{subject(event)}: {said[:200]}") if said else None


def _compliance(event: Event) -> Verdict:
    said = word(event.facts, "compliance-status") or text(inside(event.facts, "newEvaluationResult", "complianceType"))
    if said.upper().replace("-", "_") in {"NON_COMPLIANT", "NONCOMPLIANT"}:
        return anomaly(event, f"{subject(event)} is not compliant: a standing weakness.", severity=3)
    return normal(f"{subject(event)} is {said or 'evaluated'}.")


def _opensearch(event: Event) -> Verdict | None:
    severity = word(event.facts, "severity").lower()
    if severity in {"high", "critical", "error"}:
        return failure(event, f"{subject(event)}: {word(event.facts, 'description', 'event')[:300]}", confidence=FAIR)
    if severity in {"medium", "warning"}:
        return anomaly(event, f"{subject(event)}: {word(event.facts, 'description', 'event')[:300]}", confidence=FAIR)
    return normal(f"{event.detail_type} of {subject(event)}.") if severity else None


def _insight(event: Event) -> Verdict:
    return anomaly(event, f"{event.detail_type} on {subject(event)}: unusual activity.", confidence=FAIR)


def _ordinary(event: Event) -> Verdict:
    return normal(f"{event.detail_type}: informational.")


Rule = Callable[[Event], Verdict | None]
# Title beginning (lower case) -> rule, the first that fits. A rule may pass (None) to the vocabulary of jobs.py.
_BY_TITLE: tuple[tuple[str, Rule], ...] = (
    ("aws health", _health),
    ("ec2 spot instance interruption", _spot_warning),
    ("ec2 instance rebalance", _rebalance),
    ("ec2 instance launch", _scaling),
    ("ec2 instance terminate", _scaling),
    ("ec2 instance-launch", _scaling),
    ("ec2 instance-terminate", _scaling),
    ("ec2 auto scaling", _scaling),
    ("ec2 fleet", _fleet),
    ("ec2 spot fleet", _fleet),
    ("parameter store change", _parameter),
    ("ecr ", _image_registry),
    ("recycle bin", _recycle_bin),
    ("kms ", _key),
    ("acm ", _certificate),
    ("configuration compliance", _compliance),
    ("config rules compliance", _compliance),
    ("amazon opensearch", _opensearch),
    ("amazon es", _opensearch),
    ("aws insight via cloudtrail", _insight),
    ("devops guru", _insight),
    ("eks fargate pod scheduled termination", _insight),
    ("scheduled event", _ordinary),
    ("tag change", _ordinary),
    ("object ", _ordinary),
    ("codecommit", _ordinary),
    ("cloudformation resource status", _ordinary),
)
_BY_SOURCE: tuple[tuple[str, Rule], ...] = ((".backup", _backup), (".dms", _migration))


def judge(event: Event) -> Verdict | None:
    """The first rule that knows the title or the source."""
    title = event.detail_type.lower()
    chosen = [rule for start, rule in _BY_TITLE if title.startswith(start)]
    chosen += [rule for end, rule in _BY_SOURCE if event.source.endswith(end)]
    return next((verdict for rule in chosen if (verdict := rule(event))), None)
