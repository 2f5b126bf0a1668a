"""The online logistic regression finds the weights that made the data, and forgets the old ones."""

import math
import random

import numpy as np
import pytest

from aiops_daemon.logwatch.logistic import OnlineLogistic


def outcomes(count: int, bias: float, slope: float, seed: int = 5) -> list[tuple[float, bool]]:
    source = random.Random(seed)
    xs = [source.gauss(0.0, 1.0) for _ in range(count)]
    return [(x, source.random() < 1.0 / (1.0 + math.exp(-bias - slope * x))) for x in xs]


def test_it_finds_the_probabilities_behind_the_outcomes() -> None:
    model = OnlineLogistic(2)
    for x, happened in outcomes(6000, -1.0, 1.5):
        model.learn(np.array([1.0, x]), happened, 1.0)
    for x in (-2.0, 0.0, 2.0):
        truth = 1.0 / (1.0 + math.exp(1.0 - 1.5 * x))
        assert model.probability(np.array([1.0, x])) == pytest.approx(truth, abs=0.06)


def test_before_any_outcome_it_says_that_failures_are_rare() -> None:
    assert OnlineLogistic(4).probability(np.array([1.0, 0.0, 0.0, 0.0])) == pytest.approx(0.047, abs=0.001)


def test_it_keeps_learning_when_the_series_changes() -> None:
    model = OnlineLogistic(2)
    for x, happened in outcomes(4000, -1.0, 1.5):
        model.learn(np.array([1.0, x]), happened, 1.0)
    before = model.probability(np.array([1.0, 1.0]))
    for x, happened in outcomes(8000, -1.0, -1.5, seed=6):
        model.learn(np.array([1.0, x]), happened, 1.0)
    assert model.probability(np.array([1.0, 1.0])) < before / 2


def test_features_far_out_do_not_break_it() -> None:
    model = OnlineLogistic(2)
    for happened in (True, False) * 50:
        model.learn(np.array([1.0, 1e6 if happened else -1e6]), happened, 1.0)
    assert 0.0 < model.probability(np.array([1.0, 1e6])) <= 1.0
    assert np.isfinite(model.to_state()["covariance"]).all()


def test_a_restored_model_says_the_same() -> None:
    model = OnlineLogistic(3)
    for x, happened in outcomes(100, 0.0, 1.0):
        model.learn(np.array([1.0, x, x * x]), happened, 0.5)
    again = OnlineLogistic.from_state(**model.to_state())
    assert again.probability(np.array([1.0, 0.3, 0.1])) == model.probability(np.array([1.0, 0.3, 0.1]))
