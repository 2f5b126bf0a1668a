"""What became of the anomalies that bench_logwatch.py injected: shares with their 95 % intervals, rates, tables."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One injected anomaly, and what became of it."""

    seed: int
    number: int
    kind: str
    strength: float
    true_sigma: float
    caught: bool
    told: str = ""  # the kind in the alert when it ends, and as it was opened
    told_first: str = ""
    template: bool = False  # the right one
    low: bool = False
    minutes: float = math.nan
    alerts: int = 0


@dataclass
class Outcome:
    """One world."""

    seed: int
    profile: str
    days: int
    warm: int
    cases: list[Case] = field(default_factory=list)
    right: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)
    false: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)  # while warming up


def wilson(hits: int, n: int) -> tuple[float, float, float]:
    """Share and its 95 % interval."""
    if not n:
        return math.nan, math.nan, math.nan
    z, p = 1.96, hits / n
    centre, half = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return p, (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


def poisson_upper(count: int, exposure: float) -> float:
    """Upper 95 % limit of a rate."""
    low, high = 0.0, 10.0 + 4 * count
    for _ in range(60):
        mid = (low + high) / 2
        tail = sum(math.exp(-mid + k * math.log(mid) - math.lgamma(k + 1)) if mid else 1.0 for k in range(count + 1))
        low, high = (mid, high) if tail > 0.05 else (low, mid)
    return low / max(exposure, 1)


def per_kind(cases: Sequence[Case]) -> dict[str, object]:
    caught = [case for case in cases if case.caught]
    minutes = sorted(case.minutes for case in caught)
    return {
        "cases": len(cases),
        "recall": wilson(len(caught), len(cases)),
        "right_name": wilson(sum(case.told == case.kind for case in caught), len(caught)),
        "right_name_at_once": wilson(sum(case.told_first == case.kind for case in caught), len(caught)),
        "right_template": wilson(sum(case.template for case in caught), len(caught)),
        "told": dict(Counter(case.told for case in caught)),
        "alerts_per_case": sum(case.alerts for case in caught) / max(len(caught), 1),
        "median_minutes": minutes[len(minutes) // 2] if minutes else math.nan,
        "by_strength": by_strength(cases),
        "low_urgency": sum(case.low for case in caught) / max(len(caught), 1),
    }


def summary_of_faults(outcomes: Sequence[Outcome], kinds: Sequence[str]) -> dict[str, object]:
    cases = [case for outcome in outcomes for case in outcome.cases]
    right = sum((outcome.right for outcome in outcomes), Counter[str]())
    raised = sum((outcome.raised for outcome in outcomes), Counter[str]())
    days = sum(outcome.days - outcome.warm for outcome in outcomes)
    return {
        "kinds": {kind: per_kind([case for case in cases if case.kind == kind]) for kind in kinds},
        "precision": {str(kind): wilson(right[kind], raised[kind]) for kind in raised},
        "precision_all": wilson(right.total(), raised.total()),
        "false_per_group_day": (raised.total() - right.total()) / max(days, 1),
    }


def by_strength(
    cases: Sequence[Case], edges: Sequence[float] = (3.5, 4.5, 5.5, 6.5, 8.0)
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Recall by strength as injected, and by what it came to."""
    out: dict[str, dict[str, tuple[float, float, float]]] = {}
    for name in ("strength", "true_sigma"):
        bands = {}
        for low, high in zip(edges, (*edges[1:-1], math.inf), strict=False):
            own = [case.caught for case in cases if low <= getattr(case, name) < high]
            bands[f"{low}+"] = wilson(sum(own), len(own))
        out[name] = bands
    return out


def summary_of_quiet(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    for profile in dict.fromkeys(outcome.profile for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.profile == profile]
        false, days = sum(len(o.false) for o in own), sum(o.days - o.warm for o in own)
        early, early_days = sum(len(o.early) for o in own), sum(o.warm for o in own)
        out[profile] = {
            "false": false, "group_days": days, "per_group_day": false / max(days, 1), "upper95": poisson_upper(false, days),
            "warming_up": early, "warming_up_per_group_day": early / max(early_days, 1),
            "warming_up_upper95": poisson_upper(early, early_days),
        }  # fmt: skip
    return out


def table(title: str, result: dict[str, object]) -> None:
    def share(value: Sequence[float]) -> str:
        return f"{100 * value[0]:3.0f} [{100 * value[1]:3.0f},{100 * value[2]:4.0f}]" if value[0] == value[0] else " " * 15

    sys.stdout.write(f"{title}: kind, cases, caught %, named right % (at once), right template %, minutes, told\n")
    for kind, row in result["kinds"].items():  # type: ignore[attr-defined]  # a dict by kind, see summary_of_faults
        sys.stdout.write(
            f"  {kind:8}{row['cases']:4} {share(row['recall'])} {share(row['right_name'])} {share(row['right_name_at_once'])}"
            f" {share(row['right_template'])} {row['median_minutes']:5.0f} {row['told']}\n"
            + "".join(
                f"           caught by {name}: {'  '.join(f'{band} {share(value)}' for band, value in bands.items())}\n"
                for name, bands in row["by_strength"].items()
                if row["cases"] and kind in {"spike", "drop", "silence", "ramp"}
            )
        )
    precision = share(result["precision_all"])  # type: ignore[arg-type]  # a triple
    sys.stdout.write(f"  precision {precision}, false alarms per group and day {result['false_per_group_day']:.3f}\n")
