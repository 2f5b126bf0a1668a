"""An anomaly score in [0, 1] for one regular series, strictly causal, one threshold for everything.

Seven statistics are followed: the point above and below the long median, the distance of short, middle and long means
from it (level shifts, ramps), and the distance of the point and of a short mean from the usual value at this time of day.
Each is compared with its own record by RecordTail, the most surprising one speaks. After an alarm only a clearly worse
turn is told, and what it has to exceed decays: one episode is one alarm.
"""

import math
from typing import Final

import numpy as np

from aiops_daemon.logwatch.tails import RecordTail

THRESHOLD: Final = 0.5  # scores at and above it are alarms
_ALARM_EXCESS: Final = 1.6  # the excess that scores THRESHOLD; fixed on the open half of the Numenta benchmark
HISTORY: Final = 1000  # points the median is taken over: 3.5 days of 5-minute points
_MEDIAN_EVERY: Final = 12
WARM_UP: Final = 150  # points before the first score
_MEANS: Final = (6, 24, 72)  # half an hour, two hours, six hours
_RESIDUAL_MEAN: Final = 6
REFRACTORY: Final = 1000  # points in which an alarm still asks for more than the usual excess
_WORSE: Final = 2.0  # how many times the excess of the last alarm is news right after it, falling to 0 over REFRACTORY
_LARGEST_TOLD: Final = 5.0  # however large an alarm was, one with this excess times _WORSE is told at once
_STATISTICS: Final = 4 + len(_MEANS)


class _DailyProfile:
    """The usual value in each half hour of the day: an exponential mean over days. None in what it has not seen yet."""

    SLOTS: Final = 48
    GAIN: Final = 0.25  # the last four days or so count
    DAY: Final = 86_400.0

    def __init__(self) -> None:
        self._usual: list[float | None] = [None] * self.SLOTS
        self._slot = -1
        self._sum = 0.0
        self._count = 0

    def residual(self, at: float, value: float) -> float | None:
        """The value less the usual one at this time of day, which today's half hour does not enter before it ends."""
        slot = int(at % self.DAY / self.DAY * self.SLOTS)
        if slot != self._slot:
            self._close(slot)
        self._sum += value
        self._count += 1
        usual = self._usual[slot]
        return None if usual is None else value - usual

    def _close(self, next_slot: int) -> None:
        if self._count:
            mean, usual = self._sum / self._count, self._usual[self._slot]
            self._usual[self._slot] = mean if usual is None else usual + self.GAIN * (mean - usual)
        self._slot, self._sum, self._count = next_slot, 0.0, 0


class SeriesScorer:
    """Scores points as they come. Memory: some 1,300 numbers whatever the length of the series."""

    def __init__(self) -> None:
        self._values = np.zeros(HISTORY)
        self._residuals = [0.0] * _RESIDUAL_MEAN
        self._profile = _DailyProfile()
        self._sums = [0.0] * len(_MEANS)
        self._seen = 0
        self._median = 0.0
        self._tails = [RecordTail() for _ in range(_STATISTICS)]
        self._told = 0.0
        self._silence_left = 0

    def update(self, timestamp_seconds: float, value: float) -> float:
        """The score of this point, from this and earlier points only; 0.0 for a value that is no number."""
        if not math.isfinite(value):
            return 0.0
        excess = 0.0
        for tail, statistic in zip(self._tails, self._statistics(timestamp_seconds, value), strict=True):
            if statistic is None:
                continue
            if self._seen > WARM_UP:
                excess = max(excess, tail.excess(statistic))
            tail.learn(statistic)
        excess = self._told_once(excess)
        return float(excess / (excess + _ALARM_EXCESS))

    def _statistics(self, at: float, value: float) -> tuple[float | None, ...]:
        residual = self._profile.residual(at, value)
        self._residuals[self._seen % _RESIDUAL_MEAN] = residual or 0.0
        self._remember(value)
        deviation = value - self._median
        levels = (abs(total / min(window, self._seen) - self._median) for window, total in zip(_MEANS, self._sums, strict=True))
        raw = (max(deviation, 0.0), max(-deviation, 0.0), *levels)
        if residual is None:
            return (*raw, None, None)
        return (*raw, abs(residual), abs(sum(self._residuals)) / _RESIDUAL_MEAN)

    def _remember(self, value: float) -> None:
        seen = self._seen
        for index, window in enumerate(_MEANS):
            self._sums[index] += value - (self._values[(seen - window) % HISTORY] if seen >= window else 0.0)
        self._values[seen % HISTORY] = value
        self._seen = seen + 1
        if seen % _MEDIAN_EVERY == 0 or seen < _MEDIAN_EVERY * 4:
            self._refresh()

    def _refresh(self) -> None:
        """The median, and the running sums anew: adding and subtracting for ever drifts."""
        seen = self._seen
        self._median = float(np.median(self._values[: min(seen, HISTORY)]))
        for index, window in enumerate(_MEANS):
            places = np.arange(max(0, seen - window), seen) % HISTORY
            self._sums[index] = float(self._values[places].sum())

    def _told_once(self, excess: float) -> float:
        """Silence what is not clearly worse than the last alarm; an excess below an alarm silences nothing."""
        if excess <= _WORSE * self._told * self._silence_left / REFRACTORY:
            excess = 0.0
        if excess >= _ALARM_EXCESS:
            self._told, self._silence_left = min(excess, _LARGEST_TOLD), REFRACTORY
        else:
            self._silence_left = max(0, self._silence_left - 1)
        return excess
