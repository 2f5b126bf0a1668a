import random
from statistics import fmean

import pytest

from aiops_daemon.intake.backoff import full_jitter


@pytest.mark.parametrize(("attempt", "bound"), [(0, 5), (1, 5), (2, 10), (5, 80), (9, 900), (10_000, 900)])
def test_uniform_below_a_doubling_bound(attempt: int, bound: float) -> None:
    rng = random.Random(7)
    draws = [full_jitter(attempt, 5, 900, rng) for _ in range(4000)]
    assert 0 <= min(draws) < bound * 0.02
    assert bound * 0.98 < max(draws) <= bound
    assert fmean(draws) == pytest.approx(bound / 2, rel=0.05)
