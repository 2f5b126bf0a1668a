"""Was the warning right? Every alert that rises is a prediction that its group fails within the hour, and is scored later.

hit: the group failed (error volume over its failure threshold, or an incident from elsewhere) after the warning;
prevented: somebody or the daemon acted on the warning and it did not fail; false: neither within the horizon.
The record is told with each alert, and a pattern that keeps crying wolf is muted: still scored, no longer announced.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

from aiops_daemon.logwatch.findings import RISING, Alert

_HORIZON_SECONDS = 3_600
RECORD = 20
_PER_PATTERN = 10
_KEEP_SCORED = 500
_PATIENCE_SECONDS = 86_400  # as far as a catch-up goes; a group that is gone is never judged again


class Outcome(StrEnum):
    """What became of a warning."""

    HIT = "hit"
    FALSE = "false"
    PREVENTED = "prevented"


@dataclass
class Prediction:
    """One warning. Times in seconds."""

    alert_id: str
    at: int
    groups: list[str]
    pattern: str
    probability: float | None = None
    acted: bool = False
    outcome: Outcome | None = None
    lead_seconds: int | None = None
    muted: bool = False


@dataclass(frozen=True)
class Record:
    """The last twenty scored warnings."""

    scored: int
    right: int
    prevented: int
    median_lead_seconds: float | None
    brier: float | None  # over those that carried a probability

    @property
    def precision(self) -> float | None:
        return (self.right + self.prevented) / self.scored if self.scored else None

    def __str__(self) -> str:
        if not self.scored:
            return "no warning has been scored yet"
        text = f"my last {self.scored} warnings: {self.right} right"
        if self.prevented:
            text += f", {self.prevented} acted on in time"
        if self.median_lead_seconds is not None:
            text += f", median {self.median_lead_seconds / 60:.0f} minutes early"
        return text


@dataclass
class PredictionLedger:
    """All predictions that are open or among the last scored ones."""

    mute_after: int = 5
    predictions: list[Prediction] = field(default_factory=list)

    def made(self, alert: Alert) -> Prediction | None:
        """Take down a warning; None for alerts that foresee nothing (a silence is the failure itself)."""
        if alert.cause.kind not in RISING or any(p.alert_id == alert.alert_id for p in self.predictions):
            return None
        pattern = _pattern(alert)
        # the group's total or a level rises for many causes: that some were harmless says nothing about the next
        muted = not alert.cause.aggregate and self.is_muted(pattern)
        prediction = Prediction(alert.alert_id, alert.at, list(alert.groups), pattern, alert.probability, muted=muted)
        alert.muted = prediction.muted
        self.predictions.append(prediction)
        return prediction

    def named(self, alert: Alert) -> None:
        """A warning that began as a rise of the total has found the template behind it: that is what its score counts for."""
        if not alert.cause.aggregate:
            for prediction in self.predictions:
                if prediction.alert_id == alert.alert_id and prediction.outcome is None:
                    prediction.pattern = _pattern(alert)

    def is_muted(self, pattern: str) -> bool:
        last = [p.outcome for p in self._scored() if p.pattern == pattern][-_PER_PATTERN:]
        false = last.count(Outcome.FALSE)
        return false >= self.mute_after and false > len(last) - false

    def acted(self, alert_id: str) -> None:
        """Somebody did something about it: if nothing fails now, the warning was not false."""
        for prediction in self.predictions:
            prediction.acted |= prediction.alert_id == alert_id

    def failed(self, log_group: str, at: int) -> list[Prediction]:
        """A group failed: every open warning about it was right."""
        hits = []
        for prediction in self.predictions:
            due = prediction.at <= at <= prediction.at + _HORIZON_SECONDS
            if prediction.outcome is None and due and log_group in prediction.groups:
                prediction.outcome, prediction.lead_seconds = Outcome.HIT, at - prediction.at
                hits.append(prediction)
        return hits

    def expire(self, now: int, judged: Mapping[str, int]) -> list[Prediction]:
        """Score what the horizon has passed, by the clock and by what of its groups has been judged (a catch-up comes late)."""
        over = [p for p in self.predictions if p.outcome is None and _over(p, now, judged)]
        for prediction in over:
            prediction.outcome = Outcome.PREVENTED if prediction.acted else Outcome.FALSE
        scored = self._scored()
        for old in scored[: max(0, len(scored) - _KEEP_SCORED)]:
            self.predictions.remove(old)
        return over

    def record(self) -> Record:
        last = self._scored()[-RECORD:]
        leads = [p.lead_seconds for p in last if p.lead_seconds is not None]
        # what was prevented would have been false without the action or right without it: nobody knows
        sure = [(p.probability, p.outcome) for p in last if p.probability is not None and p.outcome is not Outcome.PREVENTED]
        return Record(
            scored=len(last),
            right=_count(last, Outcome.HIT),
            prevented=_count(last, Outcome.PREVENTED),
            median_lead_seconds=median(leads) if leads else None,
            brier=math.fsum((p - (o is Outcome.HIT)) ** 2 for p, o in sure) / len(sure) if sure else None,
        )

    def _scored(self) -> list[Prediction]:
        return [p for p in self.predictions if p.outcome is not None]


def _pattern(alert: Alert) -> str:
    return f"{alert.cause.log_group}\n{alert.cause.template_id}"


def _over(prediction: Prediction, now: int, judged: Mapping[str, int]) -> bool:
    end = prediction.at + _HORIZON_SECONDS
    return now > end and (now > end + _PATIENCE_SECONDS or all(judged.get(group, 0) >= end for group in prediction.groups))


def _count(predictions: Iterable[Prediction], outcome: Outcome) -> int:
    return sum(p.outcome is outcome for p in predictions)
