"""P(a series exceeds its threshold within the next points): said only where its own record shows that it is worth saying.

Each forecast is kept until its horizon has passed and is then scored. Three records run along, all made before the
outcome was known: the base rate, the model, and the model corrected by isotonic calibration. The better of the last two
speaks, and only while it beats the base rate (Brier skill above 0 over some two weeks) and enough failures were seen.
"""

import base64
import math
from collections import deque
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from aiops_daemon.logwatch.exceedance import FEATURES, ExceedanceFeatures
from aiops_daemon.logwatch.isotonic import CalibrationRecord, bounded
from aiops_daemon.logwatch.logistic import OnlineLogistic

_LEARN_AFTER: Final = 50  # points
WARM_UP: Final = 288  # points before the first forecast is made, if only for the record: a day
_LEAST_FAILURES: Final = 3  # onsets
_RECORD_POINTS: Final = 4000  # the record's memory: two weeks of 5-minute points
LONGEST_HORIZON: Final = 288  # the forecasts that wait for their outcome are in the state: 40 KB is the limit
_OVERLAP: Final = 2.0  # a horizon of points with nearly the same outcome counts as this many outcomes


@dataclass(frozen=True, slots=True)
class Forecast:
    """A probability, or the reason why there is none."""

    probability: float | None
    reason: str = ""


class ForecasterState(BaseModel):
    """What a restart needs. JSON; below 40 KB at the longest horizon."""

    model_config = ConfigDict(extra="forbid")

    features: ExceedanceFeatures
    logistic: dict[str, list[float]]
    calibration: dict[str, list[float]]
    waiting: str
    losses: list[float]
    made: float
    hits: float
    failures: int
    age: int


class Forecaster:
    """One series, one threshold, one horizon (points). Not for points that already exceed: they need no forecast."""

    def __init__(self, threshold: float, horizon: int) -> None:
        if not math.isfinite(threshold):
            raise ValueError(f"the threshold must be a number, not {threshold}")
        if not 1 <= horizon <= LONGEST_HORIZON:
            raise ValueError(f"the horizon must be 1 to {LONGEST_HORIZON} points, not {horizon}")
        self._horizon = horizon
        self._threshold = threshold
        self._features = ExceedanceFeatures(threshold, horizon)
        self._model = OnlineLogistic(FEATURES)
        self._calibration = CalibrationRecord()
        self._waiting: deque[npt.NDArray[np.float64]] = deque()  # features, base rate, model, corrected, asked
        self._losses = [0.0, 0.0, 0.0]  # decayed Brier sums of base rate, model, corrected
        self._made, self._hits = 20.0, 0.5  # the base rate, with a weak prior of 2.5 %
        self._failures = 0
        self._age = horizon  # points since it last exceeded

    def update(self, timestamp_seconds: float, value: float) -> Forecast:
        """Take one point in and say what comes; uses this and earlier points only."""
        if not math.isfinite(value):
            return Forecast(None, "no forecast: the value is no number")
        above = value > self._threshold
        self._failures += above and self._age >= self._horizon
        self._age = 0 if above else self._age + 1
        features = self._features.update(timestamp_seconds, value)
        if len(self._waiting) == self._horizon:
            self._score(self._waiting.popleft())
        model = bounded(self._model.probability(features))
        corrected = self._calibration.correct(model)
        asked = self._age >= self._horizon
        row = np.array([*features, self._hits / self._made, model, corrected, float(asked)], dtype=np.float32)
        self._waiting.append(row.astype(np.float64))  # as the state keeps it, so that a restart changes nothing
        return self._say(asked, model, corrected)

    @property
    def skill(self) -> float:
        """Brier skill of what it says over the base rate, on its own record; below 0 is worse than the base rate."""
        base, *ours = self._losses
        return 1.0 - min(ours) / base if base > 0.0 else 0.0

    def _say(self, asked: bool, model: float, corrected: float) -> Forecast:
        seen = self._features.seen
        if not asked:
            return Forecast(None, "no forecast: the threshold was exceeded just now")
        if seen <= WARM_UP:
            return Forecast(None, f"no forecast yet: too little history ({seen} of {WARM_UP} points)")
        if self._failures < _LEAST_FAILURES:
            return Forecast(None, f"no forecast yet: too little history ({self._failures} of {_LEAST_FAILURES} failures)")
        if self.skill <= 0.0:
            return Forecast(None, "no forecast yet: on its own record it is no better than the base rate")
        return Forecast(corrected if self._losses[2] < self._losses[1] else model)

    def _score(self, made: npt.NDArray[np.float64]) -> None:
        """The horizon of a forecast has passed: learn from it, and count it in the record if it was one to be made."""
        if not made[-1] or self._features.seen - self._horizon <= _LEARN_AFTER:
            return
        happened = self._age < self._horizon
        features, said = made[:FEATURES], made[FEATURES:-1]
        self._model.learn(features, happened, min(1.0, _OVERLAP / self._horizon))
        if self._features.seen - self._horizon <= WARM_UP:
            return
        self._calibration.learn(float(said[1]), happened)
        self._made += 1.0
        self._hits += happened
        for k in range(3):
            self._losses[k] += (float(said[k]) - happened) ** 2 - self._losses[k] / _RECORD_POINTS

    def to_state(self) -> ForecasterState:
        waiting = np.array(self._waiting, dtype=np.float32).tobytes()
        return ForecasterState(
            features=deepcopy(self._features),
            logistic=self._model.to_state(),
            calibration=self._calibration.to_state(),
            waiting=base64.b64encode(waiting).decode("ascii"),
            losses=list(self._losses),
            made=self._made,
            hits=self._hits,
            failures=self._failures,
            age=self._age,
        )

    @classmethod
    def from_state(cls, state: ForecasterState) -> "Forecaster":
        features = deepcopy(state.features)
        forecaster = cls(features.threshold, features.horizon)
        forecaster._features = features
        forecaster._model = OnlineLogistic.from_state(**state.logistic)
        forecaster._calibration = CalibrationRecord(**state.calibration)
        waiting = np.frombuffer(base64.b64decode(state.waiting), dtype=np.float32).astype(np.float64)
        forecaster._waiting.extend(waiting.reshape(-1, FEATURES + 4))
        forecaster._losses = list(state.losses)
        forecaster._made, forecaster._hits = state.made, state.hits
        forecaster._failures, forecaster._age = state.failures, state.age
        return forecaster
