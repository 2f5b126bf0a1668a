"""A forecast is said where its own record shows skill, and is silent with the reason elsewhere."""

import math
import random

import pytest

from aiops_daemon.logwatch.probability import LONGEST_HORIZON, Forecast, Forecaster, ForecasterState

STEP = 300.0
HORIZON = 12


def feed(forecaster: Forecaster, values: list[float], start: int = 0) -> list[Forecast]:
    return [forecaster.update((start + index) * STEP, value) for index, value in enumerate(values)]


def ramps(days: int, seed: int = 1) -> list[float]:
    """A level that climbs for hours before it exceeds 100, at odd times: there is something to foresee."""
    source = random.Random(seed)
    values: list[float] = []
    while len(values) < days * 288:
        values += [20.0 + source.gauss(0.0, 2.0) for _ in range(source.randrange(50, 200))]
        values += [20.0 + 2.0 * index + source.gauss(0.0, 4.0) for index in range(45)]
    return values


def chance(days: int, seed: int = 2) -> list[float]:
    """Failures that nothing announces."""
    source = random.Random(seed)
    return [200.0 if source.random() < 0.004 else source.gauss(20.0, 5.0) for _ in range(days * 288)]


def brier(values: list[float], said: list[Forecast], start: int) -> tuple[float, float, float]:
    """Of the forecasts from start on: Brier score, that of their base rate, and the share of points answered."""
    pairs = [
        (said[index].probability, max(values[index + 1 : index + 1 + HORIZON]) > 100.0) for index in range(start, len(values) - HORIZON)
    ]
    answered = [(p, y) for p, y in pairs if p is not None]
    rate = sum(y for _, y in answered) / len(answered)
    score = sum((p - y) ** 2 for p, y in answered) / len(answered)
    return score, rate * (1 - rate), len(answered) / len(pairs)


def test_what_announces_itself_is_foreseen_with_skill() -> None:
    values = ramps(20)
    said = feed(Forecaster(100.0, HORIZON), values)
    score, base, answered = brier(values, said, 10 * 288)
    assert score < 0.6 * base
    assert answered > 0.8


def test_probabilities_are_calibrated() -> None:
    values = ramps(40)
    said = feed(Forecaster(100.0, HORIZON), values)
    pairs = sorted(
        (p, max(values[index + 1 : index + 1 + HORIZON]) > 100.0)
        for index, p in enumerate(f.probability for f in said[:-HORIZON])
        if p is not None and index > 10 * 288
    )
    size = len(pairs) // 10 + 1
    error = sum(abs(sum(p - y for p, y in pairs[k : k + size])) for k in range(0, len(pairs), size))
    assert error / len(pairs) < 0.03


def test_later_points_do_not_change_what_was_said() -> None:
    values = ramps(6)
    whole = feed(Forecaster(100.0, HORIZON), values)
    assert feed(Forecaster(100.0, HORIZON), values[:1000]) == whole[:1000]


def test_where_nothing_announces_the_failure_it_is_silent_and_says_why() -> None:
    forecaster = Forecaster(100.0, HORIZON)
    said = feed(forecaster, chance(30))[288 * 10 :]
    assert forecaster.skill < 0.0
    assert {f.probability for f in said} == {None}
    assert "no forecast yet: on its own record it is no better than the base rate" in {f.reason for f in said}


def test_the_reason_says_what_is_missing() -> None:
    forecaster = Forecaster(100.0, HORIZON)
    assert forecaster.skill == 0.0
    first = forecaster.update(0.0, 1.0)
    assert first == Forecast(None, "no forecast yet: too little history (1 of 288 points)")
    later = feed(forecaster, [1.0] * 400, start=1)[-1]
    assert later == Forecast(None, "no forecast yet: too little history (0 of 3 failures)")
    failing = forecaster.update(401 * STEP, 101.0)
    assert failing == Forecast(None, "no forecast: the threshold was exceeded just now")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_passed_over(value: float) -> None:
    with_gap, without = Forecaster(100.0, HORIZON), Forecaster(100.0, HORIZON)
    values = ramps(4)
    feed(with_gap, values[:700])
    feed(without, values[:700])
    assert with_gap.update(700 * STEP, value).probability is None
    assert feed(with_gap, values[700:], 700) == feed(without, values[700:], 700)


@pytest.mark.parametrize("cut", [3, 700, 2500])
def test_a_restart_changes_nothing(cut: int) -> None:
    values = ramps(12)
    whole, first = Forecaster(100.0, HORIZON), Forecaster(100.0, HORIZON)
    expected = feed(whole, values)
    feed(first, values[:cut])
    state = ForecasterState.model_validate_json(first.to_state().model_dump_json())
    assert feed(Forecaster.from_state(state), values[cut:], cut) == expected[cut:]


def test_the_state_is_a_copy() -> None:
    forecaster = Forecaster(100.0, HORIZON)
    feed(forecaster, ramps(3))
    state = forecaster.to_state()
    before = state.model_dump_json()
    feed(forecaster, ramps(3))
    feed(Forecaster.from_state(state), ramps(3))
    assert state.model_dump_json() == before


def test_the_state_fits_an_item_at_the_longest_horizon() -> None:
    forecaster = Forecaster(100.0, LONGEST_HORIZON)
    feed(forecaster, ramps(10))
    assert len(forecaster.to_state().model_dump_json()) < 40_000


@pytest.mark.parametrize(("threshold", "horizon"), [(math.nan, 12), (math.inf, 12), (1.0, 0), (1.0, LONGEST_HORIZON + 1)])
def test_nonsense_is_refused(threshold: float, horizon: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        Forecaster(threshold, horizon)
