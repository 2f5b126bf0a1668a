"""Plans, steps and what came of them."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field, JsonValue

from aiops_daemon.model.event import Frozen, Resource

STEP = "step:"


class Effect(StrEnum):
    """What an action does to the world, which decides how much autonomy it may ever have."""

    NONE = "none"  # reads or tells only
    REVERSIBLE = "reversible"  # undo puts everything back
    REPLACING = "replacing"  # makes a new resource in place of a lost one
    DESTRUCTIVE = "destructive"  # cannot be taken back: always a human


class ActionSpec(Frozen):
    """The unchanging description of an action."""

    id: str  # service.verb: ec2.start
    title: str
    resource_types: tuple[str, ...]  # ("*",) for any
    effect: Effect
    timeout_seconds: int
    success: str  # the success criterion in words
    undoable: bool = False
    plans_first: bool = False  # up to its first `plan` it has no effect on the world: a person is asked with that plan
    permissions: tuple[str, ...] = ()  # IAM actions that it calls: the task role is generated from these


class Step(Frozen):
    """One action on one target. The target comes from the parsed event, never from a model."""

    id: str
    action_id: str
    title: str
    resource: Resource
    account: str
    region: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    timeout_seconds: int
    depends_on: tuple[str, ...] = ()
    success: str
    effect: Effect
    undoable: bool = False


class Plan(Frozen):
    """Steps in dependency order; empty: there is nothing to do but tell."""

    steps: tuple[Step, ...] = ()
    rationale: str = ""


class Running(Frozen):
    """The action has started; look again after `again_in_seconds`. `handle` is journalled and handed back."""

    handle: dict[str, JsonValue] = Field(default_factory=dict)
    again_in_seconds: float
    note: str = ""
    plan: str = ""  # what the next poll would do, for whoever has to approve it
    acts_next: bool = False  # the next poll has an effect of its own: it is asked only where the kill switch lets steps run


class Succeeded(Frozen):
    """The action ended well. `result` is journalled: undo and probes get it."""

    result: dict[str, JsonValue] = Field(default_factory=dict)
    note: str = ""


class Failed(Frozen):
    """The action ended badly. `retryable`: the same step may be tried again."""

    reason: str
    retryable: bool = False
    untouched: bool = False  # refused before it had any effect: no such thing, an invalid request
    result: dict[str, JsonValue] = Field(default_factory=dict)


class Unsure(Frozen):
    """The action met something that a person has to decide (a plan that deletes something else ...)."""

    reason: str
    result: dict[str, JsonValue] = Field(default_factory=dict)


Progress = Running | Succeeded | Failed | Unsure


class StepStatus(StrEnum):
    """How far a step is. `started` without more: its worker died, and whether it called is not known."""

    STARTED = "started"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class StepRecord(Frozen):
    """results["step:<id>"]: what was done of a step, and what undo and probes need."""

    status: StepStatus
    at: datetime  # of the intent
    token: str | None = None
    handle: dict[str, JsonValue] | None = None  # of what runs
    acts_next: bool = False
    plan: str = ""
    approved: bool = False  # by a person who saw `plan`; another handle is another plan
    result: dict[str, JsonValue] | None = None
    reason: str = ""  # of a failure
    untouched: bool = False
    undone: bool = False

    def dumped(self) -> dict[str, JsonValue]:
        """As it is written."""
        return self.model_dump(mode="json", exclude_defaults=True)


def step_key(step_id: str) -> str:
    """Where a step's record is among the results."""
    return f"{STEP}{step_id}"


class HealthStatus(StrEnum):
    HEALTHY = "healthy"
    PARTIAL = "partial"
    UNHEALTHY = "unhealthy"
    PENDING = "pending"  # on its way, ask again
    ABSENT = "absent"
    UNKNOWN = "unknown"  # no probe for this type, or the probe could not see


class Health(Frozen):
    """A probe's answer."""

    status: HealthStatus
    detail: str
    resource_id: str | None = None  # the resource that was looked at, where it is another one (the replacement)
