"""The shared book: each bucket enters once, each change is told until it has been, what is long over is not told at all."""

from aiops_daemon.logwatch.book import Announcement, Book, dump, load
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Ending, Finding, GroupStep, Kind
from aiops_daemon.logwatch.predictions import Outcome, PredictionLedger
from aiops_daemon.logwatch.probability import Forecast

T0 = 1_767_571_200


def step(at: int = T0, *, begins: bool = False, ends: bool = False, failed: bool = False, kind: Kind = Kind.RAMP) -> GroupStep:
    finding = Finding(at, "/a", kind, "pool <*> is full", "t1", 40, 3.0, 5.0, at - 300, 0, samples=("pool 7 is full",))
    ending = Ending("/a", "t1", kind is Kind.RAMP, at)
    return GroupStep(
        at, "/a", (finding,) if begins else (), (), (ending,) if ends else (), (), Forecast(0.4), failed=failed, lead_seconds=None
    )


def changes(book: Book) -> list[Change]:
    return [entry.change for entry in book.outbox]


def test_a_step_enters_once_however_often_it_comes() -> None:
    book = Book()
    for _ in range(2):
        book.enter([step(begins=True)], T0)
    assert changes(book) == [Change.OPENED]
    assert len(book.ledger.predictions) == 1
    book.strike(list(book.outbox))
    book.enter([step(begins=True)], T0)
    assert book.outbox == []


def test_steps_are_entered_in_their_order_and_the_end_is_told() -> None:
    book = Book()
    book.enter([step(T0 + 600, ends=True), step(T0, begins=True)], T0 + 600)
    assert changes(book) == [Change.OPENED, Change.CLOSED]
    assert book.applied == {"/a": T0 + 600}


def test_what_began_and_ended_long_ago_in_a_catch_up_is_not_told() -> None:
    book = Book()
    book.enter([step(T0, begins=True), step(T0 + 600, ends=True)], T0 + 7_200)
    assert book.outbox == []


def test_a_failure_scores_the_warning_before_it() -> None:
    book = Book()
    book.enter([step(begins=True)], T0)
    (scored,) = book.enter([step(T0 + 1_200, failed=True)], T0 + 1_200)
    assert (scored.outcome, scored.lead_seconds) == (Outcome.HIT, 1_200)


def test_an_hour_without_a_failure_scores_it_false() -> None:
    book = Book()
    book.enter([step(begins=True)], T0)
    assert book.enter([step(T0 + 300)], T0 + 3_600) == []
    (scored,) = book.enter([step(T0 + 3_600)], T0 + 3_901)
    assert scored.outcome is Outcome.FALSE


def test_a_muted_pattern_is_scored_and_not_told() -> None:
    book = Book(ledger=PredictionLedger(mute_after=2))
    for number in range(2):
        at = T0 + number * 20_000
        book.enter([step(at, begins=True), step(at + 300, ends=True)], at + 300)
        book.enter([step(at + 9_000)], at + 9_000)
    book.outbox.clear()
    book.enter([step(T0 + 60_000, begins=True)], T0 + 60_000)
    assert book.outbox == []
    assert [p.muted for p in book.ledger.predictions] == [False, False, True]


def test_what_is_written_is_what_is_read() -> None:
    book = Book()
    book.enter([step(begins=True), step(T0 + 300, failed=True)], T0 + 300)
    again = load(dump(book))
    assert again == book
    assert dump(again) == dump(book)
    alert = again.alert(again.outbox[0].alert_id)
    assert alert is not None
    assert alert.cause.kind is Kind.RAMP
    assert again.alert("log-other") is None


def test_only_what_was_told_is_struck() -> None:
    one, two = Announcement(Change.OPENED, "log-1"), Announcement(Change.CLOSED, "log-1")
    book = Book(outbox=[one, two])
    book.strike([one])
    assert book.outbox == [two]
