"""The series of one log group over time: which are normal, which depart from normal since when, which came back.

A bucket is judged for rising counts as soon as it is complete, since late lines only add to it; for falling counts, and
for learning, only when it is final.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.logwatch.anomaly import Candidate, find, window_sums
from aiops_daemon.logwatch.baseline import DAY, HOUR, WINDOWS
from aiops_daemon.logwatch.counts import BucketCounts
from aiops_daemon.logwatch.findings import LEVEL, Kind
from aiops_daemon.logwatch.group_series import FIXED, HISTORY, LEVELS, NEW, NEW_ERROR, GroupSeries
from aiops_daemon.logwatch.naming import Course, falling_kind, rising_kind
from aiops_daemon.logwatch.negbin import Floats, screen_sigma

_LEARN_LAG = 36  # buckets before one is learned: what turns out to be an anomaly within three hours never is
_CALM_SIGMA = 2.0
_HOT_SIGMA = 2.5
_HIDE_AFTER = 2 * HOUR  # what lasts longer leaves no trace in the hour memory
_BURST_SHARE = 0.6  # of an excess in one bucket: a job ran
_JOBS_UNKNOWN = 3 * DAY  # until a daily job has run three times, one bucket is no news; what stays for two is
_TOWERS, _TOWERS_LINES = 3, 10
_REFINE_FOR = 6 * HOUR  # the kind is settled when the onset leaves the history


@dataclass
class Departure:
    """One series away from normal. Buckets are numbers; `since` is the estimated onset."""

    row: int
    rising: bool
    window: int
    kind: Kind
    since: int
    fired: int
    last_hot: int
    sigma: float
    observed: int
    expected: float
    adopted: bool = False

    @property
    def last_hot_end(self) -> int:
        """The first bucket that was normal again."""
        return self.last_hot + 1


@dataclass(frozen=True)
class Step:
    """What one bucket brought."""

    onsets: tuple[Departure, ...]
    changed: tuple[Departure, ...]
    ended: tuple[Departure, ...]


class GroupMonitor(GroupSeries):
    """Counts in, departures out; one bucket after the other, none left out."""

    def __init__(self, start: int, *, threshold: float, lag: int, adopt_after: int = 7 * DAY) -> None:
        super().__init__(start)
        self.threshold = threshold
        self.lag = lag  # buckets from complete to final
        self.adopt_after = adopt_after
        self.active: dict[int, Departure] = {}
        self.excused: dict[int, int] = {}  # rows that rose as they often do -> the last bucket in which they did

    def forget(self, keys: Sequence[str]) -> dict[int, int]:
        """Drop series, and what is known of their departures; the rows that the others moved to."""
        moved = super().forget(keys)
        self.excused = {moved[row]: seen for row, seen in self.excused.items() if row in moved}
        self.active = {moved[row]: departure for row, departure in self.active.items() if row in moved}
        for row, departure in self.active.items():
            departure.row = row
        return moved

    def merge(self, old: str, new: str) -> None:
        """Two templates turned out to be one: add up their histories; a departure goes along, where the other has none of its own."""
        source = self.index.get(old)
        if source is None:
            return
        target = self.index.get(new)
        if target is None:
            self.keys[source], self.index[new] = new, source
            del self.index[old]
            return
        self.baseline.absorb(source, target)
        self.memory.absorb(source, target)
        self.counts[target] += self.counts[source]
        self.expected[target] += self.expected[source]
        self.reset[target] = min(self.reset[target], self.reset[source])
        departure = self.active.pop(source, None)
        if departure is not None and target not in self.active:
            departure.row, self.active[target] = target, departure
        self.forget([old])

    def restart_levels(self) -> None:
        """The levels are counted in another way from the next bucket on."""
        for level in LEVELS:
            row = self.index[f"{LEVEL}{level}"]
            self.baseline.restart(row, self.bucket + 1)
            self.reset[row] = self.bucket + 1
            self.active.pop(row, None)

    def skip_to(self, bucket: int) -> list[Departure]:
        """Nothing is known of the buckets until `bucket`: no window spans them, nothing is learned from them."""
        ended = list(self.active.values())
        for departure in ended:
            departure.last_hot = bucket - 1
        self.active, self.excused = {}, {}
        self.bucket = bucket - 1
        self.counts[:], self.expected[:], self.memory.now[:] = 0, 0, 0
        self.reset[:] = bucket
        return ended

    def warm_up_left(self) -> int:
        """Buckets until the group has seen a whole day; 0 when it has."""
        return max(0, self.start + DAY - 1 - self.bucket)

    def step(self, recent: Sequence[BucketCounts]) -> Step:
        """Judge the next bucket. `recent` are the buckets that are not final yet, the new one last, `lag + 1` of them;
        the first of them is final from now on."""
        self.bucket += 1
        self.shift(recent)
        self.judge_by(self.bucket)
        ended = self._end(rising=True)
        found = self._find(rising=True)
        onsets = self._rise(found)
        changed = self._follow(found, rising=True)
        if self.bucket - self.lag >= self.start:
            ended += self._end(rising=False)
            found = self._find(rising=False)
            onsets += self._fall(found)
            changed += self._follow(found, rising=False)
            ended += self._adopt()
            self._learn()
        return Step(tuple(onsets), tuple(changed), tuple(ended))

    def _column(self, *, rising: bool) -> int:
        """The newest bucket that may be judged, as a column of the counts."""
        return HISTORY - 1 - (0 if rising else self.lag)

    def _find(self, *, rising: bool) -> list[Candidate]:
        return find(self.windows(self._column(rising=rising)), self.threshold, rising=rising)

    def _rise(self, found: list[Candidate]) -> list[Departure]:
        found = [c for c in found if c.row not in self.active]
        usual = {c.row for c in found if self._usual(c, HISTORY - 1)}
        told = [c for c in found if c.row not in usual]
        for c in told:
            self.excused.pop(c.row, None)  # a job that did not stop excuses its total no longer
        self.excused.update(dict.fromkeys(usual, self.bucket))
        return [self._open(c, HISTORY - 1) for c in told if not self._explained(c)]

    def _explained(self, c: Candidate) -> bool:
        """A total that rises because of templates that may: most of its excess is theirs."""
        if c.row >= len(FIXED):
            return False
        rows = [row for row, seen in self.excused.items() if self.bucket - seen < c.window and row >= len(FIXED)]
        excess = self.counts[rows, -c.window :].sum() - self.expected[rows, -c.window :].sum()
        return bool(excess > 0.5 * (c.observed - c.expected))

    def _fall(self, found: list[Candidate]) -> list[Departure]:
        end = self._column(rising=False)
        mine = [c for c in found if c.row not in self.active and self.keys[c.row] not in {NEW, NEW_ERROR}]
        return [self._open(c, end) for c in mine if not self._usual(c, end)]

    def _usual(self, c: Candidate, end: int) -> bool:
        hour = self.counts[c.row, end + 1 - HOUR : end + 1]
        bucket = self.bucket - (HISTORY - 1 - end)
        if not c.rising:
            return self.memory.usual_fall(c.row, bucket, float(hour.sum()), self.baseline.profile(c.row))
        excess = (self.counts - self.expected)[c.row, end + 1 - c.window : end + 1]
        burst = excess.max() >= _BURST_SHARE * excess.sum()
        if c.window < HOUR and not burst:
            return False  # it stands: no job does that
        age = int(self.baseline.age(bucket)[c.row])
        if age < _JOBS_UNKNOWN and self._alone(c.row, end, max(c.window, WINDOWS[1])):
            return True
        young = age < 2 * DAY
        back = c.window - 1 - int(excess.argmax()) if burst else 0  # the job may have run up to three hours ago
        peak, lines = float(self.counts[c.row, end - back]), float(hour.sum())
        known = self.baseline.profile(c.row)
        return self.memory.usual_rise(c.row, bucket - back, self.bucket, peak, lines, wide=not burst, young=young, profile=known)

    def _alone(self, row: int, end: int, window: int) -> bool:
        """One bucket stands out among the last ones, as far as a job may have run; lines of new templates are no job."""
        excess = np.maximum(self.counts - self.expected, 0.0)[row, end + 1 - window : end + 1]
        return bool(excess.max() >= _BURST_SHARE * excess.sum()) and self.keys[row] not in {NEW, NEW_ERROR}

    def _open(self, c: Candidate, end: int) -> Departure:
        bucket = self.bucket - (HISTORY - 1 - end)
        departure = Departure(
            row=c.row, rising=c.rising, window=c.window, kind=Kind.SPIKE if c.rising else Kind.DROP, since=bucket - c.window + 1,
            fired=self.bucket, last_hot=bucket, sigma=c.sigma, observed=c.observed, expected=c.expected,
        )  # fmt: skip
        departure.kind = self._kind(departure, end, None)
        self.active[c.row] = departure
        return departure

    def _kind(self, d: Departure, end: int, before: Kind | None) -> Kind:
        """What it is, from the buckets up to column `end`; `before`: what it was called until now."""
        if self.keys[d.row] in {NEW, NEW_ERROR}:
            return Kind.NEW
        known = max(0, HISTORY - 1 - (self.bucket - int(self.reset[d.row])))
        onset = max(0, HISTORY - 1 - (self.bucket - d.since) - known)
        buckets = slice(known, end + 1)
        spread = float(self.spread[d.row, 0])
        course = Course(self.counts[d.row, buckets], self.expected[d.row, buckets], spread, onset)
        return rising_kind(course, self.baseline.per_day(d.row), before) if d.rising else falling_kind(course, before)

    def _follow(self, found: list[Candidate], *, rising: bool) -> list[Departure]:
        """Bring the numbers of the open departures up to date; those that became clearly stronger, or another kind."""
        end = self._column(rising=rising)
        open_rows = [d for d in self.active.values() if d.rising is rising and d.fired < self.bucket]
        stronger = {c.row: c for c in found} if open_rows else {}
        changed: list[Departure] = []
        for departure in open_rows:
            departure.observed += round(float(self.counts[departure.row, end]))
            departure.expected += float(self.expected[departure.row, end])
            candidate = stronger.get(departure.row)
            if candidate is None:
                continue
            kind = departure.kind
            ongoing = departure.last_hot == self.bucket - (HISTORY - 1 - end)  # what comes after it says nothing about it
            if ongoing and self.bucket - departure.since < _REFINE_FOR:
                kind = self._kind(departure, end, kind)
            if kind is not departure.kind or candidate.sigma > departure.sigma + 2:
                changed.append(departure)
            departure.kind, departure.sigma = kind, max(departure.sigma, candidate.sigma)
        return changed

    def _end(self, *, rising: bool) -> list[Departure]:
        end = self._column(rising=rising)
        rows = [row for row, d in self.active.items() if d.rising is rising]
        if not rows:
            return []
        bucket = self.bucket - (HISTORY - 1 - end)
        seen, expected = window_sums(self.counts[rows], end), window_sums(self.expected[rows], end)
        sigma = screen_sigma(seen, expected, self.spread[rows], upper=rising)
        ended: list[Departure] = []
        for row, hot in zip(rows, sigma, strict=True):
            departure = self.active[row]
            calm = 1 if departure.window <= HOUR // 4 else 3  # three buckets, or an hour for what took long to show
            if hot[0] >= _HOT_SIGMA or (calm > 1 and hot[calm] >= _HOT_SIGMA):
                departure.last_hot = bucket
            back = rising or self.counts[row, end - 2 : end + 1].any()  # silence ends with a line
            if back and max(hot[calm], hot[1]) < _CALM_SIGMA and bucket - departure.last_hot >= WINDOWS[1]:
                ended.append(departure)
                self._close(departure, departure.last_hot + 1)
        return ended

    def _adopt(self) -> list[Departure]:
        """What has lasted for the whole grace period is the new normal."""
        old = [d for d in self.active.values() if self.bucket - d.since >= self.adopt_after]
        for departure in old:
            departure.adopted = True
            self._close(departure, self.bucket)
            self.baseline.restart(departure.row, self.bucket)
        return old

    def _close(self, departure: Departure, normal_from: int) -> None:
        del self.active[departure.row]
        self.reset[departure.row] = normal_from

    def _learn(self) -> None:
        final = self.bucket - self.lag
        column = HISTORY - 1 - self.lag
        hidden = np.zeros(len(self.keys), dtype=np.bool_)
        hidden[[row for row, d in self.active.items() if final - d.since > _HIDE_AFTER]] = True
        self.memory.observe(final, self.counts[:, column], hidden)
        self.baseline.learn_fast(final, self.counts[:, column], self._frozen(final))
        bucket, end = self.bucket - _LEARN_LAG, HISTORY - 1 - _LEARN_LAG
        if bucket < self.start:
            return
        frozen = self._frozen(bucket)
        windows = self.windows(end)
        known = windows.valid & ~frozen[:, None]
        self.baseline.learn_spread(windows.observed - windows.expected, windows.expected, known)
        self.baseline.learn(bucket, self._tamed(bucket, end), frozen)

    def _tamed(self, bucket: int, column: int) -> Floats:
        """On its first day a series has no hour of day to be compared with: one bucket that towers over both its neighbours (a job)
        would pass for what the whole hour writes."""
        counts = self.counts[:, column]
        around = np.maximum(self.counts[:, column - 1], self.counts[:, column + 1])
        return np.where(self.baseline.age(bucket) < DAY, np.minimum(counts, _TOWERS * around + _TOWERS_LINES), counts)

    def _frozen(self, bucket: int) -> NDArray[np.bool_]:
        """Series that are away from normal, or were in this bucket."""
        frozen = bucket < self.reset
        frozen[list(self.active)] = True
        return frozen
