"""What an analyst concludes from evidence, and what the gate decides from that."""

from enum import StrEnum

from pydantic import Field, JsonValue

from aiops_daemon.model.event import Event, Frozen


class Classification(StrEnum):
    """FAILURE and TAMPERING may be acted on; ANOMALY is announced; NORMAL is recorded at most."""

    FAILURE = "FAILURE"
    TAMPERING = "TAMPERING"
    ANOMALY = "ANOMALY"
    NORMAL = "NORMAL"


class Autonomy(StrEnum):
    """How far the daemon may go by itself: the ladder, lowest first."""

    OBSERVE = "observe"  # record and announce only
    SUGGEST = "suggest"  # ... with the plan that would have run
    APPROVE = "approve"  # a human decides, then the plan runs
    AUTO = "auto"  # the plan runs

    def lower_of(self, other: "Autonomy") -> "Autonomy":
        """The more careful of two."""
        ladder = list(Autonomy)
        return min(self, other, key=ladder.index)


class Cause(StrEnum):
    """Why a thing happened, decided before any model is asked."""

    UNEXPLAINED = "unexplained"
    DENIED = "denied"  # the call was refused or failed: nothing happened
    SERVICE_ON_PURPOSE = "service-on-purpose"  # Auto Scaling, CloudFormation, a deployment ...
    AUTHORISED = "authorised"  # an actor or window that the operator listed
    OWN_ACTION = "own-action"  # the daemon or its recovery build did it


class Provenance(Frozen):
    """Who is behind an event, and why we think so."""

    cause: Cause = Cause.UNEXPLAINED
    reason: str = ""
    parent_incident: str | None = None


class Verdict(Frozen):
    """An analyst's typed answer. Confidence 0..1, severity 1..10."""

    classification: Classification
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    severity: int = Field(ge=1, le=10)
    reasoning: str
    root_cause: str = ""
    affected_services: tuple[str, ...] = ()
    estimated_downtime_minutes: int | None = None
    blast_radius: str = ""
    action_id: str | None = None  # from the allow-list for the resource type; never a target or a parameter
    ceiling: Autonomy = Autonomy.AUTO  # the most that this analyst would allow
    analyst: str = "rules"
    degraded: bool = False  # a model was configured and did not answer: these are the rules' words
    noteworthy: bool = True  # False: nothing that an operator would want a record of


class PastIncident(Frozen):
    """One finished incident of the same kind, as far as an analyst may see it: facts, no earlier model text."""

    incident_id: str
    at: str
    resource_id: str
    outcome: str
    actions: tuple[str, ...] = ()
    duration_seconds: float | None = None
    root_cause: str = ""


class History(Frozen):
    """What is known of similar incidents."""

    incidents: tuple[PastIncident, ...] = ()
    count: int = 0
    success_rate: float | None = None
    average_duration_seconds: float | None = None
    common_root_cause: str = ""


class Evidence(Frozen):
    """Everything that an analyst gets."""

    event: Event
    provenance: Provenance
    history: History = History()
    allowed_actions: dict[str, str] = Field(default_factory=dict)  # action id -> one line of what it does
    policy: dict[str, JsonValue] = Field(default_factory=dict)


class DecisionKind(StrEnum):
    ACT = "act"
    REVIEW = "review"
    NONE = "none"


class Decision(Frozen):
    """What happens next, and why: the sentence that the on-call engineer reads."""

    kind: DecisionKind
    reason: str
