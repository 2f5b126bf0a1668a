"""From the findings of a run to the book of alerts that all tasks share, and from there to people; and what became of it afterwards."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiops_daemon.logwatch.book import Announcement, Book, dump, load
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Deploy, GroupStep
from aiops_daemon.logwatch.predictions import Outcome, Prediction, Record
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.store import PatternStore
from aiops_daemon.model.errors import AiopsError, ConditionFailed, RetryLater
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.metrics import LogWatchMetrics

_BOOK_TRIES = 6
_log = logger("logwatch")

OnAlert = Callable[[Change, Alert, Record], Awaitable[None]]


@dataclass(frozen=True)
class FollowUp:
    """What is known of a warning besides the lines."""

    acted: bool = False  # the daemon, or a human through it, did something about it
    failed_at: int | None = None  # an incident from elsewhere says that it came true


FollowedUp = Callable[[Alert], Awaitable[FollowUp]]


async def nobody_knows(_: Alert) -> FollowUp:
    """Where no settings tie a log group to a resource."""
    return FollowUp()


class Announcer:
    """The book is one item, replaced in the version that was read. `on_alert` hears of every change at least once."""

    def __init__(
        self,
        settings: LogWatchSettings,
        store: PatternStore,
        clock: Clock,
        rng: random.Random,
        *,
        on_alert: OnAlert,
        follow_up: FollowedUp,
        metrics: LogWatchMetrics,
    ) -> None:
        self._settings, self._store, self._clock, self._rng = settings, store, clock, rng
        self._on_alert, self._follow_up, self._metrics = on_alert, follow_up, metrics
        self._telling = asyncio.Lock()

    async def enter(self, steps: list[GroupStep]) -> None:
        """Into the shared book, then out to people."""
        now = int(self._clock.now().timestamp())
        before: set[str] = set()
        scored: list[Prediction] = []

        def enter(book: Book) -> None:
            before.clear()
            before.update(p.alert_id for p in book.ledger.predictions)
            scored[:] = book.enter(steps, now)

        async with self._telling:
            book = await self.change(enter)
            for made in (p for p in book.ledger.predictions if p.alert_id not in before):
                self._metrics.predictions.labels("muted" if made.muted else "made").inc()
                if made.muted:
                    _log.info(LogEvent.LOG_ALERT_MUTED, alert_id=made.alert_id, pattern=made.pattern.replace("\n", " "))
            self._count(scored, book)
            await self._announce(book)

    async def change(self, change: Callable[[Book], None]) -> Book:
        """The book as it is after `change`, which may be asked several times."""
        for attempt in range(_BOOK_TRIES):
            version, text = await self._store.book()
            book = self._as_set(load(text) if text else Book())
            change(book)
            after = dump(book)
            if after == text:
                return book
            try:
                await self._store.save_book(version, after)
            except ConditionFailed:  # another task wrote meanwhile: do it again on what it wrote
                await self._clock.sleep(self._rng.uniform(0, 0.2 * 2**attempt))
            else:
                return book
        raise RetryLater("the book of alerts is written by too many at once")

    def _as_set(self, book: Book) -> Book:
        """With the settings of today, whoever wrote it."""
        book.episodes.deploy_window, book.ledger.mute_after = self._settings.deploy_window_seconds, self._settings.mute_after
        return book

    async def _announce(self, book: Book) -> None:
        """At least once: an entry leaves the outbox only after `on_alert` has returned."""
        told: list[Announcement] = []
        record = book.ledger.record()
        for entry in book.outbox:
            alert = book.alert(entry.alert_id)
            if alert is not None:
                try:
                    await self._on_alert(entry.change, alert, record)
                except AiopsError as error:
                    _log.warning(LogEvent.LOG_ALERT_DELAYED, alert_id=entry.alert_id, error=str(error))
                    continue
                if entry.change is Change.OPENED:
                    self._metrics.alerts.labels(str(alert.cause.kind)).inc()
            told.append(entry)
        if told:
            await self.change(lambda b: b.strike(told))

    def _count(self, scored: list[Prediction], book: Book) -> None:
        for prediction in scored:
            self._metrics.predictions.labels(str(prediction.outcome)).inc()
            if prediction.outcome is Outcome.HIT and prediction.lead_seconds is not None:
                self._metrics.lead.observe(prediction.lead_seconds)
        record = book.ledger.record()
        if record.precision is not None:
            self._metrics.precision.set(record.precision)
        if record.brier is not None:
            self._metrics.brier.set(record.brier)

    # -- what became of it
    async def look_back(self) -> None:
        """Ask about every warning that is not scored yet: in time for the scoring, which begins when its hour is over."""
        book = await self.change(lambda _: None)
        waiting = [p.alert_id for p in book.ledger.predictions if p.outcome is None]
        for alert in [alert for alert in map(book.alert, waiting) if alert is not None]:
            found = await self._follow_up(alert)
            if found.acted:
                await self.note_acted(alert.alert_id)
            if found.failed_at is not None:
                await self.note_failure(alert.cause.log_group, found.failed_at)

    async def note_deploys(self, deploys: Sequence[Deploy]) -> None:
        """Releases that the daemon heard of: what begins after them is put down to them."""

        def enter(book: Book) -> None:
            for deploy in deploys:
                book.episodes.note_deploy(deploy)

        if deploys:
            await self.change(enter)

    async def note_acted(self, alert_id: str) -> None:
        """Somebody, or the daemon, did something about a warning."""
        await self.change(lambda book: book.ledger.acted(alert_id))

    async def note_failure(self, log_group: str, at: int) -> None:
        """An incident from elsewhere: warnings about this group were right."""
        hits: list[Prediction] = []

        def enter(book: Book) -> None:
            hits[:] = book.ledger.failed(log_group, at)

        self._count(hits, await self.change(enter))
