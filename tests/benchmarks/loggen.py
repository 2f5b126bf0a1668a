"""A seeded world of log groups with known anomalies: templates as text, negative-binomial counts, daily and weekly season.

`World(seed, days, profile)` draws a group; `inject` puts one anomaly into it. Strength: what is injected, in standard deviations of
the count that it changes -- per five-minute bucket for spike, rare, new; per hour for ramp (at its end), drop and silence.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from aiops_daemon.logwatch.baseline import WINDOWS
from aiops_daemon.logwatch.negbin import lower_sigma, upper_sigma

BUCKET = 300
DAY = 288
WEEK = 7 * DAY
START = 1_767_571_200 // BUCKET  # Monday 2026-01-05 00:00 UTC

ERRORS = (
    "Failed to get connection from pool {pool}: timeout after {n} ms",
    "Unhandled exception in request {uuid}: NullPointerException",
    "Payment {n} rejected by provider: code {n}",
    "Could not write to bucket {name}: AccessDenied",
    "Deadlock found when trying to get lock on table {name}; try restarting transaction",
)
WARNINGS = (
    "Slow query took {n} ms: SELECT * FROM {name}",
    "Retrying call to {name} (attempt {n})",
    "Connection pool {pool} is at {n} of {n} connections",
    "Token of user {name} expires in {n} s",
)
INFOS = (
    "GET /api/v1/orders/{n} 200 in {n} ms",
    "POST /api/v1/cart/{uuid} 201 in {n} ms",
    "User {name} logged in from {ip}",
    "Order {n} placed by {name} total {n}",
    "Cache miss for key {uuid}",
    "Published message {uuid} to topic {name}",
    "Consumed {n} records from partition {n} offset {n}",
    "Health check from {ip} ok",
    "Session {uuid} closed after {n} s",
    "Scheduled job {name} finished in {n} ms",
    "Sent email to {name} via {ip}",
    "Image {uuid} resized to {n} x {n}",
)
NEW = (
    "FATAL cannot allocate {n} bytes in arena {name}",
    "Certificate of {name} is not trusted: chain has {n} entries",
    "Replica {ip} left the cluster: no heartbeat for {n} s",
    "Schema version {n} is not supported by reader {name}",
    "Quota of project {name} used up: {n} of {n}",
)
KINDS = ("spike", "drop", "silence", "new", "rare", "ramp", "deploy")


@dataclass
class Template:
    text: str
    level: str
    rate: float  # lines per bucket, mean over a week
    shape: float  # of the negative binomial
    amplitude: float = 0.0  # daily, 0..0.95
    weekend: float = 1.0  # factor on Saturday and Sunday
    phase: float = 0.0  # days
    nightly: int = 0  # lines of a job, every night at the same hour
    nightly_at: int = 0  # bucket of day

    def mean(self, buckets: np.ndarray) -> np.ndarray:
        day = buckets / DAY
        season = 1 + self.amplitude * np.sin(2 * np.pi * (day - self.phase))
        weekday = (buckets // DAY + 3) % 7
        mean = self.rate * season * np.where(weekday >= 5, self.weekend, 1.0)
        if self.nightly:
            mean = mean + np.where(buckets % DAY == self.nightly_at, self.nightly, 0)
        return mean


@dataclass(frozen=True)
class Injection:
    kind: str
    template: int
    start: int  # bucket, from the world's first
    end: int  # exclusive
    strength: float
    text: str = ""


@dataclass
class World:
    seed: int
    days: int
    profile: str = "mixed"  # mixed | quiet-flat | seasonal | sparse
    templates: list[Template] = field(default_factory=list)
    injections: list[Injection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.buckets = START + np.arange(self.days * DAY)
        self._draw_templates()
        self.means = np.array([t.mean(self.buckets) for t in self.templates])
        shapes = np.array([t.shape for t in self.templates])[:, None]
        self.counts = self.rng.negative_binomial(shapes, shapes / (shapes + np.maximum(self.means, 1e-9)))

    def _draw_templates(self) -> None:
        rng = self.rng
        seasonal = {"seasonal": 0.9, "quiet-flat": 0.0}.get(self.profile, float(rng.uniform(0.2, 0.7)))
        weekend = {"seasonal": 0.3, "quiet-flat": 1.0}.get(self.profile, float(rng.uniform(0.5, 1.0)))
        phase = float(rng.uniform(0, 1))
        scale = {"sparse": 0.05}.get(self.profile, float(np.exp(rng.uniform(-1, 1.5))))
        plan = [(text, "INFO", scale * np.exp(rng.uniform(-1, 2.2))) for text in INFOS]
        plan += [(text, "WARN", scale * np.exp(rng.uniform(-3, 0))) for text in WARNINGS]
        plan += [(text, "ERROR", np.exp(rng.uniform(-5.5, -1))) for text in ERRORS]  # once a day .. once in 15 minutes
        for text, level, rate in plan:
            amplitude = seasonal if level == "INFO" else seasonal * float(rng.uniform(0, 1))
            self.templates.append(Template(text, level, float(rate), float(np.exp(rng.uniform(0.5, 3.5))), amplitude, weekend, phase))
        if self.profile == "seasonal":
            self.templates[9].nightly = int(rng.integers(40, 200))
            self.templates[9].nightly_at = int(rng.integers(0, DAY))

    # -- anomalies
    def inject(self, kind: str, at: int, strength: float) -> Injection | None:
        """Change the counts from bucket `at` on; None where no template of this world can show it."""
        injection: Injection | None = getattr(self, f"_inject_{kind}")(at, strength)
        if injection is not None:
            self.injections.append(injection)
        return injection

    def _deviation(self, row: int, span: slice) -> float:
        mean = float(self.means[row, span].sum())
        each = self.means[row, span]
        return float(np.sqrt(mean + (each**2).sum() / self.templates[row].shape))

    def _excess(self, row: int, at: int, length: int, per_bucket: np.ndarray) -> None:
        self.counts[row, at : at + length] += self.rng.poisson(per_bucket)

    def _inject_spike(self, at: int, strength: float) -> Injection | None:
        rows = [i for i, t in enumerate(self.templates) if t.rate * DAY > 12]
        row, length = int(self.rng.choice(rows)), int(self.rng.integers(3, 19))
        deviation = self._deviation(row, slice(at, at + 1))
        self._excess(row, at, length, np.full(length, max(strength * deviation, 2.0)))
        return Injection("spike", row, at, at + length, strength)

    def _falling(self, kind: str, at: int, strength: float, left: float) -> Injection | None:
        length = int(self.rng.integers(18, 49))
        hour = slice(at, at + 12)
        rows = [
            i
            for i, t in enumerate(self.templates)
            if t.rate and self.means[i, hour].sum() * (1 - left) >= strength * self._deviation(i, hour)
        ]
        if not rows:
            return None
        row = int(self.rng.choice(rows))
        self.counts[row, at : at + length] = self.rng.binomial(self.counts[row, at : at + length], left)
        return Injection(kind, row, at, at + length, strength)

    def _inject_drop(self, at: int, strength: float) -> Injection | None:
        return self._falling("drop", at, strength, float(self.rng.uniform(0.05, 0.4)))

    def _inject_silence(self, at: int, strength: float) -> Injection | None:
        return self._falling("silence", at, strength, 0.0)

    def _inject_new(self, at: int, strength: float) -> Injection | None:
        length = int(self.rng.integers(2, 13))
        text = NEW[int(self.rng.integers(len(NEW)))] + f" (case {at})"
        row = self._append(text, "ERROR" if self.rng.random() < 0.7 else "INFO")
        self._excess(row, at, length, np.full(length, max(1.0, strength / 2)))
        self.counts[row, at] += 1
        return Injection("new", row, at, at + length, strength)

    def _append(self, text: str, level: str) -> int:
        self.templates.append(Template(text, level, 0.0, 10.0))
        self.means = np.vstack([self.means, np.zeros(self.means.shape[1])])
        self.counts = np.vstack([self.counts, np.zeros(self.counts.shape[1], dtype=self.counts.dtype)])
        return len(self.templates) - 1

    def _inject_rare(self, at: int, strength: float) -> Injection | None:
        rows = [i for i, t in enumerate(self.templates) if 0 < t.rate * DAY <= 10 and self.counts[i, :at].sum() > 0]
        if not rows:
            return None
        row, length = int(self.rng.choice(rows)), int(self.rng.integers(1, 4))
        lines = max(5, round(1.5 * strength))
        self.counts[row, at : at + length] += self.rng.multinomial(lines, np.full(length, 1 / length))
        return Injection("rare", row, at, at + length, strength)

    def _inject_ramp(self, at: int, strength: float) -> Injection | None:
        rows = [i for i, t in enumerate(self.templates) if 0.02 < t.rate < 5]
        row, length = int(self.rng.choice(rows)), int(self.rng.integers(36, 97))
        top = strength * self._deviation(row, slice(at + length - 12, at + length)) / 12
        growth = np.linspace(0, 1, length) * max(top * 2, 3.75)  # 3.75 a bucket are 45 an hour
        self._excess(row, at, length, growth)
        return Injection("ramp", row, at, at + length, strength)

    def _inject_deploy(self, at: int, strength: float) -> Injection | None:
        """A release: a line that says so, a start-up burst of new lines, a few warnings. Worth one quiet word at most."""
        row = self._append(f"Deployed version 4.{at % 50}.{at % 7} of service shop to production", "INFO")
        self.counts[row, at] = 1
        for k in range(3):
            noise = self._append(f"Initialising module m{at}x{k} with {{n}} workers", "WARN" if k == 0 else "INFO")
            self.counts[noise, at : at + 2] = self.rng.poisson(strength, 2)
        return Injection("deploy", row, at, at + 3, strength)

    # -- as text
    def lines(self, first: int = 0, last: int | None = None) -> list[tuple[int, str]]:
        """(milliseconds, line) in order of time."""
        pick = random.Random(self.seed)
        out: list[tuple[int, str]] = []
        for b in range(first, last if last is not None else self.counts.shape[1]):
            base = int(self.buckets[b]) * BUCKET * 1000
            for row in np.flatnonzero(self.counts[:, b]):
                template = self.templates[row]
                out += [
                    (base + pick.randrange(BUCKET * 1000), f"{template.level} {fill(template.text, pick)}")
                    for _ in range(int(self.counts[row, b]))
                ]
        out.sort()
        return out


def true_sigma(world: World, injection: Injection) -> float:
    """How unusual the injected counts are over the most telling window of up to three hours, to one who knows the generator: the tail
    of the true mean and shape of these very buckets, before paying for any other series that is watched.
    """
    template = world.templates[injection.template]
    tail = lower_sigma if injection.kind in {"drop", "silence"} else upper_sigma
    best = 0.0
    for length in WINDOWS:
        for first in range(injection.start, max(injection.end - length, injection.start) + 1):
            span = slice(first, first + length)
            each = world.means[injection.template, span]
            mean = float(each.sum())
            spread = float((each**2).sum()) / template.shape / max(mean**2, 1e-9)
            best = max(best, tail(int(world.counts[injection.template, span].sum()), mean, spread))
    return best


def fill(text: str, pick: random.Random) -> str:
    """Variables for the slots of a template."""
    while "{" in text:
        start, end = text.index("{"), text.index("}")
        slot = text[start + 1 : end]
        value = {
            "n": lambda: str(pick.randrange(1, 99_999)),
            "uuid": lambda: (
                f"{pick.getrandbits(32):08x}-{pick.getrandbits(16):04x}-4{pick.getrandbits(12):03x}-a000-{pick.getrandbits(48):012x}"
            ),
            "ip": lambda: f"10.{pick.randrange(256)}.{pick.randrange(256)}.{pick.randrange(256)}",
            "pool": lambda: f"pool-{pick.randrange(1, 9)}",
            "name": lambda: f"n{pick.randrange(10_000)}",
        }[slot]()
        text = text[:start] + value + text[end + 1 :]
    return text
