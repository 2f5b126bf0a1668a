"""Findings of security services. A threat is contained after review; a standing weakness is announced; a passed check is nothing.

GuardDuty's severities: low below 4, medium below 7, high from 7. Security Hub's labels are those of its finding format.
"""

import re
from collections.abc import Callable

from pydantic import JsonValue

from aiops_daemon.analysts.facts import flag, inside, text, values, word
from aiops_daemon.analysts.opinion import FAIR, STRONG, anomaly, normal, subject, tampering
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

_THREAT_TYPES = ("ttps", "effects", "unusual behaviors", "threat", "backdoor", "sensitive data identifications/exposure")
_SETTLED = frozenset({"ARCHIVED", "SUPPRESSED", "RESOLVED", "CLOSED", "DISMISSED"})
_DELIVERY = re.compile(r"(?:Started|Completed|Succeeded|Delivered)$")  # what Config tells of its own work
_PASSED = frozenset({"PASSED", "COMPLIANT", "NOT_AVAILABLE", "NOT_APPLICABLE", "OK"})


def judge(event: Event) -> Verdict | None:
    """By the service that found it."""
    if not event.facts:
        return normal("The finding is empty: it cannot be judged.")
    if "malware" in event.detail_type.lower():
        return _malware(event)
    service = event.source.removeprefix("aws.")
    if isinstance(event.facts.get("findings"), list):
        service = "securityhub"
    return _BY_SERVICE.get(service, _weakness)(event)


def _malware(event: Event) -> Verdict:
    results = {text(v).upper() for v in values(event.facts, "scanResultStatus", "scanStatus", "scanResult")}
    if results & {"THREATS_FOUND", "INFECTED"}:
        return tampering(event, f"Malware was found in {subject(event)}: contain it after review.")
    if results & {"FAILED", "ACCESS_DENIED", "UNSUPPORTED"}:
        return anomaly(event, f"{subject(event)} could not be scanned for malware.", confidence=FAIR)
    if "failed" in event.detail_type.lower():
        return anomaly(event, f"{event.detail_type} on {subject(event)}.", confidence=FAIR)
    return normal(f"The malware scan of {subject(event)} found nothing.")


def _guard_duty(event: Event) -> Verdict:
    if inside(event.facts, "service", "archived") is True or flag(event.facts, "archived") is True:
        return normal(f"GuardDuty finding {event.name} was archived.")
    severity = event.severity
    if severity is None:
        return anomaly(event, f"GuardDuty reports {event.name} without a severity.", confidence=FAIR)
    because = f"GuardDuty reports {event.name} on {subject(event)} (severity {severity:g})"
    if severity < 4:
        return anomaly(event, f"{because}: low, watch it.", severity=3)
    return tampering(
        event, f"{because}: contain it after review.", confidence=STRONG if severity >= 7 else FAIR, severity=min(10, round(severity))
    )


def _security_hub(event: Event) -> Verdict:
    listed = event.facts.get("findings")
    findings: list[JsonValue] = listed if isinstance(listed, list) else [event.facts]
    open_ones = [f for f in findings if isinstance(f, dict) and not _settled(f)]
    if not open_ones:
        return normal("The finding passed its check, or was settled.")
    for finding in open_ones:
        if _is_threat(finding):
            title = text(finding.get("Title")) or event.name
            return tampering(event, f"Security Hub reports a threat to {subject(event)}: {title[:200]}.", confidence=FAIR)
    title = text(open_ones[0].get("Title")) or event.name
    return anomaly(event, f"Security Hub reports a standing weakness of {subject(event)}: {title[:200]}.")


def _settled(finding: dict[str, JsonValue]) -> bool:
    words = {
        text(inside(finding, "Compliance", "Status")).upper(),
        text(finding.get("RecordState")).upper(),
        text(inside(finding, "Workflow", "Status")).upper(),
        text(finding.get("WorkflowState")).upper(),
    }
    return bool(words & (_SETTLED | _PASSED))


def _is_threat(finding: dict[str, JsonValue]) -> bool:
    kinds = finding.get("Types")
    named = any(str(kind).lower().startswith(_THREAT_TYPES) for kind in kinds) if isinstance(kinds, list) else False
    label = text(inside(finding, "Severity", "Label")).upper()
    return named and label not in {"LOW", "INFORMATIONAL"} and not inside(finding, "Compliance", "Status")


def _exposure(event: Event) -> Verdict:
    """Access Analyzer and Macie: public data is an exposure that exists now."""
    status = word(event.facts, "status", "findingStatus").upper()
    if "preview" in event.detail_type.lower():
        return normal(f"An access preview is {status or 'under way'}: nothing has changed.")
    if status in _SETTLED or flag(event.facts, "archived") is True:
        return normal(f"The finding on {subject(event)} was settled.")
    kind = word(event.facts, "type") or event.name
    public = flag(event.facts, "isPublic") is True or "Public" in kind or "Externally" in kind or "EncryptionDisabled" in kind
    if public:
        return tampering(event, f"{subject(event)} is open to others: {kind}.", confidence=FAIR)
    return anomaly(event, f"{event.source} reports {kind} on {subject(event)}: look, nothing to restore.", confidence=FAIR)


def _trusted_advisor(event: Event) -> Verdict:
    status, check = word(event.facts, "status").upper(), word(event.facts, "check-name", "checkName") or event.name
    if status not in {"ERROR", "WARN"}:
        return normal(f"Trusted Advisor: {check} is {status or 'fine'}.")
    if "exposed" in check.lower():
        return tampering(event, f"Trusted Advisor: {check} on {subject(event)}: deactivate the credential after review.", severity=9)
    return anomaly(event, f"Trusted Advisor: {check} is {status} for {subject(event)}.", severity=3)


def _weakness(event: Event) -> Verdict:
    """Inspector, Config, Patch and the rest: a weakness stands until somebody fixes it."""
    said = (
        text(inside(event.facts, "newEvaluationResult", "complianceType")),
        word(event.facts, "status", "compliance-status", "complianceType", "scan-status"),
        event.name,
    )
    words = {w.upper().replace("-", "_") for w in said if w}
    if _DELIVERY.search(event.name):
        return normal(f"{event.source}: {event.name}.")
    counts = event.facts.get("finding-severity-counts")
    if isinstance(counts, dict) and not any(counts.values()):
        return normal(f"The scan of {subject(event)} found nothing.")
    if words & (_SETTLED | _PASSED):
        return normal(f"{subject(event)} is compliant, or the finding was settled.")
    return anomaly(event, f"{event.source} reports {event.name} on {subject(event)}: a standing weakness, nothing to restore.", severity=4)


_BY_SERVICE: dict[str, Callable[[Event], Verdict]] = {
    "trustedadvisor": _trusted_advisor,
    "guardduty": _guard_duty,
    "securityhub": _security_hub,
    "macie": _exposure,
    "macie2": _exposure,
    "access-analyzer": _exposure,
}
