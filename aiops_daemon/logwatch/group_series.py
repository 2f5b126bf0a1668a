"""The series of one log group: rows that come and go with its templates, and their counts of the last six hours.

Rows: the whole group, three levels, lines of new templates, then the templates. What is judged about them is in monitor.py.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.logwatch.anomaly import Windows, window_sums
from aiops_daemon.logwatch.baseline import FIRST_HOURS, WINDOWS, Baseline
from aiops_daemon.logwatch.counts import BucketCounts
from aiops_daemon.logwatch.findings import LEVEL, TOTAL
from aiops_daemon.logwatch.memory import HourMemory
from aiops_daemon.logwatch.negbin import Floats

HISTORY = 72  # buckets kept as they are: six hours, enough to see the shape of a ramp
NEW, NEW_ERROR = "new", "new:ERROR"
LEVELS = ("ERROR", "WARN", "INFO")
FIXED = (TOTAL, *(f"{LEVEL}{level}" for level in LEVELS), NEW, NEW_ERROR)
NOVEL_BUCKETS = 12  # a template is new for its first hour

_MOST_FAMILIAR = 20_000
_LEADS = 0.6  # of a total's excess


class GroupSeries:
    """Keys, counts and baseline of the series of one group; one bucket after the other, none left out."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.bucket = start - 1  # the newest complete bucket
        self.keys: list[str] = []
        self.index: dict[str, int] = {}
        self.baseline = Baseline()
        self.memory = HourMemory()
        self.counts: Floats = np.zeros((0, HISTORY))
        self.expected: Floats = np.zeros((0, HISTORY))
        self.spread: Floats = np.zeros((0, len(WINDOWS)))
        self.reset: NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # no window reaches back behind it
        self.familiar: dict[str, None] = {}  # series that were dropped, oldest first: no news when they come back
        self.add(FIXED[:4])
        self.add(FIXED[4:], plain=True)

    def add(self, keys: Sequence[str], *, plain: bool = False, bucket: int | None = None) -> None:
        born = self.start if bucket is None else bucket
        for key in keys:
            self.index[key] = len(self.keys)
            self.keys.append(key)
        self.baseline.add(len(keys), born, plain=plain)
        self.memory.add(len(keys))
        pad = np.zeros((len(keys), HISTORY))
        self.counts = np.concatenate([self.counts, pad])
        self.expected = np.concatenate([self.expected, pad])
        self.reset = np.concatenate([self.reset, np.full(len(keys), born, dtype=np.int64)])

    def forget(self, keys: Sequence[str]) -> dict[int, int]:
        """Drop series (templates that the miner let go); the rows that the others moved to."""
        gone = {self.index[key] for key in keys if key in self.index and key not in FIXED}
        if not gone:
            return {row: row for row in range(len(self.keys))}
        self.remember(key for key in keys if key in self.index)
        rows = np.array([row for row in range(len(self.keys)) if row not in gone], dtype=np.intp)
        self.keys = [self.keys[row] for row in rows]
        self.index = {key: row for row, key in enumerate(self.keys)}
        self.baseline.rows.keep(rows)
        self.memory.keep(rows)
        self.counts, self.expected, self.reset = self.counts[rows], self.expected[rows], self.reset[rows]
        return {int(old): new for new, old in enumerate(rows)}

    def remember(self, keys: Iterable[str]) -> None:
        """What is no news when it comes, as far as there is room."""
        self.familiar |= dict.fromkeys(keys)
        while len(self.familiar) > _MOST_FAMILIAR:
            del self.familiar[next(iter(self.familiar))]

    def shift(self, recent: Sequence[BucketCounts]) -> None:
        fresh = [key for key in recent[-1].templates if key not in self.index]
        fresh += [key for counts in recent[:-1] for key in counts.templates if key not in self.index]
        self.add(list(dict.fromkeys(fresh)), bucket=self.bucket)
        for ring in (self.counts, self.expected):
            ring[:, :-1] = ring[:, 1:]
        self.expected[:, -1] = self.baseline.expected(self.bucket)
        for back, counts in enumerate(reversed(recent)):
            self._fill(HISTORY - 1 - back, self.bucket - back, counts)

    def _fill(self, column: int, bucket: int, counts: BucketCounts) -> None:
        values = self.counts[:, column]
        values[:] = 0
        born = self.baseline.rows.born
        for key, count in counts.templates.items():
            row = self.index[key]
            values[row] = count
            if bucket - born[row] < NOVEL_BUCKETS and born[row] > self.start and key not in self.familiar:
                values[self.index[NEW]] += count
                if counts.template_levels.get(key) == "ERROR":
                    values[self.index[NEW_ERROR]] += count
        values[self.index[TOTAL]] = counts.total
        for level in LEVELS:
            values[self.index[f"{LEVEL}{level}"]] = counts.levels.get(level, 0)

    def judge_by(self, bucket: int) -> None:
        """Take the dispersion of this bucket for all that is judged until the next one."""
        self.spread = self.baseline.dispersion(bucket)

    def windows(self, end: int) -> Windows:
        """Sums that end at column `end`; a window must lie within the life of its series, after its last departure."""
        bucket = self.bucket - (HISTORY - 1 - end)
        first = bucket - np.array(WINDOWS) + 1
        ripe = self.baseline.age(bucket) >= FIRST_HOURS
        valid = (first[None, :] >= self.reset[:, None]) & ripe[:, None]
        return Windows(window_sums(self.counts, end), window_sums(self.expected, end), self.spread, valid)

    def leader(self, row: int, since: int, keys: Sequence[str]) -> str | None:
        """Which of `keys` makes up most of what a total (`row`) has too many or too few of since bucket `since`."""
        first = max(0, HISTORY - 1 - (self.bucket - since))
        excess = (self.counts - self.expected)[:, first:].sum(axis=1)
        share = {key: float(excess[self.index[key]] / excess[row]) for key in keys if key in self.index and excess[row]}
        most = max(share, key=lambda key: share[key], default=None)
        return most if most is not None and share[most] >= _LEADS else None
