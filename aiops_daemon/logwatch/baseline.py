"""What is normal: for every series of a group, how many lines per bucket at this hour of this weekday, and how much
that varies. All series of a group are rows of a few arrays, so a bucket costs the same few numpy calls for 5 or 500.

expected = rate of the hour of day (shrunk to the overall rate) x weekday x hour of week (residual) x slow level.
Each factor is (lines + k) / (lines that the other factors expected + k): with little history it stays near 1.
The dispersion is learned for each window length from the errors that this expectation really made, so trends, bursts
and seasons that it does not know widen it by themselves. What is not known yet (no day seen, weekday not seen) is added.

Not obvious:
- in its first day a series follows its own last hours; the daily profile takes over after that;
- rows of an open episode are frozen: an incident, however long, teaches nothing;
- outside of episodes counts are clipped at four deviations before they are learned.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.logwatch.negbin import Floats

BUCKET_SECONDS = 300
DAY = 86_400 // BUCKET_SECONDS
HOUR = 3600 // BUCKET_SECONDS
WINDOWS = (1, 3, 6, 12, 18, 24, 36)  # buckets: five minutes to three hours
FIRST_HOURS = 24  # buckets before a series is judged at all
_WEEK_DECAY = 0.5 ** (1 / (7 * DAY))
_MONTH_DECAY = 0.5 ** (1 / (4 * HOUR))  # per visit of an hour of week: half after four weeks
_LEVEL_DECAY = 0.5 ** (1 / (2 * DAY))
_DAY_DECAY = 0.5 ** (1 / DAY)
_FAST_DECAY = 0.5 ** (1 / HOUR)
_CLIP_SIGMA = 4.0
_UNKNOWN_DAY = 0.5  # relative variance of the level while no whole day has been seen
_UNKNOWN_WEEKDAY = 0.25
_FLOOR = 0.0025  # nobody's traffic repeats to better than five percent
_PRIOR_DISPERSION = 0.5
_PRIOR_WEIGHT = 2.0  # in squared expected lines: nothing for a busy series, much for a rare one

F32 = NDArray[np.float32]


def _zeros(*shape: int) -> F32:
    return np.zeros(shape, dtype=np.float32)


@dataclass
class Rows:
    """The state, one row a series; every array has the series as its first axis. Plain arrays, so it can be stored."""

    born: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # bucket number
    plain: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))  # no season, a day's memory
    total: Floats = field(default_factory=lambda: np.zeros(0))  # lines ever
    flat: F32 = field(default_factory=lambda: _zeros(0, 2))  # lines, buckets: overall rate
    fast: F32 = field(default_factory=lambda: _zeros(0, 2))  # the same over the last hours
    hour: F32 = field(default_factory=lambda: _zeros(0, 24, 2))  # lines, buckets by hour of day
    weekday: F32 = field(default_factory=lambda: _zeros(0, 7, 3))  # lines, expected lines, buckets
    week: F32 = field(default_factory=lambda: _zeros(0, 168, 2))  # lines, expected lines by hour of week
    level: F32 = field(default_factory=lambda: _zeros(0, 2))  # lines, expected lines lately
    spread: F32 = field(default_factory=lambda: _zeros(0, len(WINDOWS), 2))  # excess squared error, expected squared

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        return dict(vars(self))

    def grow(self, count: int, born: int) -> None:
        for name, array in self.arrays().items():
            extra = np.zeros((count, *array.shape[1:]), dtype=array.dtype)
            setattr(self, name, np.concatenate([array, extra]))
        self.born[-count:] = born

    def keep(self, rows: NDArray[np.intp]) -> None:
        for name, array in self.arrays().items():
            setattr(self, name, array[rows])


class Baseline:
    """Expectation and dispersion of many series. Buckets are numbered since the epoch (time // 300)."""

    def __init__(self, rows: Rows | None = None) -> None:
        self.rows = rows or Rows()

    def add(self, count: int, bucket: int, *, plain: bool = False) -> None:
        """`count` new series, whose history begins at `bucket`; plain ones have no season and remember a day."""
        if count:
            self.rows.grow(count, bucket)
            self.rows.plain[-count:] = plain

    def restart(self, row: int, bucket: int) -> None:
        """Forget a series: what it does now is its new normal."""
        plain = self.rows.plain[row]
        for array in self.rows.arrays().values():
            array[row] = 0
        self.rows.born[row], self.rows.plain[row] = bucket, plain

    def absorb(self, source: int, target: int) -> None:
        """Two series are one: their lines add up, the time they were watched does not."""
        rows = self.rows
        rows.born[target] = min(rows.born[target], rows.born[source])
        rows.total[target] += rows.total[source]
        for rates in (rows.flat, rows.fast, rows.hour):
            rates[target, ..., 0] += rates[source, ..., 0]
            rates[target, ..., 1] = np.maximum(rates[target, ..., 1], rates[source, ..., 1])
        for factors in (rows.weekday, rows.week, rows.level):
            factors[target, ..., :2] += factors[source, ..., :2]
        rows.weekday[target, :, 2] = np.maximum(rows.weekday[target, :, 2], rows.weekday[source, :, 2])
        rows.spread[target] = np.maximum(rows.spread[target], rows.spread[source])

    def age(self, bucket: int) -> NDArray[np.int64]:
        return bucket - self.rows.born

    def expected(self, bucket: int) -> Floats:
        """Lines expected in `bucket`, per series."""
        return self._expected(bucket, _seasonal_parts(self.rows, bucket))

    def _expected(self, bucket: int, parts: tuple[F32, F32, F32]) -> Floats:
        rows = self.rows
        fast = (rows.fast[:, 0] + 0.1) / (rows.fast[:, 1] + 1.0)
        seasonal = parts[0] * parts[1] * parts[2]
        level = (rows.level[:, 0] + 3) / (rows.level[:, 1] + 3)
        plain = (rows.flat[:, 0] + 0.1) / (rows.flat[:, 1] + 1.0)
        known = np.where(rows.plain, plain, seasonal * level)
        return np.where(self.age(bucket) < DAY, fast, known).astype(np.float64)

    def per_day(self, row: int) -> float:
        """Lines that a series writes on a usual day."""
        lines, buckets = max(self.rows.flat[row], self.rows.fast[row], key=lambda rate: float(rate[1]))
        return float((lines + 0.1) / (buckets + 1.0)) * DAY

    def profile(self, row: int) -> F32:
        """What a series writes by hour of week, as far as it is known, [168]; up to its slow level."""
        rows = self.rows
        flat = max((rows.flat[row, 0] + 0.5) / (rows.flat[row, 1] + 1), 1e-6)
        hour = (rows.hour[row, :, 0] + 3) / (rows.hour[row, :, 1] + 3 / flat)
        weekday = (rows.weekday[row, :, 0] + 30) / (rows.weekday[row, :, 1] + 30)
        week = (rows.week[row, :, 0] + 30) / (rows.week[row, :, 1] + 30)
        return np.asarray(np.outer(weekday, hour).ravel() * week, dtype=np.float32)

    def dispersion(self, bucket: int) -> Floats:
        """Relative variance beyond Poisson, [series, window]; includes what the baseline does not know yet."""
        rows = self.rows
        age = self.age(bucket)
        windows = np.array(WINDOWS, dtype=np.float64)
        learned = (rows.spread[:, :, 0] + _PRIOR_DISPERSION * _PRIOR_WEIGHT) / (rows.spread[:, :, 1] + _PRIOR_WEIGHT)
        seen = np.minimum(age, 7 * DAY / np.log(2))[:, None] / windows
        learned = np.maximum(learned, 0) * (1 + 2 * np.sqrt(2 / np.maximum(seen, 2)))
        unknown = np.where(age < DAY, _UNKNOWN_DAY, self._unknown_season(bucket))
        return np.asarray(learned + unknown[:, None] + _FLOOR, dtype=np.float64)

    def _unknown_season(self, bucket: int) -> Floats:
        rows = self.rows
        hours = _hour_share(bucket)
        lines = sum(share * rows.hour[:, h, 0] for h, share in hours)
        weekday = rows.weekday[:, _weekday(bucket)]
        return np.asarray(
            1 / (lines + 3) + 1 / (rows.level[:, 1] + 3) + _UNKNOWN_WEEKDAY * 0.5 ** (weekday[:, 2] / 24),
            dtype=np.float64,
        )

    def learn(self, bucket: int, counts: Floats, frozen: NDArray[np.bool_]) -> None:
        """Take one final bucket into the baseline, except for the frozen series."""
        seasonal = _seasonal_parts(self.rows, bucket)
        expected = self._expected(bucket, seasonal)
        spread = self.dispersion(bucket)[:, 0]
        age = self.age(bucket)
        limit = expected + _CLIP_SIGMA * np.sqrt(expected + spread * expected**2) + 3
        clipped = np.where(age < DAY, counts, np.minimum(counts, limit))
        use = ~frozen & (age >= 0)
        self.rows.total += counts
        _learn_rates(self.rows, bucket, clipped, use)
        _learn_factors(self.rows, bucket, clipped, seasonal, use & (age >= DAY))

    def learn_fast(self, bucket: int, counts: Floats, frozen: NDArray[np.bool_]) -> None:
        """What a series did just now, for those that have not seen a day."""
        use = ~frozen & (self.age(bucket) >= 0)
        fast = self.rows.fast
        fast[use] *= _FAST_DECAY
        fast[use, 0] += counts[use]
        fast[use, 1] += 1

    def learn_spread(self, errors: Floats, expected: Floats, known: NDArray[np.bool_]) -> None:
        """Errors (observed - expected) and expectations of windows that just ended, [series, window]."""
        spread = self.rows.spread
        learned = (spread[:, :, 0] + _PRIOR_DISPERSION * _PRIOR_WEIGHT) / (spread[:, :, 1] + _PRIOR_WEIGHT)
        limit = np.maximum(expected + np.maximum(learned, 0.05) * expected**2, 1.0) * _CLIP_SIGMA**2
        excess = np.minimum(errors**2, limit) - expected
        spread[:, :, 0] = np.where(known, spread[:, :, 0] * _WEEK_DECAY + excess, spread[:, :, 0])
        spread[:, :, 1] = np.where(known, spread[:, :, 1] * _WEEK_DECAY + expected**2, spread[:, :, 1])


def _weekday(bucket: int) -> int:
    return (bucket // DAY + 3) % 7  # the epoch was a Thursday


def hour_of_week(bucket: int) -> int:
    return _weekday(bucket) * 24 + bucket % DAY // HOUR


def _hour_share(bucket: int) -> tuple[tuple[int, float], tuple[int, float]]:
    """The two hours of day that a bucket lies between, and its share in each: a season has no steps at full hours."""
    position = (bucket % DAY + 0.5) / HOUR - 0.5
    left = int(np.floor(position))
    share = position - left
    return (left % 24, 1 - share), ((left + 1) % 24, share)


def _seasonal_parts(rows: Rows, bucket: int) -> tuple[F32, F32, F32]:
    """Rate of the hour, factor of the weekday, factor of the hour of week."""
    flat = np.maximum((rows.flat[:, 0] + 0.5) / (rows.flat[:, 1] + 1), 1e-6)
    rate = np.zeros(len(rows.born), dtype=np.float32)
    for hour, share in _hour_share(bucket):
        rate += share * (rows.hour[:, hour, 0] + 3) / (rows.hour[:, hour, 1] + 3 / flat)
    weekday = rows.weekday[:, _weekday(bucket)]
    week = rows.week[:, hour_of_week(bucket)]
    return rate, (weekday[:, 0] + 30) / (weekday[:, 1] + 30), (week[:, 0] + 30) / (week[:, 1] + 30)


def _learn_rates(rows: Rows, bucket: int, counts: Floats, use: NDArray[np.bool_]) -> None:
    rows.flat[use] *= np.where(rows.plain, _DAY_DECAY, _WEEK_DECAY)[use, None]
    rows.flat[use, 0] += counts[use]
    rows.flat[use, 1] += 1
    hour = bucket % DAY // HOUR
    # an hour of day is seen one hour in 24: it forgets by its own visits, a week's worth of them
    rows.hour[use, hour] *= _WEEK_DECAY**24
    rows.hour[use, hour, 0] += counts[use]
    rows.hour[use, hour, 1] += 1


def _learn_factors(rows: Rows, bucket: int, counts: Floats, parts: tuple[F32, F32, F32], use: NDArray[np.bool_]) -> None:
    rate, weekday, week = parts
    day, hour = _weekday(bucket), hour_of_week(bucket)
    rows.weekday[use, day] *= _WEEK_DECAY**2
    rows.weekday[use, day] += np.stack([counts, rate, np.ones_like(rate)], axis=1)[use]
    rows.week[use, hour] *= _MONTH_DECAY
    rows.week[use, hour, 0] += counts[use]
    rows.week[use, hour, 1] += (rate * weekday)[use]
    rows.level[use] *= _LEVEL_DECAY
    rows.level[use, 0] += counts[use]
    rows.level[use, 1] += (rate * weekday * week)[use]
