"""An anomaly score in [0, 1] for one regular series, strictly causal, one threshold for everything.

Six statistics are followed: the point above and below the long median, the distance of short, middle and long means from
it (level shifts, ramps), and the recent movement (bursts, flapping). Each is compared with its own record by RecordTail,
the most surprising one speaks. After an alarm a smaller excess stays silent for a while, and what it has to exceed decays:
one episode is one alarm, and a worse turn is told again.
"""

import math
from typing import Final

import numpy as np

from aiops_daemon.logwatch.tails import RecordTail

THRESHOLD: Final = 0.5  # scores at and above are alarms; HALF_SCORE_EXCESS was fixed on the open Numenta files
HALF_SCORE_EXCESS: Final = 0.4
HISTORY: Final = 1000  # points the median is taken over: 3.5 days of 5-minute points
MEDIAN_EVERY: Final = 12
WARM_UP: Final = 150  # points before the first score
MEANS: Final = (6, 24, 72)  # half an hour, two hours, six hours
MOVEMENT: Final = 24
REFRACTORY: Final = 288  # points after an alarm in which only what exceeds it is told
STATISTICS: Final = 3 + len(MEANS)


class SeriesScorer:
    """Scores points as they come. Memory: 2,072 floats whatever the length of the series."""

    def __init__(self) -> None:
        self._values = np.zeros(HISTORY)
        self._moves = np.zeros(MOVEMENT)
        self._sums = [0.0] * len(MEANS)
        self._move_sum = 0.0
        self._seen = 0
        self._last = 0.0
        self._median = 0.0
        self._tails = [RecordTail() for _ in range(STATISTICS)]
        self._told = 0.0
        self._silence_left = 0

    def update(self, timestamp_seconds: float, value: float) -> float:
        """The score of this point, from this and earlier points only; 0.0 for a value that is no number."""
        if not math.isfinite(value):
            return 0.0
        excess = 0.0
        for tail, statistic in zip(self._tails, self._statistics(value), strict=True):
            if self._seen > WARM_UP:
                excess = max(excess, tail.excess(statistic))
            tail.learn(statistic)
        excess = self._told_once(excess)
        return excess / (excess + HALF_SCORE_EXCESS)

    def _statistics(self, value: float) -> tuple[float, ...]:
        self._remember(value)
        deviation = value - self._median
        levels = (abs(total / min(window, self._seen) - self._median) for window, total in zip(MEANS, self._sums, strict=True))
        movement = self._move_sum / min(MOVEMENT, self._seen)
        return (max(deviation, 0.0), max(-deviation, 0.0), *levels, movement)

    def _remember(self, value: float) -> None:
        seen = self._seen
        for index, window in enumerate(MEANS):
            self._sums[index] += value - (self._values[(seen - window) % HISTORY] if seen >= window else 0.0)
        move = abs(value - self._last) if seen else 0.0
        self._move_sum += move - self._moves[seen % MOVEMENT]
        self._moves[seen % MOVEMENT] = move
        self._values[seen % HISTORY] = value
        self._last = value
        self._seen = seen + 1
        if seen % MEDIAN_EVERY == 0 or seen < MEDIAN_EVERY * 4:
            self._refresh()

    def _refresh(self) -> None:
        """The median, and the running sums anew: adding and subtracting for ever drifts."""
        seen = self._seen
        self._median = float(np.median(self._values[: min(seen, HISTORY)]))
        for index, window in enumerate(MEANS):
            places = np.arange(max(0, seen - window), seen) % HISTORY
            self._sums[index] = float(self._values[places].sum())
        self._move_sum = float(self._moves.sum())

    def _told_once(self, excess: float) -> float:
        floor = self._told * self._silence_left / REFRACTORY
        self._silence_left = max(0, self._silence_left - 1)
        if excess <= floor:
            return 0.0
        self._told, self._silence_left = excess, REFRACTORY
        return excess
