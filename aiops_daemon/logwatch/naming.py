"""What kind of departure is it? Named at its onset, looked at again while it lasts, and settled when it ends.

Rising: does the excess stand from some bucket on (a box) or grow from some bucket on (a ramp)? Both are fitted to the last hours from
every possible beginning, and the likelihoods compared. The variance of a model grows with what it expects: the noise on top of a
strong spike is no growth. Falling: a silence is a run without lines that would be unlikely even at the rate that a drop has left over.
"""

from dataclasses import dataclass

import numpy as np

from aiops_daemon.logwatch.findings import Kind
from aiops_daemon.logwatch.negbin import Floats, lower_sigma

_RARE_PER_DAY = 12
_RAMP_BUCKETS = 12  # a slow ramp takes an hour at least
_LONG = 36  # three hours: what grows for so long is a ramp rather than a spike
_PRIOR = 2.0  # log-odds: against a ramp of an hour, for one of three
_FIRM = 1.0  # log-odds to call it another kind than before
_TAIL, _STEP = 12, 6  # it may have ended within the last hour
_BEFORE = 36
_SILENCE_SIGMA = 3.0  # of the buckets without a line taken by themselves
_BACK_SIGMA = 2.0  # lines after a silence that are still this far below normal: it was a drop
_BACK_BUCKETS = 3


@dataclass(frozen=True)
class Course:
    """The buckets of a series before and during a departure, oldest first, up to now."""

    counts: Floats
    expected: Floats
    dispersion: float
    onset: int  # index of the bucket in which it began, as far as that is known


def rising_kind(course: Course, per_day: float, before: Kind | None) -> Kind:
    """`per_day`: lines that the series writes on a usual day. `before`: what it was called until now, None at the onset."""
    if ramp_evidence(course) > (-_FIRM if before is Kind.RAMP else _FIRM):
        return Kind.RAMP
    return Kind.RARE if per_day < _RARE_PER_DAY else Kind.SPIKE


def ramp_evidence(course: Course) -> float:
    """Log-odds by which an excess that grows over an hour or more is likelier than one that stands."""
    length = len(course.counts)
    if length < _RAMP_BUCKETS:
        return -np.inf
    buckets = np.arange(length)
    box = ramp = -np.inf
    for end in range(length, max(length - _TAIL, _RAMP_BUCKETS) - 1, -_STEP):
        starts = np.arange(-_BEFORE, end)[:, None]  # a ramp may have begun before what is kept
        since = np.where(buckets < end, np.maximum(buckets - starts + 1.0, 0.0), 0.0)
        box = max(box, float(_likelihoods(np.minimum(since[_BEFORE:], 1.0), course).max()))
        long_enough = end - starts[:, 0] >= _RAMP_BUCKETS
        prior = np.interp(end - starts[long_enough, 0], (_RAMP_BUCKETS, _LONG), (-_PRIOR, _PRIOR))
        ramp = max(ramp, float((_likelihoods(since[long_enough], course) + prior).max()))
    return ramp - box


def _likelihoods(shapes: Floats, course: Course) -> Floats:
    """Log-likelihoods of some shapes of excess, [shape, bucket], each scaled as fits best."""
    excess = course.counts - course.expected
    variance = np.broadcast_to(course.expected + course.dispersion * course.expected**2 + 0.1, shapes.shape)
    model = np.zeros_like(shapes)
    base = variance
    for _ in range(3):
        scale = (shapes * excess / variance).sum(axis=1) / (shapes**2 / variance).sum(axis=1)
        model = shapes * np.maximum(scale, 0.0)[:, None]
        variance = base + model
    likelihood = -0.5 * ((excess - model) ** 2 / variance + np.log(variance)).sum(axis=1)
    return np.asarray(likelihood)


def falling_kind(course: Course, before: Kind | None) -> Kind:
    """`before`: what it was called in the last bucket, None at the onset."""
    counts, expected = course.counts[course.onset :], course.expected[course.onset :]
    seen = np.flatnonzero(counts)
    quiet_from = int(seen[-1]) + 1 if len(seen) else 0
    if before is Kind.SILENCE:
        return _still_silent(counts, expected, course.dispersion)
    left = min(1.0, float(counts.sum() + 0.5) / float(expected[:quiet_from].sum() + 0.5))
    missing = float(expected[quiet_from:].sum())
    long_enough = len(counts) - quiet_from > 1 and lower_sigma(0, left * missing, course.dispersion) >= _SILENCE_SIGMA
    return Kind.SILENCE if long_enough else Kind.DROP


def _still_silent(counts: Floats, expected: Floats, dispersion: float) -> Kind:
    """Lines that come back must come back in full, or it never was silent."""
    empty = np.flatnonzero(counts == 0)
    runs = np.split(empty, np.flatnonzero(np.diff(empty) > 1) + 1)
    longest = max(runs, key=len)
    after = slice(int(longest[-1]) + 1 if len(longest) else 0, len(counts))
    few = lower_sigma(round(float(counts[after].sum())), float(expected[after].sum()), dispersion) >= _BACK_SIGMA
    return Kind.DROP if few and after.stop - after.start >= _BACK_BUCKETS else Kind.SILENCE
