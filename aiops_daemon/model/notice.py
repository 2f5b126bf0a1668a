"""What people are told. Built once, rendered by each notifier in its channel's form."""

from enum import StrEnum

from pydantic import Field

from aiops_daemon.model.event import Frozen


class NoticeKind(StrEnum):
    """Why somebody is told."""

    REVIEW = "review"  # "Manual Review Required"
    ANOMALY = "anomaly"
    RECOVERED = "recovered"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    STOPPED = "stopped"
    STORM = "storm"
    WARNING = "warning"  # the log watch foresees a failure
    BREAKER = "breaker"


class TimelineRow(Frozen):
    """One line of the timeline."""

    at: str  # ISO 8601, UTC
    state: str
    note: str
    seconds: float | None = None  # until the next row


class Notice(Frozen):
    """One message to people. Texts are plain; a notifier escapes them for its channel."""

    notice_id: str  # deterministic: the same notice is the same message, for channels that deduplicate
    incident_id: str
    kind: NoticeKind
    severity: int = Field(ge=1, le=10)
    subject: str
    summary: str
    facts: tuple[tuple[str, str], ...] = ()  # label, value: in reading order
    timeline: tuple[TimelineRow, ...] = ()
    actions: tuple[str, ...] = ()  # what a person can do now, as commands
