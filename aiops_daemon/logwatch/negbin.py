"""How unusual is a count? Tails of the negative binomial, as standard deviations of a normal distribution.

Counts of log lines are skewed and overdispersed, so "(x - mean) / deviation" overstates what is above the mean and cannot
see what is below it. Here a count is as unusual as its tail probability says, and that probability is told as the
number of standard deviations at which a normal distribution has the same tail.

Mean `m` and relative overdispersion `a`: variance = m + a * m**2 (a = 0 is Poisson, 1 / a is the shape).
"""

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_NORMAL = NormalDist()
_MIN_DISPERSION = 1e-6  # below this a negative binomial is a Poisson for every count that fits a log group
_MAX_TERMS = 200_000
_MAX_SIGMA = 38.0  # where a double runs out of probability


def sigma_of_log_probability(log_p: float) -> float:
    """Standard deviations at which a normal distribution has the upper tail `exp(log_p)`; 0 at one half and above."""
    if log_p >= math.log(0.5):
        return 0.0
    if log_p > -30:
        return -_NORMAL.inv_cdf(math.exp(log_p))
    z = math.sqrt(-2 * log_p)
    for _ in range(4):
        z = math.sqrt(max(1.0, -2 * log_p - math.log(2 * math.pi) - 2 * math.log(z)))
    return min(z, _MAX_SIGMA)


def corrected(sigma: float, looks: int) -> float:
    """`sigma` after paying for having looked at `looks` series and windows (Bonferroni, by exp(-z**2 / 2))."""
    return math.sqrt(max(0.0, sigma * sigma - 2 * math.log(max(looks, 1))))


def uncorrected(sigma: float, looks: int) -> float:
    """What a raw sigma must reach so that `corrected` gives `sigma`."""
    return math.sqrt(sigma * sigma + 2 * math.log(max(looks, 1)))


def _log_pmf(k: int, mean: float, shape: float) -> float:
    return (
        math.lgamma(k + shape)
        - math.lgamma(shape)
        - math.lgamma(k + 1)
        + shape * math.log(shape / (shape + mean))
        + k * math.log(mean / (shape + mean))
    )


def upper_sigma(count: int, mean: float, dispersion: float) -> float:
    """How far above `mean` a count is: from P(X >= count)."""
    if count <= mean:
        return 0.0
    shape = 1 / max(dispersion, _MIN_DISPERSION)
    mean = max(mean, 1e-9)
    log_first = _log_pmf(count, mean, shape)
    q = mean / (shape + mean)
    terms = int(min(_MAX_TERMS, 50 + 40 / (1 - q) + 4 * mean))
    j = np.arange(count, count + terms, dtype=np.float64)
    ratios = q * (j + shape) / (j + 1)
    total = 1.0 + float(np.sum(np.exp(np.cumsum(np.log(ratios)))))
    return sigma_of_log_probability(min(0.0, log_first + math.log(total)))


def lower_sigma(count: int, mean: float, dispersion: float) -> float:
    """How far below `mean` a count is: from P(X <= count), as a positive number."""
    if count >= mean:
        return 0.0
    shape = 1 / max(dispersion, _MIN_DISPERSION)
    log_last = _log_pmf(count, mean, shape)
    q = mean / (shape + mean)
    j = np.arange(count, 0, -1, dtype=np.float64)
    total = 1.0 + float(np.sum(np.exp(np.cumsum(np.log(j / (q * (j - 1 + shape)))))))
    return sigma_of_log_probability(min(0.0, log_last + math.log(total)))


def screen_sigma(counts: Floats, means: Floats, dispersions: Floats, *, upper: bool) -> Floats:
    """The same for whole arrays at once, approximately (Peizer and Pratt 1968): within 0.06 where the dispersion is at most 1.
    Larger ones are taken as 1, which errs towards too high: what is found goes to the exact functions.
    """
    shape = np.maximum(1 / np.maximum(dispersions, _MIN_DISPERSION), 1.0)
    means = np.maximum(means, 1e-9)
    k = np.maximum(counts - 1, 0.0) if upper else counts
    # P(X <= k) = P(Binomial(n, p) >= shape)
    n = k + shape
    p = shape / (shape + means)
    q = 1 - p
    y = shape - 1
    d = y + 2 / 3 - (n + 1 / 3) * p + 0.02 * (q / (y + 1) - p / (k + 1) + (q - 0.5) / (n + 1))
    first, second = y + 0.5, k + 0.5
    deviance = first * np.log(first / (n * p)) + second * np.log(second / (n * q))
    gap = np.abs(first - n * p)
    root = np.sqrt(np.maximum(2 / (1 + 1 / (6 * n)) * deviance, 0.0))
    # `d` and `gap` vanish together where the count is the median
    z = np.where(gap > 1e-9, d / np.maximum(gap, 1e-9) * root, 0.0)
    relevant = counts > means if upper else counts < means
    return np.where(relevant, np.clip(-z if upper else z, 0.0, _MAX_SIGMA), 0.0)
