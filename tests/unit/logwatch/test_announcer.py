"""What people are told of an outbreak, and what the watch is told of deploys and of what was done."""

import random

from aiops_daemon.logwatch.deploys import DeploySeen, DeploysSeen
from aiops_daemon.logwatch.episodes import Change
from tests.doubles.cloudwatch import Clock, Dynamo, Event, Logs
from tests.doubles.log_watching import START, Told, events, ticks, watch


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
