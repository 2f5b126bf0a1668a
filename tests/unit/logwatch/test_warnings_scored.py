"""Warnings from their lines to their score, in virtual time: right, wrong, prevented, told with the next one; muted when always wrong."""

import random
from typing import Any

from aiops_daemon.logwatch.announcer import FollowUp
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert
from aiops_daemon.logwatch.predictions import Outcome
from aiops_daemon.logwatch.watch import LogWatch
from tests.doubles.cloudwatch import Clock, Dynamo, Event, Logs
from tests.doubles.log_watching import BUCKET, START, Told, ticks, watch

QUIET = 3 * 288  # buckets of history, read back in the first run
SETTINGS: dict[str, Any] = {"history_seconds": QUIET * BUCKET, "failure_lines_per_hour": 240}  # 20 error lines a bucket
GAP = 50  # buckets between two episodes


class Story:
    """Three lines a bucket, and what the test adds from bucket QUIET on."""

    def __init__(self, episodes: int) -> None:
        self.rng = random.Random(1)
        self.buckets = QUIET + 13 + episodes * GAP
        self.logs = Logs(Clock(START), self.rng, page=10_000)
        for bucket in range(self.buckets):
            self.write(bucket, 3, "INFO order n7 placed")

    def write(self, bucket: int, count: int, text: str) -> None:
        for i in range(count):
            at = (START + bucket * BUCKET) * 1000 + self.rng.randrange(BUCKET * 1000)
            self.logs.events.append(Event(f"{text[:9]}{bucket}-{i}", "s", at, text, at))

    def episode(self, number: int, text: str, counts: list[int]) -> None:
        for i, count in enumerate(counts):
            self.write(QUIET + 13 + number * GAP + i, count, text)

    async def live(self, w: LogWatch) -> None:
        await ticks(self.logs, self.buckets - QUIET, w, first=QUIET - 1)


def number(w: LogWatch, result: str) -> int:
    return int(w._metrics.predictions.labels(result)._value.get())


async def test_right_wrong_and_prevented_are_told_with_the_next_warning() -> None:
    story, told = Story(4), Told()
    story.episode(0, "WARN cache is slow", [10, 10, 10, 10])  # nothing fails
    story.episode(1, "ERROR connection pool of orders-db is exhausted", [8, 8, 9, 9, 9, 40])  # fails half an hour later
    story.episode(2, "ERROR certificate of the mail gateway expires", [9, 9, 9])  # somebody does something about it
    story.episode(3, "ERROR disk of the archive is full", [9, 9])
    acted: list[str] = []

    async def follow_up(alert: Alert) -> FollowUp:
        acted.append(alert.cause.template)
        return FollowUp(acted="certificate" in alert.cause.template + " ".join(alert.cause.samples))

    w = watch(story.logs, Dynamo(), told, follow_up=follow_up, **SETTINGS)
    await story.live(w)
    assert len(told.opened()) == 4
    records = [str(record) for change, _, record in told.changes if change is Change.OPENED]
    assert records == [
        "no warning has been scored yet",
        "my last 1 warnings: 0 right",
        "my last 2 warnings: 1 right, median 25 minutes early",
        "my last 3 warnings: 1 right, 1 acted on in time, median 25 minutes early",
    ]
    book = await w.announcer.change(lambda _: None)
    assert [p.outcome for p in book.ledger.predictions] == [Outcome.FALSE, Outcome.HIT, Outcome.PREVENTED, Outcome.FALSE]
    assert {result: number(w, result) for result in ("made", "muted", "hit", "false", "prevented")} == {
        "made": 4, "muted": 0, "hit": 1, "false": 2, "prevented": 1,
    }  # fmt: skip
    assert w._metrics.precision._value.get() == 0.5
    assert w._metrics.lead._sum.get() == 1_500
    assert "certificate" not in acted[-1], "nobody asks again once it is scored"


async def test_a_pattern_that_cries_wolf_is_muted_and_another_is_not() -> None:
    story, told = Story(9), Told()
    for n in range(8):
        story.episode(n, "WARN cache is slow", [10 + n % 3] * 4)
    story.episode(8, "ERROR connection pool of orders-db is exhausted", [9, 9, 9])
    w = watch(story.logs, Dynamo(), told, **SETTINGS)
    await story.live(w)
    causes = [alert.cause.template.split()[0] for alert in told.opened()]
    assert causes.count("cache") <= 5, "five false ones are enough"
    assert causes[-1] == "connection", "and the pool is another pattern"
    assert number(w, "muted") >= 2
    assert number(w, "false") >= 8, "what is muted is scored all the same: it may come to be right"
    assert not any(alert.muted for alert in told.opened())
