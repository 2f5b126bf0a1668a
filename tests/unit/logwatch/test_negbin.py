"""The closed form agrees with the exact tails, and the tails with a sample."""

import math

import numpy as np
import pytest

from aiops_daemon.logwatch.negbin import corrected, lower_sigma, screen_sigma, sigma_of_log_probability, uncorrected, upper_sigma


@pytest.mark.parametrize("dispersion", [0.0, 0.01, 0.2, 1.0])
@pytest.mark.parametrize("mean", [0.05, 2.0, 100.0])
def test_the_closed_form_is_near_the_exact_tail(mean: float, dispersion: float) -> None:
    for factor in (0.1, 0.5, 2, 5, 30):
        count = math.ceil(mean * factor) + (1 if factor > 1 else 0)
        for upper, exact in ((True, upper_sigma), (False, lower_sigma)):
            near = float(screen_sigma(*(np.array([float(v)]) for v in (count, mean, dispersion)), upper=upper)[0])
            true = exact(count, mean, dispersion)
            assert abs(near - true) < 0.06 or true < 1


def test_a_sample_has_these_tails() -> None:
    sample = np.random.default_rng(1).negative_binomial(5, 5 / 15, 400_000)
    assert abs(upper_sigma(25, 10, 0.2) - sigma_of_log_probability(math.log((sample >= 25).mean()))) < 0.05
    assert abs(lower_sigma(1, 10, 0.2) - sigma_of_log_probability(math.log((sample <= 1).mean()))) < 0.05


def test_looking_often_costs() -> None:
    assert corrected(5, 1) == 5
    assert corrected(uncorrected(3.5, 200), 200) == pytest.approx(3.5)
    assert corrected(1, 1000) == 0
