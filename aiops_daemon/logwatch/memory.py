"""Has this happened before? The largest bucket and the lines of every hour of the last week, per series.

A nightly job writes a burst that no smooth season explains, and the dispersion learns it only slowly. But a person who
sees the same burst at the same hour on two earlier days, or last week, does not get up for it; neither does the watch.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.logwatch.baseline import DAY, F32, HOUR, hour_of_week
from aiops_daemon.logwatch.negbin import Floats

_UNKNOWN = -1.0
_ALIKE = 1.5  # within this factor it is the same burst
_BUSY = 1.2
_JOB_VARIES = 4.0  # the size of a nightly job, from one day to another
_NIGHTLY = 5  # of the last six days
_BURST_FACTOR, _BURST_LINES = 2.0, 4.0  # times the mean of the rest of its hour, and at least
_JOB_FACTOR, _JOB_LINES = 4.0, 10.0  # the same, so that it can only be a job, whatever its size
_COMPARABLE = 5.0  # hours that are this much quieter tell nothing about a fall
_DAYS_NEEDED = 2  # once is an anomaly, twice a coincidence, the third time a season


def _unknown(*shape: int) -> F32:
    return np.full(shape, _UNKNOWN, dtype=np.float32)


@dataclass
class HourMemory:
    """Rows are series. `peak` and `lines` by hour of week; `now` is the running hour: peak, lines."""

    peak: F32 = field(default_factory=lambda: _unknown(0, 168))
    lines: F32 = field(default_factory=lambda: _unknown(0, 168))
    now: F32 = field(default_factory=lambda: np.zeros((0, 2), dtype=np.float32))

    def add(self, count: int) -> None:
        self.peak = np.concatenate([self.peak, _unknown(count, 168)])
        self.lines = np.concatenate([self.lines, _unknown(count, 168)])
        self.now = np.concatenate([self.now, np.zeros((count, 2), dtype=np.float32)])

    def keep(self, rows: NDArray[np.intp]) -> None:
        self.peak, self.lines, self.now = self.peak[rows], self.lines[rows], self.now[rows]

    def absorb(self, source: int, target: int) -> None:
        """Two series are one."""
        for array in (self.peak, self.lines, self.now):
            known = np.maximum(array[source], 0) + np.maximum(array[target], 0)
            array[target] = np.where((array[source] == _UNKNOWN) & (array[target] == _UNKNOWN), _UNKNOWN, known)

    def observe(self, bucket: int, counts: Floats, hidden: NDArray[np.bool_]) -> None:
        """Take a final bucket. Rows in `hidden` (a long incident) leave no trace: the hour counts as not seen."""
        self.now[:, 0] = np.maximum(self.now[:, 0], counts)
        self.now[:, 1] += counts
        if bucket % HOUR == HOUR - 1:
            slot = hour_of_week(bucket)
            self.peak[:, slot] = np.where(hidden, _UNKNOWN, self.now[:, 0])
            self.lines[:, slot] = np.where(hidden, _UNKNOWN, self.now[:, 1])
            self.now[:] = 0

    def usual_rise(
        self, row: int, bucket: int, now: int, peak: float, lines: float, *, wide: bool, young: bool, profile: F32
    ) -> bool:  # fmt: skip
        """`peak` lines in a bucket and `lines` in an hour were there on two earlier days, or a week ago, at this hour.

        `wide`: the rise showed over an hour or more; it is many for this hour, as `profile` knows it: Friday excuses nothing on a quiet
        Saturday. A shorter one, most of which came in one bucket, is compared with hours
        in which one bucket stood out: a busy hour yesterday does not excuse a spike today. `bucket` is when, `now` the newest.
        """
        near = _near_hours(bucket)
        own = _own(near, now)
        peaks, sums = np.where(own, _UNKNOWN, self.peak[row][near]), np.where(own, _UNKNOWN, self.lines[row][near])
        if wide:
            quieter = np.minimum(profile[hour_of_week(bucket)] / np.maximum(profile[near], 1e-6), 1.0)
            busy = (sums * quieter).max(axis=1) * _BUSY >= lines
            return bool(busy[0] or busy[1:].sum() >= _DAYS_NEEDED)
        rest = (sums - peaks) / (HOUR - 1)
        bursts = np.where(peaks >= np.maximum(_BURST_FACTOR * rest, _BURST_LINES), peaks, 0).max(axis=1)
        alike = bursts * _ALIKE >= peak
        days = int((bursts[1:] * _JOB_VARIES >= peak).sum())
        varied = days > _DAYS_NEEDED and bursts.max() * (2 if days < _NIGHTLY else _JOB_VARIES) >= peak
        towers = np.where(peaks >= np.maximum(_JOB_FACTOR * rest, _JOB_LINES), peaks, 0).max(axis=1)
        nightly = bool((towers[1:] > 0).sum() >= _NIGHTLY and towers.max() * _JOB_VARIES >= peak)
        if alike[0] or alike[1:].sum() >= _DAYS_NEEDED or varied or nightly:
            return True
        last = (hour_of_week(bucket) - np.arange(1, 7)) % 168
        return young and bool((self.peak[row][last] * _ALIKE >= peak).sum() >= _DAYS_NEEDED)

    def usual_fall(self, row: int, bucket: int, lines: float, profile: F32) -> bool:
        """As few lines in an hour were there on two earlier days, or a week ago, at this hour.

        Few for that hour: `profile` is what is normal by hour of week, so a quiet weekend excuses no drop on Monday.
        """
        near = _near_hours(bucket)
        hours, normal = self.lines[row][near], profile[near]
        now = profile[hour_of_week(bucket)]
        comparable = (hours != _UNKNOWN) & ~_own(near, bucket) & (normal * _COMPARABLE >= now)
        least = np.where(comparable, hours * now / np.maximum(normal, 1e-6), np.inf).min(axis=1)
        alike = least <= lines * _ALIKE + 2
        return bool(alike[0] or alike[1:].sum() >= _DAYS_NEEDED)


def _own(near: NDArray[np.intp], now: int) -> NDArray[np.bool_]:
    """Hours that hold this very day already, not last week: what happens now is no precedent for itself."""
    own = np.zeros(near.shape, dtype=np.bool_)
    own[0] = np.isin(near[0], [hour_of_week(now - HOUR * back) for back in range(1, 6)])
    return own


def _near_hours(bucket: int) -> NDArray[np.intp]:
    """Hours of week at this time of day and next to it, [day, 3]; day 0 is a week ago, the others are yesterday and before.

    The running hour has not been stored yet: its slot still holds last week's.
    """
    weekday = bucket // DAY
    days = [hour_of_week((weekday - back) * DAY + bucket % DAY) for back in (7, 1, 2, 3, 4, 5, 6)]
    return np.array([[(hour + step) % 168 for step in (-1, 0, 1)] for hour in days], dtype=np.intp)
