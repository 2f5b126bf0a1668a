"""Will this group fail within the hour? Its error lines per bucket against the volume that means failure.

The volume is configured, or learned once from the first two days: what only one bucket in two hundred reached, at least
three lines. The probability is calibrated by its own record, and silent until that record is better than the base rate.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS, DAY, HOUR
from aiops_daemon.logwatch.probability import Forecast, Forecaster, ForecasterState

_LEARN = 2 * DAY
_QUANTILE = 0.995
_LEAST_LINES = 3.0


@dataclass
class GroupOutlook:
    """Give it every bucket in order."""

    failure_per_hour: int | None = None
    threshold: float | None = None  # lines per bucket
    early: list[int] = field(default_factory=list)
    last: Forecast = field(default_factory=lambda: Forecast(None, "no forecast yet: too little history"))
    forecaster: Forecaster | None = None

    def look(self, bucket: int, errors: int) -> Forecast:
        """The probability after this bucket, or why there is none."""
        if self.forecaster is None:
            self.last = self._learn(bucket, errors)
        else:
            self.last = self.forecaster.update(bucket * BUCKET_SECONDS, errors)
        return self.last

    def _learn(self, bucket: int, errors: int) -> Forecast:
        self.early.append(errors)
        if self.failure_per_hour:  # known without learning: warnings are scored from the first day
            self.threshold = self.failure_per_hour / HOUR
        if len(self.early) < _LEARN:
            return Forecast(None, f"no forecast yet: too little history ({len(self.early)} of {_LEARN} points)")
        if self.threshold is None:
            self.threshold = max(_LEAST_LINES, float(np.quantile(self.early, _QUANTILE)))
        self.forecaster = Forecaster(self.threshold, HOUR)
        first = bucket - len(self.early) + 1
        said = [self.forecaster.update((first + i) * BUCKET_SECONDS, value) for i, value in enumerate(self.early)]
        self.early = []
        return said[-1]

    def lead_seconds(self, rate: float, growth: float) -> int | None:
        """Seconds until `rate` lines per bucket, growing by `growth` a bucket, are a failure; None where they never are."""
        if self.threshold is None or growth <= 0 or rate >= self.threshold:
            return None
        buckets = (self.threshold - rate) / growth
        return math.ceil(buckets * BUCKET_SECONDS) if buckets <= DAY else None

    def to_state(self) -> dict[str, object]:
        return {
            "threshold": self.threshold,
            "early": self.early,
            "forecaster": self.forecaster.to_state().model_dump(mode="json") if self.forecaster else None,
        }

    def restore(self, state: dict[str, object]) -> None:
        """What was learned; of another volume than the one that is configured now nothing but the counts."""
        threshold, early, forecaster = state.get("threshold"), state.get("early"), state.get("forecaster")
        self.early = [int(value) for value in early] if isinstance(early, list) else []
        if self.failure_per_hour and threshold != self.failure_per_hour / HOUR:
            return
        self.threshold = float(threshold) if isinstance(threshold, int | float) else None
        if forecaster is not None:
            self.forecaster = Forecaster.from_state(ForecasterState.model_validate(forecaster))
