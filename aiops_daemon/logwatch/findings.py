"""The words of the log watch: what was found in one series, and the one alert that people get for an episode of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops_daemon.logwatch.probability import Forecast


class Kind(StrEnum):
    """What is unusual."""

    SPIKE = "spike"  # more lines than this template, level or group writes at this hour
    DROP = "drop"  # fewer
    SILENCE = "silence"  # none, where there are always some
    NEW = "new"  # a template that this group has never written
    RARE = "rare"  # a template that comes less than twelve times a day, several times at once
    RAMP = "ramp"  # grows slowly: each bucket looks nearly normal


TOTAL, LEVEL = "*", "level:"  # in place of a template's id: all lines of the group, those of a level (level:ERROR)
AGGREGATES = (TOTAL, LEVEL)
MOST_FINDINGS = 50  # of one alert, and of one group's bucket: nobody reads more, and all alerts share one item of 400 KB
RISING = frozenset({Kind.SPIKE, Kind.NEW, Kind.RARE, Kind.RAMP})


class Urgency(StrEnum):
    """How soon somebody should look."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True)
class Finding:
    """One series that departs from its baseline. Times are seconds since the epoch; counts are over [since, at)."""

    at: int
    log_group: str
    kind: Kind
    template: str  # text with <*> for what varies, or "(all lines)", "(level ERROR)"
    template_id: str
    observed: int
    expected: float
    sigma: float  # standard deviations above or below normal, after paying for the number of series watched
    since: int
    first_seen: int
    level: str = ""
    probability: float | None = None
    until: int | None = None
    samples: tuple[str, ...] = ()

    @property
    def aggregate(self) -> bool:
        """The group's total or one of its levels, not a template."""
        return self.template_id.startswith(AGGREGATES)

    @property
    def how_unusual(self) -> str:
        """As people read it: "8.2 standard deviations above normal (40 lines, 3.1 expected)"."""
        if self.kind is Kind.NEW:
            return f"never seen before ({self.observed} lines; {self.sigma:.1f} standard deviations)"
        side = "above" if self.kind in RISING else "below"
        expected = f"{self.expected:.1f}" if self.expected < 100 else f"{self.expected:.0f}"
        return f"{self.sigma:.1f} standard deviations {side} normal ({self.observed} lines, {expected} expected)"


@dataclass(frozen=True)
class Ending:
    """A series is normal again from `until` on."""

    log_group: str
    template_id: str
    rising: bool
    until: int
    adopted: bool = False  # it never came back: what it does now is the new normal


@dataclass(frozen=True)
class Deploy:
    """A release that may explain what follows it."""

    at: int
    name: str
    log_group: str = ""  # empty: it may explain any group


@dataclass
class Alert:
    """One episode: opened at its onset, updated while it lasts, closed when it ends. `findings[0]` is the cause."""

    alert_id: str
    at: int
    findings: list[Finding]
    urgency: Urgency
    deploy: Deploy | None = None
    updated_at: int = 0
    until: int | None = None
    close_reason: str = ""
    muted: bool = False
    probability: float | None = None
    no_forecast: str = "no forecast yet: too little history"
    lead_seconds: int | None = None  # from `at` to the expected failure, where the trend says so
    groups: list[str] = field(default_factory=list)

    @property
    def cause(self) -> Finding:
        return self.findings[0]

    @property
    def closed(self) -> bool:
        return self.until is not None


@dataclass(frozen=True)
class GroupStep:
    """What one bucket of one group brought."""

    at: int
    log_group: str
    findings: tuple[Finding, ...]
    changed: tuple[Finding, ...]
    endings: tuple[Ending, ...]
    deploys: tuple[Deploy, ...]
    forecast: Forecast
    failed: bool  # the error lines of the bucket were over the failure volume
    lead_seconds: int | None  # until the error lines reach the failure volume, as they grow now
