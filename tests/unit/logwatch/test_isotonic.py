"""Pool adjacent violators, and the correction that a record of forecasts asks for."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.logwatch.isotonic import CalibrationRecord, bounded, isotonic

unit = st.floats(0.0, 1.0)


@pytest.mark.parametrize(
    ("values", "weights", "wanted"),
    [
        ([], [], []),
        ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        ([3.0, 1.0], [1.0, 1.0], [2.0, 2.0]),
        ([3.0, 1.0], [3.0, 1.0], [2.5, 2.5]),
        ([1.0, 4.0, 3.0, 2.0, 9.0], [1.0] * 5, [1.0, 3.0, 3.0, 3.0, 9.0]),
    ],
)
def test_isotonic_pools_what_falls(values: list[float], weights: list[float], wanted: list[float]) -> None:
    assert isotonic(values, weights) == pytest.approx(wanted)


@given(st.lists(st.tuples(unit, st.floats(0.1, 10.0)), max_size=30))
def test_isotonic_rises_and_keeps_the_weighted_mean(points: list[tuple[float, float]]) -> None:
    values, weights = [value for value, _ in points], [weight for _, weight in points]
    fitted = isotonic(values, weights)
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(fitted))
    assert sum(f * w for f, w in zip(fitted, weights, strict=True)) == pytest.approx(
        sum(v * w for v, w in zip(values, weights, strict=True))
    )


@given(unit)
def test_an_empty_record_corrects_nothing(probability: float) -> None:
    assert CalibrationRecord().correct(probability) == pytest.approx(bounded(probability), abs=1e-9)


def test_boasting_is_brought_down_to_what_came() -> None:
    record, source = CalibrationRecord(), random.Random(3)
    for _ in range(5000):
        record.learn(0.6, source.random() < 0.2)
        record.learn(0.05, source.random() < 0.05)
    assert record.correct(0.6) == pytest.approx(0.2, abs=0.05)
    assert record.correct(0.05) == pytest.approx(0.05, abs=0.02)


@given(unit)
def test_what_is_said_is_never_certain(probability: float) -> None:
    record = CalibrationRecord()
    for _ in range(200):
        record.learn(1.0, happened=True)
        record.learn(0.0, happened=False)
    assert 0.0 < record.correct(probability) < 1.0


def test_a_restored_record_corrects_the_same() -> None:
    record = CalibrationRecord()
    for index in range(300):
        record.learn(index / 300, happened=index % 3 == 0)
    again = CalibrationRecord(**record.to_state())
    assert [again.correct(p / 10) for p in range(11)] == [record.correct(p / 10) for p in range(11)]
