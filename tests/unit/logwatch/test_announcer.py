"""What people are told of an outbreak, and what the watch is told of deploys and of what was done."""

import random

import pytest

from aiops_daemon.logwatch.announcer import FollowUp
from aiops_daemon.logwatch.deploys import DeploySeen, DeploysSeen
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Deploy
from aiops_daemon.model.errors import RetryLater
from tests.doubles.cloudwatch import Clock, Dynamo, Event, Logs
from tests.doubles.log_watching import START, Told, events, runs, ticks, watch


async def test_an_outbreak_is_told_once_with_redacted_samples_and_again_when_it_ends() -> None:
    rng = random.Random(7)
    logs = Logs(Clock(START), rng, events(rng, 12 * 60, 3, late=0), page=10_000)
    begin = START + 10 * 3600
    logs.events += [
        Event(f"bad{i}", "s", (begin + i * 7) * 1000, f"ERROR pool {i} has no connection, password=hunter2", (begin + i * 7) * 1000)
        for i in range(120)
    ]
    told = Told()
    told.refuse = 1  # the first announcement fails and is made by a later run
    w = watch(logs, Dynamo(), told)
    await ticks(logs, 142, w)
    assert len(told.opened()) == 1
    alert = told.opened()[0]
    assert alert.cause.kind == "new"
    assert "hunter2" not in "".join(alert.cause.samples)
    assert alert.cause.samples
    assert [change for change, _, _ in told.changes][-1] is Change.CLOSED
    assert len([c for c, _, _ in told.changes if c is Change.CLOSED]) == 1


async def test_a_deploy_that_the_daemon_saw_is_named() -> None:
    rng = random.Random(8)
    logs = Logs(Clock(START), rng, events(rng, 12 * 60, 3, late=0), page=10_000)
    begin = START + 10 * 3600
    logs.events += [
        Event(f"bad{i}", "s", (begin + i * 7) * 1000, f"ERROR reader {i} is too old", (begin + i * 7) * 1000) for i in range(90)
    ]
    told = Told()
    deploys = DeploysSeen()
    w = watch(logs, Dynamo(), told, deploys=deploys, groups=("/app/a",))
    for name in ("a", "payments"):  # the second is somebody else's, a little later
        deploys.waiting.append(DeploySeen(begin - 600 + len(name), f"release of {name}", name))
    await ticks(logs, 124, w)
    assert not deploys.waiting
    alert = told.opened()[0]
    assert alert.urgency == "low"
    assert alert.deploy is not None
    assert alert.deploy.name == "release of a"
    await w.announcer.note_acted(alert.alert_id)
    await w.announcer.note_failure("/app/a", alert.at + 600)
    book = await w.announcer.change(lambda book: None)
    assert str(book.ledger.record()) == "my last 1 warnings: 1 right, median 10 minutes early"


async def test_an_incident_from_elsewhere_makes_a_warning_right() -> None:
    """And a table that does not answer delays the score, not the watch."""
    rng = random.Random(9)
    logs = Logs(Clock(START), rng, events(rng, 12 * 60, 3, late=0), page=10_000)
    begin = START + 10 * 3600
    logs.events += [Event(f"bad{i}", "s", (begin + i * 7) * 1000, f"ERROR disk {i} is full", (begin + i * 7) * 1000) for i in range(90)]
    away = [True]

    async def follow_up(alert: Alert) -> FollowUp:
        if away:
            away.pop()
            raise RetryLater("the table is away")
        return FollowUp(failed_at=alert.at + 900)

    told = Told()
    w = watch(logs, Dynamo(), told, follow_up=follow_up)
    await ticks(logs, 136, w)
    book = await w.announcer.change(lambda _: None)
    assert str(book.ledger.record()) == "my last 1 warnings: 1 right, median 15 minutes early"
    assert w._metrics.lead._sum.get() == 900
    assert not away
    assert runs(w, "ok") == 136


async def test_a_book_that_others_write_is_written_on_what_they_wrote_and_given_up_in_the_end() -> None:
    logs, dynamo = Logs(Clock(START), random.Random(1)), Dynamo()
    w, other = watch(logs, dynamo, Told()), watch(logs, dynamo, Told(), "task-2")
    save = w.announcer._store.save_book
    times = 0

    async def raced(old_version: int, text: str) -> int:
        nonlocal times
        times += 1
        await other.announcer.note_deploys([Deploy(START + times, f"release {times}")])
        return await save(old_version, text)

    w.announcer._store.save_book = raced  # type: ignore[method-assign]  # somebody is always faster
    with pytest.raises(RetryLater, match="too many at once"):
        await w.announcer.note_deploys([Deploy(START, "ours")])
    assert times == 6
    w.announcer._store.save_book = save  # type: ignore[method-assign]  # nobody any more
    await w.announcer.note_deploys([Deploy(START, "ours")])
    book = await w.announcer.change(lambda _: None)
    assert sorted(deploy.name for deploy in book.episodes.deploys) == ["ours", *(f"release {n}" for n in range(1, 7))]


async def test_other_settings_count_for_the_book_that_is_there() -> None:
    logs, dynamo = Logs(Clock(START), random.Random(1)), Dynamo()
    await watch(logs, dynamo, Told()).announcer.note_deploys([Deploy(START, "ours")])
    changed = watch(logs, dynamo, Told(), deploy_window_seconds=60, mute_after=9)
    book = await changed.announcer.change(lambda _: None)
    assert (book.episodes.deploy_window, book.ledger.mute_after) == (60, 9)
    assert [deploy.name for deploy in book.episodes.deploys] == ["ours"]
