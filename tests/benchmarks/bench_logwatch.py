"""Precision and recall of the log watch per kind of anomaly, and false alarms on quiet groups, on the seeded generator.

    python tests/benchmarks/bench_logwatch.py [--part faults|quiet] [--seeds 2 3] [--groups 40] [--kinds spike drop] [--profile mixed]

Everything after the first `--warm` days counts; one threshold for all. An alert is right if it comes between the onset of an injected
anomaly and half an hour (a ramp: zero minutes) after its end; every other alert is a false alarm. Tables are for people, `--json` for
programs; `--verbose` lists what was missed, with its true sigma, and what was false.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from aiops_daemon.logwatch.analysis import LogAnalysis
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Finding, Urgency
from aiops_daemon.logwatch.settings import LogWatchSettings
from tests.benchmarks.loggen import BUCKET, DAY, KINDS, START, World, true_sigma
from tests.benchmarks.logwatch_report import Case, Outcome, summary_of_faults, summary_of_quiet, table

QUIET = ("mixed", "quiet-flat", "seasonal", "sparse")
FAULTY = ("mixed", "seasonal", "mixed", "sparse")


class Named:
    """A miner for counts that are already by template."""

    limit = 10_000

    def __contains__(self, identifier: str) -> bool:
        return True

    def assign(self, messages: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def text(self, identifier: str) -> str:
        return identifier

    def resolve(self, identifier: str) -> str:
        return identifier


@dataclass(frozen=True)
class Job:
    """One world to judge; everything a worker process needs."""

    seed: int
    number: int
    profile: str
    days: int
    warm: int
    threshold: float
    kinds: tuple[str, ...]
    strength: tuple[float, float]


def run(world: World, settings: LogWatchSettings) -> list[tuple[Alert, Finding]]:
    """All alerts of one group, as they ended, and their cause as it was told first."""
    analysis = LogAnalysis(settings, miner=Named)
    group = analysis.group("g")
    alerts: dict[str, tuple[Alert, Finding]] = {}
    for b in range(world.counts.shape[1]):
        bucket = START + b
        for row in world.counts[:, b].nonzero()[0]:
            template = world.templates[row]
            sample = template.text if template.text.startswith("Deployed") else ""
            group.count(bucket, template.text, template.level, int(world.counts[row, b]), [sample] if sample else [])
        for change, alert in analysis.advance((bucket + 1) * BUCKET + settings.settle_seconds):
            if change is Change.OPENED:
                alerts[alert.alert_id] = (alert, alert.cause)
    return list(alerts.values())


def quiet(job: Job) -> Outcome:
    """A world in which nothing happens."""
    outcome = Outcome(job.seed, job.profile, job.days, job.warm)
    for alert, _ in run(World(job.seed * 1000 + job.number, job.days, job.profile), LogWatchSettings(anomaly_threshold=job.threshold)):
        day, bucket = divmod(alert.at // BUCKET - START, DAY)
        what = f"world {job.number} day {day} {bucket // 12}h {alert.cause.kind} {alert.cause.sigma} {alert.cause.template[:30]}"
        what += f" {alert.cause.observed}/{alert.cause.expected}"
        (outcome.early if day < job.warm else outcome.false).append(what)
    return outcome


def matched(alert: Alert, world: World) -> int | None:
    """The injection that an alert is about."""
    bucket = alert.at // BUCKET - START
    for i, injection in enumerate(world.injections):
        grace = 0 if injection.kind == "ramp" else 8  # settle, overlap for falling counts, a quarter of an hour
        if injection.start <= bucket <= injection.end + grace:
            return i
    return None


def inject(job: Job) -> World:
    """A world with an anomaly every day or so."""
    world = World(job.seed * 7000 + job.number, job.days, job.profile)
    at = job.warm * DAY + int(world.rng.integers(0, 100))
    order = list(world.rng.permutation(job.kinds))
    while order and at + 200 < job.days * DAY:
        kind = str(order[len(world.injections) % len(order)])
        if world.inject(kind, at, float(world.rng.uniform(*job.strength))) is None:
            order.remove(kind)
            continue
        at += int(world.rng.integers(180, 320))
    return world


def faults(job: Job) -> Outcome:
    world = inject(job)
    outcome = Outcome(job.seed, job.profile, job.days, job.warm)
    first: dict[int, tuple[Alert, Finding]] = {}
    pages = Counter[int]()
    for alert, told in run(world, LogWatchSettings(anomaly_threshold=job.threshold)):
        if alert.at < (START + job.warm * DAY) * BUCKET:
            continue
        outcome.raised[alert.cause.kind] += 1
        i = matched(alert, world)
        if i is None:
            outcome.false.append(f"world {job.number} {alert.at // BUCKET - START} {alert.cause.kind} {alert.cause.template[:30]}")
            continue
        outcome.right[alert.cause.kind] += 1
        pages[i] += 1
        first.setdefault(i, (alert, told))
    for i, injection in enumerate(world.injections):
        case = Case(job.seed, job.number, injection.kind, injection.strength, true_sigma(world, injection), caught=i in first)
        if i in first:
            alert, told = first[i]
            case = replace(
                case, told=str(alert.cause.kind), told_first=str(told.kind), alerts=pages[i],
                template=alert.cause.template == world.templates[injection.template].text,
                low=alert.urgency is Urgency.LOW and alert.deploy is not None,
                minutes=(alert.at - (START + injection.start) * BUCKET) / 60,
            )  # fmt: skip
        outcome.cases.append(case)
    return outcome


def jobs_of(args: argparse.Namespace, part: str) -> list[Job]:
    jobs: list[Job] = []
    for seed in args.seeds or [args.seed]:
        if part == "quiet":
            profiles = [(k, p) for p in args.profile or QUIET for k in range(args.groups // 4)]
        else:
            names = args.profile or FAULTY
            profiles = [(k, names[k % len(names)]) for k in range(args.groups)]
        jobs += [
            Job(seed, k, profile, args.days, args.warm, args.threshold, tuple(args.kinds or KINDS), tuple(args.strength))
            for k, profile in profiles
        ]
    return jobs


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=40, help="worlds per seed (quiet: a quarter of it per profile)")
    parser.add_argument("--days", type=int, default=24)
    parser.add_argument("--warm", type=int, default=10, help="days before the figures count")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--kinds", nargs="+", choices=KINDS)
    parser.add_argument("--profile", nargs="+", choices=QUIET)
    parser.add_argument("--strength", type=float, nargs=2, default=(3.5, 8.0))
    parser.add_argument("--threshold", type=float, default=3.5)
    parser.add_argument("--part", choices=("quiet", "faults", "both"), default="both")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def report(args: argparse.Namespace, part: str, outcomes: list[Outcome]) -> dict[str, object]:
    if args.verbose:
        for outcome in outcomes:
            for what in outcome.false:
                sys.stderr.write(f"false: seed {outcome.seed} {outcome.profile} {what}\n")
            for what in outcome.early:
                sys.stderr.write(f"while warming up: seed {outcome.seed} {outcome.profile} {what}\n")
            for case in outcome.cases:
                if not case.caught or (case.kind != case.told and case.kind != "deploy"):
                    sys.stderr.write(f"{'misnamed' if case.caught else 'missed'}: {asdict(case)}\n")
    if part == "quiet":
        return dict(summary_of_quiet(outcomes))
    seeds = sorted({outcome.seed for outcome in outcomes})
    kinds = tuple(args.kinds or KINDS)
    result = summary_of_faults(outcomes, kinds)
    if not args.json:
        for seed in seeds if len(seeds) > 1 else ():
            table(f"seed {seed}", summary_of_faults([o for o in outcomes if o.seed == seed], kinds))
        table(f"seeds {seeds}", result)
    return result


def main() -> None:
    args = options()
    began = time.monotonic()
    result: dict[str, object] = {}
    with ProcessPoolExecutor(args.jobs) as pool:
        for part, judge in (("quiet", quiet), ("faults", faults)):
            if args.part in {part, "both"}:
                result[part] = report(args, part, list(pool.map(judge, jobs_of(args, part))))
    result["seconds"] = round(time.monotonic() - began, 1)
    if args.json:
        sys.stdout.write(json.dumps(result, default=str) + "\n")
        return
    for profile, row in result.get("quiet", {}).items():  # type: ignore[attr-defined]  # a dict by profile
        sys.stdout.write(f"quiet {profile:10} {json.dumps({k: round(v, 3) for k, v in row.items()})}\n")
    sys.stdout.write(f"{result['seconds']} s\n")


if __name__ == "__main__":
    main()
