"""How far beyond its own record a statistic is: peaks over threshold without a distribution to choose.

A statistic of an operational series may be heavy-tailed (tweets, errors) or bounded (CPU percent). What both share is
that the top order statistics say how far the next record usually lies beyond the last one. The excess over the record,
in units of the mean excess of the top values, therefore has one meaning on every series, and one threshold serves all.

With n values of exponential tail a record is broken by z mean excesses with probability exp(-z) / n: a short history
breaks records for nothing. Hence log n in the excess, at half weight, as neighbouring values are not independent.
"""

import math
from bisect import insort
from typing import Final

_TOP: Final = 21  # the largest values kept: the record and the tail below it
_USUAL_HISTORY: Final = 1000  # values at which a record counts for just what it is
_HISTORY_WEIGHT: Final = 0.5
_RECORD_FLOOR: Final = 0.02  # a record broken by much less than 2 % of itself is no news, however regular the series was
_MAX_EXCESS: Final = 1e6


class RecordTail:
    """The largest values of one non-negative statistic, and how surprising the next one is. 22 numbers."""

    __slots__ = ("_count", "_top")

    def __init__(self) -> None:
        self._top: list[float] = []
        self._count = 0

    def excess(self, value: float) -> float:
        """Distance beyond the record in mean excesses, less for a short history; 0 within what was seen."""
        top = self._top
        if len(top) < _TOP or value <= top[-1]:
            return 0.0
        record = top[-1]
        scale = sum(top) / _TOP - top[0] + _RECORD_FLOOR * record
        if scale <= 0.0:  # a statistic that was always 0: the first movement is as new as anything can be
            return _MAX_EXCESS
        history = _HISTORY_WEIGHT * math.log(self._count / _USUAL_HISTORY)
        return min(_MAX_EXCESS, max(0.0, (value - record) / scale + history))

    def learn(self, value: float) -> None:
        self._count += 1
        if len(self._top) < _TOP:
            insort(self._top, value)
        elif value > self._top[0]:
            insort(self._top, value)
            del self._top[0]
