"""The book of alerts that all tasks share: one item in `aiops-patterns`, replaced only in the version that was read.

A bucket of a group is entered once (`applied`), however often a crash makes a task try again; what is to be announced stays in
the outbox until it has been.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from aiops_daemon.logwatch.episodes import Change, EpisodeBook
from aiops_daemon.logwatch.findings import Alert, GroupStep
from aiops_daemon.logwatch.predictions import Prediction, PredictionLedger

_OLD_SECONDS = 3_600  # what is over and older than this when it is found (a catch-up) is not announced


@dataclass
class Announcement:
    """A change of an alert that people have not been told yet."""

    change: Change
    alert_id: str


@dataclass
class Book:
    episodes: EpisodeBook = field(default_factory=EpisodeBook)
    ledger: PredictionLedger = field(default_factory=PredictionLedger)
    applied: dict[str, int] = field(default_factory=dict)  # group -> time of its last step
    outbox: list[Announcement] = field(default_factory=list)

    def enter(self, steps: Sequence[GroupStep], now: int) -> list[Prediction]:
        """Bring steps of one group into the alerts, each once; predictions that were scored by it."""
        scored: list[Prediction] = []
        for step in sorted(steps, key=lambda s: s.at):
            if step.at <= self.applied.get(step.log_group, 0):
                continue
            self.applied[step.log_group] = step.at
            for change, alert in self.episodes.settle([step]):
                self._announce(change, alert, now)
            if step.failed:
                scored += self.ledger.failed(step.log_group, step.at)
        return scored + self.ledger.expire(now, self.applied)

    def _announce(self, change: Change, alert: Alert, now: int) -> None:
        if change is Change.OPENED:
            self.ledger.made(alert)
        elif change is Change.UPDATED:
            self.ledger.named(alert)
        if alert.muted:
            return
        entry = Announcement(change, alert.alert_id)
        opening = Announcement(Change.OPENED, alert.alert_id)
        if change is Change.CLOSED and opening in self.outbox and now - alert.at > _OLD_SECONDS:
            self.outbox = [a for a in self.outbox if a.alert_id != alert.alert_id]
        elif entry not in self.outbox and not (change is Change.UPDATED and opening in self.outbox):
            self.outbox.append(entry)

    def strike(self, told: Sequence[Announcement]) -> None:
        """People have heard of these."""
        self.outbox = [entry for entry in self.outbox if entry not in told]

    def alert(self, alert_id: str) -> Alert | None:
        return next((a for a in self.episodes.alerts if a.alert_id == alert_id), None)


_BOOK = TypeAdapter(Book)


def dump(book: Book) -> str:
    return _BOOK.dump_json(book).decode()


def load(text: str) -> Book:
    return _BOOK.validate_json(text)
