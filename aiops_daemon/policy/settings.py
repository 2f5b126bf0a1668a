"""What the daemon may do: default deny, set by the operator, read by provenance and gate.

A resource is named by its key, `type#id` (`ec2:instance#i-0abc`), and patterns are shell globs on it.
"""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from aiops_daemon.model.event import Actor, Event, EventKind, Frozen
from aiops_daemon.model.verdict import Autonomy

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Mode(StrEnum):
    """The switch over everything else."""

    OBSERVE = "observe"  # decide and record, touch nothing
    ACT = "act"


class MaintenanceWindow(Frozen):
    """A weekly window in UTC in which work on some resources is expected."""

    weekdays: tuple[str, ...] = _WEEKDAYS  # the days on which it begins
    start: time
    end: time  # not after start: it ends on the next day
    resources: tuple[str, ...] = ("*",)
    reason: str = "maintenance window"

    @field_validator("weekdays")
    @classmethod
    def _known_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        short = tuple(day.strip().lower()[:3] for day in days)
        unknown = [day for day, name in zip(days, short, strict=True) if name not in _WEEKDAYS]
        if unknown:
            raise ValueError(f"no weekday: {', '.join(unknown)} (use {', '.join(_WEEKDAYS)})")
        return short

    @model_validator(mode="after")
    def _utc(self) -> Self:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise ValueError("start and end are UTC and carry no offset")
        return self

    def covers(self, moment: datetime, resource_key: str) -> bool:
        """Whether `moment` (aware, UTC) lies in the window; the end is exclusive."""
        if not _any_fits(self.resources, resource_key):
            return False
        clock = moment.time()
        if self.start < self.end:
            return self.start <= clock < self.end and self._begins(moment)
        if clock >= self.start:
            return self._begins(moment)
        return clock < self.end and self._begins(moment - timedelta(days=1))

    def _begins(self, day: datetime) -> bool:
        return _WEEKDAYS[day.weekday()] in self.weekdays


def _shipped_autonomy() -> dict[str, Autonomy]:
    # Single calls that the opposite call takes back run by themselves; what makes or replaces things asks first.
    return {
        "ec2.start": Autonomy.AUTO,
        "rds.start": Autonomy.AUTO,
        "ecs.redeploy": Autonomy.AUTO,
        "ssm.restore_parameter": Autonomy.AUTO,
        "codebuild.terraform_apply": Autonomy.APPROVE,
        # only for log groups that AIOPS_LOGWATCH__ACTIONS names
        "ecs.scale_out": Autonomy.AUTO,
        "rds.scale_up": Autonomy.APPROVE,
    }


class PolicySettings(BaseModel):
    """The operator's policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Field(default=Mode.ACT, description="observe: decide and record, touch nothing; act: recover")
    cooldown_minutes: float = Field(default=5, gt=0, description="minutes between two recoveries of one resource")
    confidence_threshold: float = Field(default=0.8, ge=0, le=1, description="below it a human decides")
    allowed_actions: tuple[str, ...] = Field(
        default=(*_shipped_autonomy(), "notify_only"), description="actions that may run at all; what is not listed never runs"
    )
    autonomy: dict[str, Autonomy] = Field(
        default_factory=_shipped_autonomy,
        description="`action`, or `action@resource type` (globs), to the most that it may do by itself; the narrower entry wins",
    )
    default_autonomy: Autonomy = Field(default=Autonomy.APPROVE, description="for an allowed action that `autonomy` does not name")
    storm_size: int = Field(default=5, ge=1, description="resources named by one message at which a human has to decide")
    protected: tuple[str, ...] = Field(default=(), description="resource keys (globs) never acted on without a human")
    guarded: tuple[str, ...] = Field(default=(), description="resource keys (globs) whose change by an unlisted actor is tampering")
    authorised_actors: tuple[str, ...] = Field(default=(), description="ARNs (globs) whose doings are expected")
    own_roles: tuple[str, ...] = Field(
        default=("aiops-daemon-task-role", "aiops-daemon-codebuild-role"),
        description="the daemon's own role and its recovery build's: names within the event's account, or ARNs (globs)",
    )
    maintenance_windows: tuple[MaintenanceWindow, ...] = Field(
        default=(), description='weekly, UTC: [{"weekdays": ["sat"], "start": "22:00", "end": "02:00", "resources": ["rds:*"]}]'
    )

    @field_validator("authorised_actors")
    @classmethod
    def _no_blank_cheque(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not pattern.strip("*?"):
                raise ValueError(f"{pattern!r} would authorise everybody")
        return patterns

    def unknown_actions(self, known: Collection[str]) -> list[str]:
        """What `allowed_actions` and `autonomy` name and nobody has: a typo there must not pass for the default."""
        named = {*self.allowed_actions, *(key.partition("@")[0] for key in self.autonomy)}
        return sorted(name for name in named if not any(fnmatchcase(action, name) for action in known))

    @property
    def cooldown(self) -> timedelta:
        """How long a resource rests after an attempted recovery."""
        return timedelta(minutes=self.cooldown_minutes)

    def autonomy_for(self, action_id: str, resource_type: str) -> Autonomy:
        """The ladder's rung for an action on a type; OBSERVE where the action is not allowed at all."""
        if action_id not in self.allowed_actions:
            return Autonomy.OBSERVE
        narrow = [level for key, level in self.autonomy.items() if "@" in key and fnmatchcase(f"{action_id}@{resource_type}", key)]
        if narrow:
            return narrow[-1]
        return self.autonomy.get(action_id, self.default_autonomy)

    def is_protected(self, event: Event) -> bool:
        """Whether the resource may only be touched after a human said so."""
        return _any_fits(self.protected, event.resource.key)

    def authorises(self, actor: Actor) -> bool:
        """Whether the operator listed this actor, by its own ARN or by that of the role behind the session."""
        return _any_fits(self.authorised_actors, actor.arn, actor.issuer_arn)

    def window_over(self, event: Event) -> MaintenanceWindow | None:
        """The maintenance window in which the event happened."""
        return next((w for w in self.maintenance_windows if w.covers(event.occurred_at, event.resource.key)), None)


def policy_facts(event: Event, policy: PolicySettings) -> dict[str, JsonValue]:
    """What analysts are told of the policy: Evidence.policy."""
    facts: dict[str, JsonValue] = {
        "mode": policy.mode.value,
        "confidence_threshold": policy.confidence_threshold,
        "protected": policy.is_protected(event),
        "guarded": _any_fits(policy.guarded, event.resource.key),
    }
    if event.kind is EventKind.LOG_ANOMALY:
        facts["configured action allowed"] = event.facts.get("configured action") in policy.allowed_actions
    return facts


def _any_fits(patterns: tuple[str, ...], *texts: str | None) -> bool:
    return any(fnmatchcase(text, pattern) for text in texts if text for pattern in patterns)
