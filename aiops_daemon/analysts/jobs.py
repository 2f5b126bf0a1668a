"""Work that ends: builds, pipelines, deployments, executions, queries, backups. One vocabulary of outcomes serves them all."""

import re

from aiops_daemon.analysts.facts import inside, text, values, word, words
from aiops_daemon.analysts.opinion import FAIR, STRONG, anomaly, failure, normal, subject
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

_STATUS_KEYS = (
    "status", "state", "State", "Status", "build-status", "test-run-status", "jobStatus", "JobStatus", "execution-status",
    "executionStatus", "current-state", "currentStatus", "result", "Result", "resultStatus", "DBInstanceStatus", "TrainingJobStatus",
    "ProcessingJobStatus", "TransformJobStatus", "HyperParameterTuningJobStatus", "EndpointStatus", "currentState",
    "completed-phase-status", "build_status", "scan-status", "task_status", "stepStatus", "deploymentStatus", "TranscriptionJobStatus",
    "migrationStatus", "StatusCode", "statusCode", "status-code", "lifecycle", "Lifecycle", "HealthStatus",
)  # fmt: skip
_FAILED = words(
    """
    FAILED FAILURE TIMED_OUT TIMEOUT TIMEDOUT ERROR FAULT FAILED_WITH_ERROR CRASHED COMPLETED_WITH_ERROR
    COMPLETED_WITH_ERRORS TERMINATED_WITH_ERRORS UNHEALTHY IMPAIRED EXPIRED UNREACHABLE LOST CREATE_FAILED UPDATE_FAILED
    DELETE_FAILED ROLLBACK_COMPLETE ROLLBACK_FAILED ROLLBACK_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE UPDATE_ROLLBACK_FAILED
    UPDATE_ROLLBACK_IN_PROGRESS FAILING UNSUCCESSFUL OFFLINE CONNECTION_LOST NOT_READY CANNOT_START INACCESSIBLE
    MISCONFIGURED DISCONNECTED BLACKHOLED CRITICAL_ACTION_REQUIRED
    """
)
_GIVEN_UP = words(
    """
    ABORTED STOPPED CANCELED CANCELLED CANCELING STOPPING DISABLED DELETED INCOMPLETE PARTIAL ABANDONED SKIPPED_BY_USER
    REJECTED DELETE_COMPLETE TERMINATED DELETING FORCE_STOPPING
    """
)
_STATUS = re.compile(r"^(?!previous|old|prior).*(?:Status|State|status)$")  # ModelPackageStatus, sync-status
_ALERT = re.compile(r"\balert\b", re.IGNORECASE)  # a service that raises one on a thing of its own; it may also clear it
_ENDED_WELL = words("SUCCEEDED SUCCESS COMPLETED COMPLETE OK HEALTHY RUNNING AVAILABLE ACTIVE PASSED")
_FAILED_END = re.compile(
    r"(?:_FAILED|_FAILURE|_ERROR|_TIMED_OUT|_IMPAIRED|[_-]DOWN|_STALLED|_DISCONNECTED|_BLACKHOLED)$|^(?:MISCONFIGURATION|STALLED|ARRESTED|DOWN)"
)
_WORSE = re.compile(r"\bto (?:severe|degraded|critical|red|impaired|unhealthy)\b", re.IGNORECASE)
# A service that writes these into the title has no status of its own.
_TITLE_FAILED = re.compile(r"\b(?:failed|failure|unsuccessful|error|fault|expired)\b", re.IGNORECASE)
_TITLE_SOFT = re.compile(
    r"\b(?:interruption|approaching|deletion|deleted|deprecat\w*|disabled|cancell?ed|stopped|degraded|at risk|block(?:ed)?|low storage"
    r"|insight|health event)\b",
    re.IGNORECASE,
)


def status_of(event: Event) -> str:
    """The outcome in one upper-case word, '' where the event names none."""
    nested = text(inside(event.facts, "data", "status")) or text(inside(event.facts, "status-details", "status"))
    after = (inside(event.facts, key) for key in ("new-state", "newState", "currentState"))
    nested = nested or next((text(v) for state in after for v in values(state, "status", "state", "check-state", "value")), "")
    named_so = (text(v) for key, v in event.facts.items() if _STATUS.search(key))
    inner = (
        word(child, "status", "state", "HealthStatus") for child in event.facts.values() if isinstance(child, dict)
    )  # {"harvest_job": {"status": ...
    plain = word(event.facts, *_STATUS_KEYS) or nested or next((found for found in (*named_so, *inner) if found), "")
    return _phrase(plain)


def judge(event: Event) -> Verdict | None:
    """FAILURE for work that failed, ANOMALY for work given up, NORMAL for the rest that has a status."""
    status = status_of(event)
    said = f"{event.detail_type} of {subject(event)}: {status or event.name}"
    if status in _FAILED or _phrase(event.name) in _FAILED or _gone_bad(event, status):
        return failure(event, f"{said}. {_why(event)}".strip(), confidence=FAIR if _partial(event) else STRONG, severity=6)
    if status in _GIVEN_UP:
        return anomaly(event, f"{said}. {_why(event)}".strip(), confidence=FAIR)
    if _TITLE_FAILED.search(event.detail_type):
        return failure(event, f"{said}. {_why(event)}".strip(), confidence=FAIR, severity=6)
    if _ALERT.search(event.detail_type) and not {"CLEARED", "CLEAR", "OK"} & {
        _phrase(v) for v in event.facts.values() if isinstance(v, str)
    }:
        return failure(event, f"{said}. {_why(event)}".strip(), confidence=FAIR, severity=5)
    if _TITLE_SOFT.search(event.detail_type):
        return anomaly(event, f"{said}.", confidence=FAIR)
    return normal(f"{said}.") if status else None


def _gone_bad(event: Event, status: str) -> bool:
    """Words that a service makes up after a pattern (STEP_FAILED, CreateFailed), its own grading, or a health that got bad."""
    names = (
        status,
        _phrase(event.name),
        *(_phrase(word(event.facts, key)) for key in ("eventType", "eventName", "event_name", "changeType", "event", "type", "result")),
    )
    if any(_FAILED_END.search(name) for name in names):
        return True
    if _phrase(word(event.facts, "severity", "Severity", "level")) in {"ERROR", "CRITICAL", "FATAL"}:
        return status not in _ENDED_WELL
    return _WORSE.search(_why(event)) is not None


def _phrase(name: str) -> str:
    return re.sub(r"[\s-]+|(?<=[a-z])(?=[A-Z])", "_", name.strip()).upper()


def _partial(event: Event) -> bool:
    """A stage or an action of a pipeline: its execution's own event follows."""
    title = event.detail_type.lower()
    return "stage" in title or "action" in title or "phase" in title


def _why(event: Event) -> str:
    return word(
        event.facts,
        "cause",
        "message",
        "statusMessage",
        "StatusMessage",
        "stateMessage",
        "reason",
        "error",
        "ErrorMessage",
        "Message",
        "statusReason",
    )[:300]
