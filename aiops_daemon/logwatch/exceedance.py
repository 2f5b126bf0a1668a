"""What is known now about whether a series will exceed its threshold soon, as nine numbers of order one.

Level and trend: exponential means over a quarter of an hour to a day, as distance from the threshold in units of the
series' own mean deviation (asinh: linear near the threshold, logarithmic far from it). Clustering: how often it exceeded
lately, over three hours to a week. Season: how often it exceeds in the hour of the day that lies ahead.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

LEVELS: Final = (3, 12, 48, 288)  # points the exponential means span
RATES: Final = (36, 288, 2016)
LONG: Final = 2016  # points of the mean and deviation that give the unit
FEATURES: Final = 2 + len(LEVELS) + len(RATES)
_RAREST: Final = 1e-3
_HOUR_PRIOR: Final = 24.0  # an hour of the day starts as if it had been seen for this many points at the overall rate
DAY: Final = 86_400.0
_SMALLEST_UNIT: Final = 1e-9


@dataclass
class ExceedanceFeatures:
    """Running sums only: 60 numbers whatever the length of the series."""

    threshold: float
    horizon: int
    seen: int = 0
    exceeded: int = 0
    last_at: float = 0.0
    step: float = 0.0
    mean: float = 0.0
    deviation: float = 0.0
    levels: list[float] = field(default_factory=lambda: [0.0] * len(LEVELS))
    rates: list[float] = field(default_factory=lambda: [0.0] * len(RATES))
    hour_count: list[int] = field(default_factory=lambda: [0] * 24)
    hour_exceeded: list[int] = field(default_factory=lambda: [0] * 24)

    def update(self, at: float, value: float) -> npt.NDArray[np.float64]:
        """Take one point in; the features as of now. Single precision, so that a restored state repeats them exactly."""
        above = value > self.threshold
        if self.seen and at > self.last_at:
            self.step = at - self.last_at
        self.last_at = at
        self.seen += 1
        self.exceeded += above
        self.mean += (value - self.mean) * self._gain(LONG)
        self.deviation += (abs(value - self.mean) - self.deviation) * self._gain(LONG)
        for k, span in enumerate(LEVELS):
            self.levels[k] += (value - self.levels[k]) * self._gain(span)
        for k, span in enumerate(RATES):
            self.rates[k] += (above - self.rates[k]) * self._gain(span)
        hour = _hour(at)
        self.hour_count[hour] += 1
        self.hour_exceeded[hour] += above
        return self._features(_hour(at + self.horizon * self.step / 2.0))

    def _gain(self, span: int) -> float:
        """A plain mean until the span is full, an exponential one from then on."""
        return 1.0 / min(span, self.seen)

    def _features(self, hour_ahead: int) -> npt.NDArray[np.float64]:
        unit = self.deviation + _SMALLEST_UNIT * max(1.0, abs(self.threshold))
        distances = [math.asinh((level - self.threshold) / unit) for level in self.levels]
        rates = [_log_rate(rate + _RAREST) for rate in self.rates]
        overall = (self.exceeded + 0.5) / (self.seen + 50.0)
        hourly = (self.hour_exceeded[hour_ahead] + _HOUR_PRIOR * overall) / (self.hour_count[hour_ahead] + _HOUR_PRIOR)
        row = np.array([1.0, *distances, *rates, _log_rate(hourly + _RAREST / 10.0)], dtype=np.float32)
        return row.astype(np.float64)


def _hour(at: float) -> int:
    return int(at % DAY // 3600.0)


def _log_rate(rate: float) -> float:
    return (math.log(rate) + 4.0) / 2.0
