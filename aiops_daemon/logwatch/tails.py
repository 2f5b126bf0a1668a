"""How far beyond its own record a statistic is: peaks over threshold without a distribution to choose.

A statistic of an operational series may be heavy-tailed (tweets, errors) or bounded (CPU percent). What both share is
that the top order statistics say how far the next record usually lies beyond the last one. The excess over the record,
in units of the mean excess of the top values, therefore has one meaning on every series, and one threshold serves all.
"""

from bisect import insort

FIRST_TOP = 10  # this many values before anything is said
LARGEST_TOP = 30
POINTS_PER_TOP_VALUE = 50  # the top values taken are the upper 2 % of the history, within the two bounds below
SMALLEST_TAIL = 5
RECORD_FLOOR = 0.02  # a record broken by much less than 2 % of itself is no news, however regular the series was
MAX_EXCESS = 1e6


class RecordTail:
    """The largest values of one non-negative statistic, and how surprising the next one is. Some 31 floats."""

    __slots__ = ("_count", "_top")

    def __init__(self) -> None:
        self._top: list[float] = []
        self._count = 0

    def excess(self, value: float) -> float:
        """Distance beyond the record in mean excesses: 0 or less within what was seen, 1 is a usual new record."""
        if len(self._top) < FIRST_TOP:
            return 0.0
        size = max(SMALLEST_TAIL, min(LARGEST_TOP, self._count // POINTS_PER_TOP_VALUE))
        tail = self._top[-size:]
        record = tail[-1]
        scale = sum(tail) / len(tail) - tail[0] + RECORD_FLOOR * record
        if scale <= 0.0:  # a statistic that was always 0: the first movement is as new as anything can be
            return MAX_EXCESS if value > record else 0.0
        return min(MAX_EXCESS, (value - record) / scale)

    def learn(self, value: float) -> None:
        self._count += 1
        if len(self._top) <= LARGEST_TOP:
            insort(self._top, value)
        elif value > self._top[0]:
            insort(self._top, value)
            del self._top[0]
