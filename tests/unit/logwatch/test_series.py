"""The anomaly score of one series: what it sees, when it is silent, and that it never looks ahead."""

import math
import random
import sys

import pytest

from aiops_daemon.logwatch.series import REFRACTORY, THRESHOLD, WARM_UP, SeriesScorer

STEP = 300.0


def scores(values: list[float]) -> list[float]:
    scorer = SeriesScorer()
    return [scorer.update(index * STEP, value) for index, value in enumerate(values)]


def noise(count: int, seed: int = 1, level: float = 50.0) -> list[float]:
    source = random.Random(seed)
    return [level + source.gauss(0.0, 2.0) for _ in range(count)]


def alarms(values: list[float]) -> list[int]:
    return [index for index, score in enumerate(scores(values)) if score >= THRESHOLD]


def test_scores_lie_between_zero_and_one_and_do_not_depend_on_later_points() -> None:
    values = [*noise(800), 500.0, *noise(100, 2), -500.0, *noise(100, 3)]
    whole = scores(values)
    assert all(0.0 <= score <= 1.0 for score in whole)
    for length in (1, 300, 801, 902, 950):
        assert scores(values[:length]) == whole[:length]


@pytest.mark.parametrize("odd", [200.0, -100.0])
def test_a_point_far_outside_alarms_at_once(odd: float) -> None:
    values = [*noise(800), odd, *noise(50, 2)]
    assert scores(values)[800] > 0.9


def test_a_level_shift_within_the_range_of_the_points_alarms() -> None:
    source = random.Random(4)
    values = [float(source.choice([0, 100])) if source.random() < 0.02 else source.gauss(50.0, 3.0) for _ in range(1500)]
    assert any(1500 <= index < 1530 for index in alarms([*values, *[80.0] * 30]))


def test_a_point_odd_for_the_time_of_day_alarms_within_the_range_of_the_day() -> None:
    daily = [(100.0 if 9 <= index % 288 // 12 < 17 else 10.0) + jitter for index, jitter in enumerate(noise(288 * 8, level=0.0))]
    night = [*daily, *noise(24, 2, level=10.0), *noise(12, 3, level=60.0)]
    assert not [index for index in alarms(night) if 288 * 4 < index < 288 * 8 + 24]
    assert any(index >= 288 * 8 + 24 for index in alarms(night))


def test_a_burst_of_movement_within_the_range_alarms() -> None:
    values = [100.0 if index % 97 == 0 else 0.0 for index in range(1000)] + [100.0, 0.0] * 15
    assert any(1000 <= index < 1030 for index in alarms(values))


def test_the_first_movement_of_a_series_that_stood_still_is_an_alarm() -> None:
    assert alarms([45.0] * 500) == []
    assert alarms([45.0] * 500 + [46.0]) == [500]


def test_quiet_series_raise_few_alarms() -> None:
    assert sum(len(alarms(noise(4000, seed))) for seed in range(5)) <= 10  # 5 series of two weeks


def test_nothing_is_said_during_the_warm_up() -> None:
    values = noise(WARM_UP)
    values[100] = 1e6
    assert scores(values) == [0.0] * WARM_UP


def test_an_episode_is_told_once_and_a_worse_turn_again() -> None:
    steady = scores([*noise(800), *[100.0] * 100])
    assert sum(score >= THRESHOLD for score in steady[801:]) <= 6
    worse = scores([*noise(800), 100.0, *noise(50, 2), 100.0, *noise(50, 3), 1000.0])
    assert worse[800] >= THRESHOLD
    assert worse[851] < THRESHOLD
    assert worse[902] >= THRESHOLD


def test_the_silence_after_an_alarm_decays() -> None:
    quiet_again = noise(REFRACTORY, 2)
    values = [*noise(800), 150.0, *quiet_again, 400.0]
    assert scores(values)[-1] >= THRESHOLD


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_scores_zero_and_leaves_no_trace(value: float) -> None:
    values = noise(600)
    assert scores([*values, value, 300.0]) == [*scores(values), 0.0, scores([*values, 300.0])[-1]]


def test_scale_and_offset_do_not_matter() -> None:
    values = [*noise(800), 90.0, *noise(100, 2)]
    scaled = [1024.0 * value for value in values]
    assert scores(scaled) == pytest.approx(scores(values), abs=1e-6)


def test_memory_does_not_grow_with_the_series() -> None:
    def held(scorer: SeriesScorer) -> int:
        return sum(sys.getsizeof(tail._top) for tail in scorer._tails) + int(scorer._values.nbytes)

    scorer = SeriesScorer()
    sizes = []
    for index, value in enumerate(noise(6000)):
        scorer.update(index * STEP, value)
        if index in {2000, 5999}:
            sizes.append(held(scorer))
    assert sizes[0] == sizes[1] < 12_000
