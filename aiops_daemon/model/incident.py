"""The incident: its states, its audit trail, and the record that the journal keeps."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue, PlainSerializer, SkipValidation

from aiops_daemon.model.event import Event, Frozen, Slim

WORKFLOW_VERSION = 2


class State(StrEnum):
    """workflow_state. The first seven and COOLDOWN are the names that users of the old system know."""

    DETECTING = "DETECTING"
    ANALYZING = "ANALYZING"
    PLANNING = "PLANNING"
    EXECUTING = "EXECUTING"
    VERIFYING = "VERIFYING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    COOLDOWN = "COOLDOWN"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    ROLLING_BACK = "ROLLING_BACK"
    ROLLED_BACK = "ROLLED_BACK"
    SUPPRESSED = "SUPPRESSED"  # understood, and on purpose not acted on
    REJECTED = "REJECTED"  # a human said no, or nobody said yes in time
    QUARANTINED = "QUARANTINED"  # too many owners died on it: a human has to look


S = State
# Every move that the journal accepts; a move to the same state records progress within it.
TRANSITIONS: dict[State, frozenset[State]] = {
    S.DETECTING: frozenset({S.DETECTING, S.ANALYZING, S.COOLDOWN, S.SUPPRESSED, S.FAILED, S.QUARANTINED}),
    S.ANALYZING: frozenset({S.ANALYZING, S.PLANNING, S.AWAITING_APPROVAL, S.SUPPRESSED, S.COOLDOWN, S.FAILED, S.QUARANTINED}),
    S.PLANNING: frozenset({S.PLANNING, S.EXECUTING, S.AWAITING_APPROVAL, S.SUPPRESSED, S.COMPLETED, S.COOLDOWN, S.FAILED, S.QUARANTINED}),
    S.AWAITING_APPROVAL: frozenset(
        {S.AWAITING_APPROVAL, S.PLANNING, S.EXECUTING, S.SUPPRESSED, S.REJECTED, S.COOLDOWN, S.FAILED, S.QUARANTINED}
    ),
    S.EXECUTING: frozenset({S.EXECUTING, S.VERIFYING, S.AWAITING_APPROVAL, S.ROLLING_BACK, S.FAILED, S.QUARANTINED}),
    S.VERIFYING: frozenset({S.VERIFYING, S.COMPLETED, S.ROLLING_BACK, S.FAILED, S.QUARANTINED}),
    S.ROLLING_BACK: frozenset({S.ROLLING_BACK, S.ROLLED_BACK, S.FAILED, S.QUARANTINED}),
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset(),
    S.COOLDOWN: frozenset(),
    S.ROLLED_BACK: frozenset(),
    S.SUPPRESSED: frozenset(),
    S.REJECTED: frozenset(),
    S.QUARANTINED: frozenset(),
}
TERMINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)


class Outcome(StrEnum):
    """How a finished incident ended, for history and metrics."""

    VERIFIED = "verified"
    PARTIAL = "partial"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"
    ROLLBACK_FAILED = "rollback-failed"
    SELF_HEALED = "self-healed"
    SUPPRESSED = "suppressed"
    COOLDOWN = "cooldown"
    REJECTED = "rejected"
    OBSERVED = "observed"  # observe mode: the plan that would have run is on the record
    QUARANTINED = "quarantined"


class AuditEntry(Frozen):
    """One transition. `entry_id` makes a lost reply recognisable."""

    entry_id: str
    seq: int
    at: datetime
    state: State
    note: str
    by: str  # the worker (or person) that wrote it
    fence: int


class Signal(Frozen):
    """A person's word to an open incident."""

    signal_id: str
    decision: str  # approve | reject
    by: str
    reason: str
    at: datetime
    override: bool = False  # act although a guard rail holds; written only where it is said: older code refuses unknown fields


class OutboxEntry(Frozen):
    """A notice that has to reach a channel. Its text is rendered from the record when it is sent."""

    notice_id: str
    channel: str
    attempts: int = 0
    last_error: str = ""
    delivered: bool = False


# As the journal read them: it may hand in what is parsed only when asked for (incidents/texts.py).
Recorded = Annotated[Mapping[str, JsonValue], SkipValidation, PlainSerializer(dict, return_type=dict[str, JsonValue])]
Audit = Annotated[Sequence[AuditEntry], SkipValidation, PlainSerializer(list, return_type=list[AuditEntry])]


class Incident(Slim):
    """The record. `results` answers finished steps when the workflow runs again."""

    model_config = ConfigDict(extra="ignore")  # newer code may have written more

    incident_id: str
    incident_timestamp: datetime
    workflow_version: int = WORKFLOW_VERSION
    workflow_state: State
    resource_type: str
    resource_id: str
    resource_key: str
    correlation_id: str
    event: Event
    owner: str | None = None
    fence: int = 1
    seq: int = 1
    takeovers: int = 0  # owners that died, not planned wake-ups
    due_at: datetime | None = None  # lease end or wake-up time; None: closed for good
    results: Recorded = Field(default_factory=dict)
    signals: dict[str, Signal] = Field(default_factory=dict)
    outbox: dict[str, OutboxEntry] = Field(default_factory=dict)
    audit: Audit = Field(default_factory=list)
    event_classification: str | None = None
    outcome: Outcome | None = None
    success: bool | None = None
    recovery_duration_seconds: float | None = None
    closed_at: datetime | None = None

    @property
    def terminal(self) -> bool:
        """No transition leaves this state (its outbox may still be open)."""
        return self.workflow_state in TERMINAL


def incident_id(event: Event) -> str:
    """Deterministic, so that a redelivered message finds its own incident: `inc-` + 20 hex digits."""
    identity = "\0".join((event.account, event.region, event.event_id, event.resource.key))
    return "inc-" + hashlib.sha256(identity.encode()).hexdigest()[:20]
