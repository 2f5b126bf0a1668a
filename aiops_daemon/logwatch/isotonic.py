"""Calibration on one's own record: what was said against what came, made monotone by pooling adjacent violators."""

import math
from collections.abc import Sequence

_BINS = 20
_LOWEST_LOGIT, _HIGHEST_LOGIT = -6.0, 2.0  # 0.25 % to 88 %: most forecasts are small, so the bins are even in log odds
_PRIOR_POINTS = 50.0  # each bin starts as if this many forecasts had been exactly right
_SURE = 1e-4  # no forecast is closer than this to 0 or 1


def isotonic(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The non-decreasing sequence nearest to the values in weighted squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(values, weights, strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            mean, mass, length = pools.pop()
            total = mass + pool[1]
            pool = ((mean * mass + pool[0] * pool[1]) / total, total, length + pool[2])
        pools.append(pool)
    return [mean for mean, _, length in pools for _ in range(length)]


def bounded(probability: float) -> float:
    return min(max(probability, _SURE), 1.0 - _SURE)


def _place(probability: float) -> float:
    """Where on the bins a probability lies: 0.0 is the lower end of the first bin, their number the upper end of the last."""
    logit = math.log(probability / (1.0 - probability))
    return (logit - _LOWEST_LOGIT) / (_HIGHEST_LOGIT - _LOWEST_LOGIT) * _BINS


def _middle(bin_number: int) -> float:
    logit = _LOWEST_LOGIT + (bin_number + 0.5) / _BINS * (_HIGHEST_LOGIT - _LOWEST_LOGIT)
    return 1.0 / (1.0 + math.exp(-logit))


class CalibrationRecord:
    """Forecasts and outcomes in bins of the forecast, and the correction they ask for."""

    def __init__(self, said: Sequence[float] = (), came: Sequence[float] = (), count: Sequence[float] = ()) -> None:
        self._said = list(said) or [0.0] * _BINS
        self._came = list(came) or [0.0] * _BINS
        self._count = list(count) or [0.0] * _BINS
        self._shift: list[float] | None = None

    def learn(self, probability: float, happened: bool) -> None:
        index = min(max(int(_place(bounded(probability))), 0), _BINS - 1)
        self._said[index] += probability
        self._came[index] += happened
        self._count[index] += 1.0
        self._shift = None

    def correct(self, probability: float) -> float:
        """The probability moved by what the record says of its bin, linearly between the middles of two bins."""
        shift = self._shift = self._shift or self._fit()
        place = min(max(_place(bounded(probability)) - 0.5, 0.0), _BINS - 1.0)
        lower = min(int(place), _BINS - 2)
        part = place - lower
        return bounded(probability + shift[lower] * (1.0 - part) + shift[lower + 1] * part)

    def _fit(self) -> list[float]:
        means = [s / n if n else _middle(k) for k, (s, n) in enumerate(zip(self._said, self._count, strict=True))]
        masses = [count + _PRIOR_POINTS for count in self._count]
        rates = [(c + _PRIOR_POINTS * m) / w for c, m, w in zip(self._came, means, masses, strict=True)]
        return [rate - mean for rate, mean in zip(isotonic(rates, masses), means, strict=True)]

    def to_state(self) -> dict[str, list[float]]:
        return {"said": list(self._said), "came": list(self._came), "count": list(self._count)}
