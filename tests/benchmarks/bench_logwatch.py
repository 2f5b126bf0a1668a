"""Precision and recall of the log watch per kind of anomaly, and false alarms on quiet groups, on the seeded generator.

    python tests/benchmarks/bench_logwatch.py [--groups 40] [--days 24] [--seed 1] [--strength 3.5 8] [--json]

Everything after the first `--warm` days counts; one threshold for all. An alert is right if it comes between the onset of an injected
anomaly and half an hour (a ramp: zero minutes) after its end; every other alert is a false alarm.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from aiops_daemon.logwatch.analysis import LogAnalysis
from aiops_daemon.logwatch.findings import Alert, Urgency
from aiops_daemon.logwatch.settings import LogWatchSettings
from tests.benchmarks.loggen import BUCKET, DAY, KINDS, START, World

QUIET = ("mixed", "quiet-flat", "seasonal", "sparse")


class Named:
    """A miner for counts that are already by template."""

    limit = 10_000

    def assign(self, messages: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def text(self, identifier: str) -> str:
        return identifier

    def resolve(self, identifier: str) -> str:
        return identifier


def run(world: World, settings: LogWatchSettings) -> list[Alert]:
    """All alerts of one group."""
    analysis = LogAnalysis(settings, miner=Named)
    group = analysis.group("g")
    alerts: dict[str, Alert] = {}
    for b in range(world.counts.shape[1]):
        bucket = START + b
        for row in world.counts[:, b].nonzero()[0]:
            template = world.templates[row]
            sample = template.text if template.text.startswith("Deployed") else ""
            group.count(bucket, template.text, template.level, int(world.counts[row, b]), [sample] if sample else [])
        for _, alert in analysis.advance((bucket + 1) * BUCKET + settings.settle_seconds):
            alerts[alert.alert_id] = alert
    return list(alerts.values())


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
    return low / exposure


def quiet(args: argparse.Namespace, settings: LogWatchSettings) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    for profile in QUIET:
        false, kinds, early_kinds, first = 0, Counter[str](), Counter[str](), 0
        for k in range(args.groups // 4):
            alerts = run(World(args.seed * 1000 + k, args.days, profile), settings)
            late = [a for a in alerts if a.at >= (START + args.warm * DAY) * BUCKET]
            first += len(alerts) - len(late)
            false += len(late)
            early_kinds.update(
                f"day {a.at // BUCKET // DAY - START // DAY} {a.cause.kind}/{a.cause.template[:12]}" for a in alerts if a not in late
            )
            kinds.update(f"{a.cause.kind}/{a.cause.template[:12]}" for a in late)
        exposure = args.groups // 4 * (args.days - args.warm)
        early = args.groups // 4 * args.warm
        out[profile] = {
            "false": false, "group_days": exposure, "per_group_day": false / exposure,
            "upper95": poisson_upper(false, exposure), "while_warming_up_per_group_day": first / max(early, 1),
        }  # fmt: skip
        if args.verbose:
            sys.stderr.write(f"{profile} {dict(kinds)}\n")
            sys.stderr.write(f"  while warming up: {sorted(early_kinds.items())}\n")
    return out


def matched(alert: Alert, world: World) -> int | None:
    """The injection that an alert is about."""
    bucket = alert.at // BUCKET - START
    for i, injection in enumerate(world.injections):
        grace = 0 if injection.kind == "ramp" else 8  # settle, overlap for falling counts, a quarter of an hour
        if injection.start <= bucket <= injection.end + grace:
            return i
    return None


def faults(args: argparse.Namespace, settings: LogWatchSettings) -> dict[str, object]:
    caught, total, named, delay = Counter[str](), Counter[str](), Counter[str](), defaultdict[str, list[float]](list)
    right, raised, pages, low = Counter[str](), Counter[str](), Counter[str](), 0
    false_days = 0
    missed = []
    for k in range(args.groups):
        world = World(args.seed * 7000 + k, args.days, ("mixed", "seasonal", "mixed", "sparse")[k % 4])
        at = args.warm * DAY + int(world.rng.integers(0, 100))
        order = list(world.rng.permutation(KINDS))
        while at + 200 < args.days * DAY:
            kind = str(order[len(world.injections) % len(order)])
            if world.inject(kind, at, float(world.rng.uniform(*args.strength))) is None:
                order.remove(kind)
                continue
            at += int(world.rng.integers(180, 320))
        alerts = [a for a in run(world, settings) if a.at >= (START + args.warm * DAY) * BUCKET]
        false_days += args.days - args.warm
        first: dict[int, Alert] = {}
        for alert in alerts:
            i = matched(alert, world)
            raised[alert.cause.kind] += 1
            if i is None:
                continue
            right[alert.cause.kind] += 1
            pages[world.injections[i].kind] += 1
            first.setdefault(i, alert)
        for i, injection in enumerate(world.injections):
            total[injection.kind] += 1
            caught_by = first.get(i)
            if caught_by is None:
                missed.append((k, injection))
                continue
            caught[injection.kind] += 1
            named[injection.kind] += caught_by.cause.kind == injection.kind
            delay[injection.kind].append((caught_by.at - (START + injection.start) * BUCKET) / 60)
            low += injection.kind == "deploy" and caught_by.urgency is Urgency.LOW and caught_by.deploy is not None
    if args.verbose:
        for k, injection in missed:
            sys.stderr.write(f"missed {k} {injection}\n")
    return {
        "kinds": {
            kind: {
                "cases": total[kind], "recall": wilson(caught[kind], total[kind]), "right_name": named[kind] / max(caught[kind], 1),
                "alerts_per_case": pages[kind] / max(caught[kind], 1),
                "median_minutes": sorted(delay[kind])[len(delay[kind]) // 2] if delay[kind] else math.nan,
            }
            for kind in KINDS
        },
        "precision": {str(kind): wilson(right[kind], raised[kind]) for kind in raised},
        "precision_all": wilson(right.total(), raised.total()),
        "false_per_group_day": (raised.total() - right.total()) / false_days,
        "deploys_low_urgency": wilson(low, caught["deploy"]),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=40)
    parser.add_argument("--days", type=int, default=24)
    parser.add_argument("--warm", type=int, default=10, help="days before the figures count")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strength", type=float, nargs=2, default=(3.5, 8.0))
    parser.add_argument("--threshold", type=float, default=3.5)
    parser.add_argument("--part", choices=("quiet", "faults", "both"), default="both")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    settings = LogWatchSettings(anomaly_threshold=args.threshold)
    began = time.process_time()
    result: dict[str, object] = {}
    if args.part != "faults":
        result["quiet"] = quiet(args, settings)
    if args.part != "quiet":
        result["faults"] = faults(args, settings)
    result["cpu_seconds"] = round(time.process_time() - began, 1)
    sys.stdout.write(json.dumps(result, indent=None if args.json else 1, default=str) + "\n")


if __name__ == "__main__":
    main()
