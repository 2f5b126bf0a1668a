"""One log group: lines in, findings out. The live watch and the backtest use the same object."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS, HOUR
from aiops_daemon.logwatch.counts import SAMPLES, BucketCounts, OpenBuckets
from aiops_daemon.logwatch.deploys import deploy_in
from aiops_daemon.logwatch.findings import AGGREGATES, LEVEL, MOST_FINDINGS, TOTAL, Deploy, Ending, Finding, GroupStep
from aiops_daemon.logwatch.group_series import FIXED, LEVELS, NEW, NEW_ERROR, NOVEL_BUCKETS
from aiops_daemon.logwatch.lines import Line
from aiops_daemon.logwatch.monitor import Departure, GroupMonitor, Step
from aiops_daemon.logwatch.outlook import GroupOutlook

INSIGHTS = "insights:"  # ids of what Logs Insights counts by level, without templates
_SAMPLE_CHARS = 400


class Miner(Protocol):
    """Templates of one group (templates.TemplateMiner)."""

    limit: int

    def __contains__(self, identifier: str) -> bool: ...
    def assign(self, messages: Sequence[str]) -> list[str]: ...
    def text(self, identifier: str) -> str: ...
    def resolve(self, identifier: str) -> str: ...


@dataclass
class TemplateInfo:
    """What a finding tells about a template beside its text."""

    level: str
    first_seen: int
    samples: list[str] = field(default_factory=list)
    deploys: bool = False


class GroupAnalysis:
    """Give it lines (`feed`), then the time (`step_to`)."""

    def __init__(
        self, name: str, miner: Miner, *, threshold: float, lag: int, settle: int, adopt_after: int,
        redact: Callable[[str], str], outlook: GroupOutlook,
    ) -> None:  # fmt: skip
        self.name = name
        self.miner = miner
        self.threshold, self.lag, self.settle, self.adopt_after = threshold, lag, settle, adopt_after
        self.redact = redact
        self.outlook = outlook
        self.open = OpenBuckets()
        self.monitor: GroupMonitor | None = None
        self.info: dict[str, TemplateInfo] = {}
        self.by_insights = False
        self.named: dict[str, str] = {}  # row -> the template that its departure was reported as, where it is another one
        self.left: list[Ending] = []  # of departures whose series has gone: told with the next step

    @property
    def _begun(self) -> GroupMonitor:
        """The series; there is none before the first line."""
        if self.monitor is None:
            raise RuntimeError(f"{self.name}: there are no series before the first line")
        return self.monitor

    def feed(self, lines: Sequence[Line]) -> None:
        """Count lines into the buckets of their own time, in any order."""
        ids = self.miner.assign([line.message for line in lines])
        buckets = [line.at_ms // (BUCKET_SECONDS * 1000) for line in lines]
        tally = Counter(zip(buckets, ids, (line.level for line in lines), strict=True))
        samples: dict[tuple[int, str], list[str]] = {}
        for line, identifier, bucket in zip(lines, ids, buckets, strict=True):
            kept = samples.setdefault((bucket, identifier), [])
            if len(kept) < SAMPLES:
                kept.append(line.raw[:_SAMPLE_CHARS])
        for (bucket, identifier, level), count in tally.items():
            self.count(bucket, identifier, level, count, samples.pop((bucket, identifier), ()))

    def count(self, bucket: int, identifier: str, level: str, count: int, samples: Iterable[str] = ()) -> None:
        """Counts that are known already (Logs Insights, tests)."""
        if self.monitor is None:
            self._begin(bucket)
        self.open.add(bucket, identifier, level, count, samples)

    def _begin(self, bucket: int) -> None:
        self.monitor = GroupMonitor(bucket, threshold=self.threshold, lag=self.lag, adopt_after=self.adopt_after)
        self.open.final_before = max(self.open.final_before, bucket - self.lag)

    def restart(self) -> None:
        """Forget what is normal; the next line begins a new history."""
        if self.monitor is not None:
            self._leave(self.monitor.keys)
        self.monitor = None
        self.open = OpenBuckets()
        self.named = {}

    def reopen(self) -> dict[int, int]:
        """Forget the open buckets, to read them again from `reads_from`; their totals."""
        return self.open.reopen(self.open.final_before)

    def reads_from(self) -> int | None:
        """Seconds: the beginning of the oldest open bucket, None before the first line."""
        return None if self.monitor is None else self.open.final_before * BUCKET_SECONDS

    def switch(self, *, to_insights: bool, from_bucket: int = 0) -> None:
        """Another reader counts from now on, the open buckets from `from_bucket` on anew: series that it does not know would fall
        silent, and its levels differ."""
        if to_insights == self.by_insights:
            return
        self.by_insights = to_insights
        if self.monitor is not None:
            gone = [key for key in self.monitor.keys if key.startswith(INSIGHTS) is not to_insights and key not in FIXED]
            self._leave([*gone, *(f"{LEVEL}{level}" for level in LEVELS)])
            self.monitor.forget(gone)
            self.monitor.restart_levels()
            self.monitor.remember(f"{INSIGHTS}{level}" for level in LEVELS)  # another name is no news
        self.open.reopen(from_bucket)

    def skip_to(self, bucket: int, at: int) -> GroupStep:
        """Buckets that nobody will ever read (an outage longer than what is caught up): go on from `bucket`."""
        ended = self._begun.skip_to(bucket)
        self.open.reopen(0)
        self.open.final_before = bucket
        endings = self._endings(Step((), (), tuple(ended)))
        return GroupStep(at, self.name, (), (), endings, (), self.outlook.last, failed=False, lead_seconds=None)

    def due(self, now: int) -> int | None:
        """The next bucket that is complete at `now`, if there is one."""
        if self.monitor is None:
            return None
        following = self.monitor.bucket + 1
        return following if (following + 1) * BUCKET_SECONDS + self.settle <= now else None

    def step(self) -> GroupStep:
        """Judge the next bucket."""
        bucket = self._begun.bucket + 1
        recent = [self._resolved(self.open.get(bucket - back)) for back in range(self.lag, -1, -1)]
        deploys = self._learn_about(bucket, recent)
        self._follow_merges()
        if len(self.info) > self.miner.limit:
            self._let_go(recent)
        step = self._begun.step(recent)
        self.open.close(bucket - self.lag)
        at = (bucket + 1) * BUCKET_SECONDS + self.settle
        errors = recent[-1].levels.get("ERROR", 0)
        return GroupStep(
            at=at,
            log_group=self.name,
            findings=tuple(self._finding(d, at, recent) for d in _loudest(step.onsets)),
            changed=tuple(self._finding(d, at, recent) for d in _loudest(step.changed)),
            endings=self._endings(step),
            deploys=deploys,
            forecast=self.outlook.look(bucket, errors),
            failed=self.outlook.threshold is not None and errors > self.outlook.threshold,
            lead_seconds=self._lead(),
        )

    def _lead(self) -> int | None:
        """From the last hour of error lines and the hour before it."""
        errors = self._begun.counts[self._begun.index[f"{LEVEL}ERROR"]]
        now, before = float(errors[-HOUR:].mean()), float(errors[-2 * HOUR : -HOUR].mean())
        return self.outlook.lead_seconds(now, (now - before) / HOUR)

    def _resolved(self, counts: BucketCounts) -> BucketCounts:
        """The same counts with templates that became one added up."""
        for key in [key for key in counts.templates if self.miner.resolve(key) != key]:
            counts.merge(key, self.miner.resolve(key))
        return counts

    def _follow_merges(self) -> None:
        for key in [k for k in self.info if self.miner.resolve(k) != k]:
            now, away = self.miner.resolve(key), self._departure(key)
            self._begun.merge(key, now)
            self.info.setdefault(now, self.info.pop(key))
            if away is not None and self._departure(now) is away:
                self.named[now] = self.named.pop(key, key)
            elif away is not None:
                self.left.append(self._ending(key, away))

    def _departure(self, key: str) -> Departure | None:
        return self._begun.active.get(self._begun.index.get(key, -1))

    def _leave(self, keys: Iterable[str]) -> None:
        """A departure ends with its series, or its alert would stay open for ever, and swallow all that is like it."""
        self.left += [self._ending(key, away) for key in keys if (away := self._departure(key)) is not None]

    def _let_go(self, recent: Sequence[BucketCounts]) -> None:
        """What the miner has evicted has no series any more, once its lines are judged and it is not away from normal."""
        monitor = self._begun
        kept = {monitor.keys[row] for row in monitor.active}.union(*(counts.templates for counts in recent))
        gone = [key for key in self.info if key not in self.miner and key not in kept and not key.startswith(INSIGHTS)]
        monitor.forget(gone)
        for key in gone:
            del self.info[key]

    def _learn_about(self, bucket: int, recent: Sequence[BucketCounts]) -> tuple[Deploy, ...]:
        """What is new, late lines and all; the deploys that the newest bucket tells of."""
        for back, counts in enumerate(reversed(recent)):
            for identifier in counts.templates:
                if identifier not in self.info:
                    level, samples = counts.template_levels.get(identifier, "INFO"), counts.samples.get(identifier, [])
                    told = any(deploy_in(s) for s in samples)
                    since = (bucket - back) * BUCKET_SECONDS
                    self.info[identifier] = TemplateInfo(level, since, [self.redact(s) for s in samples], told)
        telling = [identifier for identifier in recent[-1].templates if self.info[identifier].deploys]
        names = [next(filter(None, map(deploy_in, recent[-1].samples.get(identifier, ()))), None) for identifier in telling]
        return tuple(Deploy(bucket * BUCKET_SECONDS, self.redact(name), self.name) for name in names if name)

    def _finding(self, d: Departure, at: int, recent: Sequence[BucketCounts]) -> Finding:
        key = self._key(d, recent)
        info = self._known(key)
        since = d.since * BUCKET_SECONDS
        return Finding(
            at=at, log_group=self.name, kind=d.kind, template=self._title(key, d), template_id=key,
            observed=d.observed, expected=round(d.expected, 3), sigma=round(d.sigma, 2), since=since,
            first_seen=info.first_seen if info else since, level=self.level(key), samples=self._samples(key, recent),
        )  # fmt: skip

    def _title(self, key: str, d: Departure) -> str:
        """A total often departs one bucket before the template that makes it: name that one, too."""
        leader = None
        if key.startswith(AGGREGATES):
            of_level = [k for k, info in self.info.items() if key == TOTAL or info.level == self.level(key)]
            leader = self._begun.leader(d.row, d.since, of_level)
        return self.text(key) if leader is None else f"{self.text(key)[:-1]}, most of them: {self.text(leader)})"

    def _key(self, d: Departure, recent: Sequence[BucketCounts]) -> str:
        """The template that a row stands for; lines of new templates are reported as the loudest of them."""
        key = self._begun.keys[d.row]
        if key in {NEW, NEW_ERROR} and key not in self.named:
            self.named[key] = self._loudest_new(recent, errors=key == NEW_ERROR) or key
        return self.named.get(key, key)

    def row_key(self, template_id: str) -> str:
        """The row behind a finding's template: the template's own, or that of new lines."""
        if self.monitor is not None and template_id in self.monitor.index:
            return template_id
        return next((row for row, named in self.named.items() if named == template_id), TOTAL)

    def _loudest_new(self, recent: Sequence[BucketCounts], *, errors: bool) -> str | None:
        young = (self._begun.bucket - NOVEL_BUCKETS) * BUCKET_SECONDS
        lines: Counter[str] = Counter()
        for counts in recent:
            for key, count in counts.templates.items():
                if self.info[key].first_seen > young and (not errors or self.info[key].level == "ERROR"):
                    lines[key] += count
        return lines.most_common(1)[0][0] if lines else None

    def text(self, key: str) -> str:
        if key == TOTAL:
            return "(all lines)"
        if key.startswith((LEVEL, INSIGHTS)):
            return f"({key.replace(':', ' ')})"
        return self.redact(self.miner.text(key))

    def _known(self, key: str) -> TemplateInfo | None:
        """Also of a template that has become part of another since it was reported."""
        return self.info.get(self.miner.resolve(key))

    def level(self, key: str) -> str:
        info = self._known(key)
        return info.level if info else key.removeprefix(LEVEL) if key.startswith(LEVEL) else ""

    def _samples(self, key: str, recent: Sequence[BucketCounts]) -> tuple[str, ...]:
        if key.startswith(AGGREGATES):
            level = key.removeprefix(LEVEL)
            loud = [
                (count, template)
                for template, count in recent[-1].templates.items()
                if key == TOTAL or recent[-1].template_levels.get(template) == level
            ]
            keys = [template for _, template in sorted(loud, reverse=True)[:SAMPLES]]
            return tuple(self.redact(s) for k in keys for s in recent[-1].samples.get(k, [])[:1])
        fresh = [self.redact(s) for counts in reversed(recent) for s in counts.samples.get(self.miner.resolve(key), [])]
        info = self._known(key)
        return tuple(dict.fromkeys(fresh + (info.samples if info else [])))[:SAMPLES]

    def _endings(self, step: Step) -> tuple[Ending, ...]:
        left, self.left = self.left, []
        return (*left, *(self._ending(self._begun.keys[d.row], d) for d in step.ended))

    def _ending(self, key: str, d: Departure) -> Ending:
        return Ending(self.name, self.named.pop(key, key), d.rising, d.last_hot_end * BUCKET_SECONDS, d.adopted)


def _loudest(departures: Sequence[Departure]) -> Sequence[Departure]:
    """Where a whole application stops, hundreds depart in one bucket: then the totals, and the strongest."""
    if len(departures) <= MOST_FINDINGS:
        return departures
    return sorted(departures, key=lambda d: (d.row >= len(FIXED), -d.sigma))[:MOST_FINDINGS]
