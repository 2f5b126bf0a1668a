"""A departure is named by its shape: what stands is a spike, what grows a ramp, what leaves a rest a drop."""

from collections.abc import Sequence

import numpy as np
import pytest

from aiops_daemon.logwatch.findings import Kind
from aiops_daemon.logwatch.naming import Course, falling_kind, ramp_evidence, rising_kind


def course(counts: Sequence[float], mean: float, onset: int = 0) -> Course:
    return Course(np.array(counts, dtype=np.float64), np.full(len(counts), mean), 0.1, onset)


def noisy(rng: np.random.Generator, excess: Sequence[float], mean: float = 1.0) -> Course:
    expected = np.full(len(excess), mean)
    return Course(rng.poisson(expected + np.array(excess)).astype(np.float64), expected, 0.05, 0)


@pytest.mark.parametrize("tail", [0, 6, 12])
def test_what_grows_is_a_ramp_and_what_stands_is_none_also_an_hour_after_it_ended(tail: int) -> None:
    rng = np.random.default_rng(1)
    grows = [noisy(rng, [0] * 24 + list(np.linspace(0, 8, 36)) + [0] * tail) for _ in range(40)]
    stands = [noisy(rng, [0] * 44 + [4] * 16 + [0] * tail) for _ in range(40)]
    assert sum(rising_kind(c, 288, None) is Kind.RAMP for c in grows) >= 36
    assert sum(rising_kind(c, 288, None) is Kind.RAMP for c in stands) <= 3


def test_a_ramp_that_began_before_what_is_kept() -> None:
    rng = np.random.default_rng(2)
    ramps = [noisy(rng, list(np.linspace(2, 5, 72))) for _ in range(40)]
    assert sum(rising_kind(c, 288, None) is Kind.RAMP for c in ramps) >= 34


def test_a_ramp_needs_an_hour_and_a_rare_template_that_bursts_is_rare() -> None:
    assert ramp_evidence(course([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.1)) == -np.inf
    assert rising_kind(course([0] * 40 + [5], 0.01), 3, None) is Kind.RARE
    assert rising_kind(course([0] * 40 + [5], 0.01), 13, None) is Kind.SPIKE
    assert rising_kind(course([0] * 20 + [0, 0, 1, 0, 1, 1, 1, 2, 1, 2, 2, 3, 2, 3, 3, 4, 4, 3, 5, 4], 0.01), 3, None) is Kind.RAMP


def test_a_name_holds_until_another_is_clearly_better() -> None:
    rng = np.random.default_rng(3)
    unclear = [c for c in (noisy(rng, [0] * 50 + list(np.linspace(1, 4, 22))) for _ in range(300)) if abs(ramp_evidence(c)) < 0.9]
    assert unclear
    assert {rising_kind(c, 288, Kind.RAMP) for c in unclear} == {Kind.RAMP}
    assert {rising_kind(c, 288, Kind.SPIKE) for c in unclear} == {Kind.SPIKE}


def test_a_silence_is_longer_than_what_a_drop_would_leave_empty() -> None:
    normal = [4, 5, 3, 4, 5, 4]
    assert falling_kind(course([*normal, 0, 0, 0, 0, 0, 0], 4.0, onset=6), None) is Kind.SILENCE
    assert falling_kind(course([*normal, 1, 0, 0, 1, 0, 0, 0], 4.0, onset=6), None) is Kind.DROP  # a tenth is left: three empty buckets
    assert falling_kind(course([*normal, 1, 1, 0, 1, 0, 1], 4.0, onset=6), Kind.DROP) is Kind.DROP
    assert falling_kind(course([*normal, 1, 0, 0, 1, *[0] * 36], 4.0, onset=6), Kind.DROP) is Kind.SILENCE


def test_what_comes_back_after_a_silence_in_full_was_one_and_what_comes_back_in_part_was_a_drop() -> None:
    quiet = [4, 5, 3, 4] + [0] * 8
    assert falling_kind(course([*quiet, 3, 5, 4, 4], 4.0, onset=4), Kind.SILENCE) is Kind.SILENCE
    assert falling_kind(course([*quiet, 1, 0, 1, 0], 4.0, onset=4), Kind.SILENCE) is Kind.DROP
    assert falling_kind(course([*quiet, 1, 0], 4.0, onset=4), Kind.SILENCE) is Kind.SILENCE  # too early to tell
    assert falling_kind(course([4, 1, 1, 2, 1, 1], 4.0, onset=1), Kind.SILENCE) is Kind.DROP
