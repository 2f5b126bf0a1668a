"""The nine numbers a forecast is made from."""

import numpy as np
import pytest

from aiops_daemon.logwatch.exceedance import FEATURES, ExceedanceFeatures

HOUR = 3600.0
BIAS, LEVEL_FAST, LEVEL_DAY, RATE_FAST, HOURLY = 0, 1, 4, 5, 8


def rows(values: list[float], threshold: float, step: float = 300.0) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    features = ExceedanceFeatures(threshold, 12)
    return [features.update(index * step, value) for index, value in enumerate(values)]


def test_every_feature_is_finite_from_the_first_point_even_where_nothing_ever_moves() -> None:
    for row in rows([0.0] * 50, threshold=0.0):
        assert row.shape == (FEATURES,)
        assert row[BIAS] == 1.0
        assert np.isfinite(row).all()


def test_levels_near_the_threshold_and_recent_exceedances_raise_the_features() -> None:
    values = [float(index % 5) for index in range(600)]
    calm, tense = rows(values, 9.0)[-1], rows([*values, 10.0, 10.0, 10.0], 9.0)[-1]
    assert tense[LEVEL_FAST] > calm[LEVEL_FAST]
    assert tense[RATE_FAST] > calm[RATE_FAST]
    assert tense[LEVEL_FAST] - calm[LEVEL_FAST] > tense[LEVEL_DAY] - calm[LEVEL_DAY] > 0.0


def test_scale_and_offset_of_the_series_do_not_matter() -> None:
    values = [float(index % 7) for index in range(400)]
    moved = [1000.0 + 64.0 * value for value in values]
    assert rows(moved, 1000.0 + 64.0 * 9.0)[-1] == pytest.approx(rows(values, 9.0)[-1], abs=1e-4)


def test_the_hour_that_lies_ahead_counts_not_the_one_that_is() -> None:
    daily = [10.0 if 12 * 8 <= index % 288 < 12 * 9 else 1.0 for index in range(288 * 10)]  # busy from 8 to 9
    hourly = [row[HOURLY] for row in rows(daily, 5.0)][-288:]
    assert max(range(288), key=hourly.__getitem__) // 6 in {15, 16}  # asked from half past seven on
    assert hourly[12 * 7 + 8] > hourly[12 * 6] + 0.5


def test_points_at_one_moment_keep_the_step() -> None:
    features = ExceedanceFeatures(1.0, 12)
    for at in (0.0, 300.0, 300.0):
        features.update(at, 0.0)
    assert features.step == 300.0
