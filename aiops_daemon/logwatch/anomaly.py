"""Which windows of which series are unusual. Functions of arrays; the state is in monitor.py.

Every bucket each series is judged over seven windows (five minutes to three hours), because a weak effect that lasts is
as certain as a strong one that does not. Looking so often finds something by chance, so the threshold rises with the
number of series and windows: `ANOMALY_THRESHOLD` means the same in a group of five templates and in one of five hundred.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.logwatch.baseline import WINDOWS
from aiops_daemon.logwatch.negbin import Floats, corrected, lower_sigma, screen_sigma, uncorrected, upper_sigma

_FALL_ONLY = [WINDOWS.index(18), WINDOWS.index(24)]  # a fall is at most one whole mean deep: it needs its length
_LEAST_EXCESS = 2.0  # lines: one line more is no burst, however rare


@dataclass(frozen=True)
class Candidate:
    """A window of a series that is over the threshold."""

    row: int
    window: int  # buckets
    rising: bool
    observed: int
    expected: float
    sigma: float  # corrected


@dataclass(frozen=True)
class Windows:
    """Sums over the windows that end at one bucket; all [series, window]."""

    observed: Floats
    expected: Floats
    dispersion: Floats
    valid: NDArray[np.bool_]

    @property
    def looks(self) -> int:
        """Tries that are independent, about two per series: windows overlap. What hardly ever writes counts for as little."""
        return max(1, round(2 * float(np.minimum(1.0, self.expected[:, -1]).sum())))


def window_sums(ring: Floats, end: int) -> Floats:
    """Sums of the columns up to and including `end`, [series, window]."""
    sums = np.cumsum(ring[:, max(0, end + 1 - max(WINDOWS)) : end + 1][:, ::-1], axis=1)
    return np.asarray(sums[:, np.minimum(WINDOWS, sums.shape[1]) - 1])


def find(windows: Windows, threshold: float, *, rising: bool) -> list[Candidate]:
    """The best window of every series that is over the threshold."""
    need = uncorrected(threshold, windows.looks)
    rough = screen_sigma(windows.observed, windows.expected, windows.dispersion, upper=rising)
    if rising:
        rough = np.where(windows.observed - windows.expected >= _LEAST_EXCESS, rough, 0.0)
        rough[:, _FALL_ONLY] = 0.0
    else:
        rough[:, 0] = 0.0  # one bucket may be late as a whole
    rough = np.where(windows.valid, rough, 0.0)
    found: list[Candidate] = []
    for row in np.flatnonzero(rough.max(axis=1) >= need - 0.1):
        best = _exact(windows, int(row), rough[row], need, rising=rising)
        if best is not None:
            found.append(best)
    return found


def _exact(windows: Windows, row: int, rough: Floats, need: float, *, rising: bool) -> Candidate | None:
    tail = upper_sigma if rising else lower_sigma
    best: tuple[float, int] = (0.0, 0)
    for i in np.flatnonzero(rough >= need - 0.1).tolist():
        count, mean = round(float(windows.observed[row, i])), float(windows.expected[row, i])
        best = max(best, (tail(count, mean, float(windows.dispersion[row, i])), i))
    sigma, i = best
    if sigma < need:
        return None
    observed, expected = round(float(windows.observed[row, i])), float(windows.expected[row, i])
    return Candidate(row, WINDOWS[i], rising, observed, expected, corrected(sigma, windows.looks))
