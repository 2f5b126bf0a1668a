"""Notices that are told again, and one that cannot be written."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from aiops_daemon.incidents.change import Change
from aiops_daemon.incidents.journal import MAX_TAKEOVERS
from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.model.incident import OutboxEntry, Outcome, Signal, State
from aiops_daemon.model.notice import Notice, NoticeKind
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.workflow.worker import Workers
from tests.doubles.faults import Killed
from tests.doubles.world import Fleet, stopped


async def test_a_question_asked_again_is_another_message_for_channels_that_deduplicate() -> None:
    """SNS FIFO drops a second message of the same id for five minutes, and a webhook may for good."""
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    await KillSwitch(fleet.memory, fleet.clock).set(stopped=True, by="ann", reason="drill")
    for n in range(2):
        said = Signal(signal_id=f"s{n}", decision="approve", by="ann", reason="", at=fleet.clock.now())
        await workers.tools.journal.signal(incident_id, said)
        await workers.drain()
    told = [notice.notice_id for _, notice in fleet.world.delivered if notice.kind is NoticeKind.REVIEW]
    assert told == [f"{incident_id}.review", f"{incident_id}.2.review", f"{incident_id}.3.review"]


async def test_a_notice_that_cannot_be_written_is_given_up_and_hides_no_other() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    (seen,) = await workers.tools.journal.due(1)
    held = await workers.take(seen)
    assert held is not None
    entries = [OutboxEntry(notice_id=f"{incident_id}.{kind}", channel="sns") for kind in ("written-by-newer-code", "failed")]
    await workers.tools.journal.transition(held, Change(State.FAILED, "over", outbox=entries, outcome=Outcome.FAILED))
    began = fleet.clock.now()
    await workers._work(held)
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.FAILED]
    sent = workers.tools.metrics.notifications.sent
    assert [sent.labels("sns", result)._value.get() for result in ("delivered", "retried", "given-up")] == [1, 1, 0]
    await fleet.settle(workers, steps=200)
    tries = workers.tools.settings.notify_attempts
    assert [sent.labels("sns", result)._value.get() for result in ("delivered", "retried", "given-up")] == [1, tries - 1, 1]
    assert not fleet.open()
    assert fleet.clock.now() - began < timedelta(hours=1)


async def until_it_dies(workers: Workers) -> None:
    try:
        await workers.drain()
    except* Killed:
        pass


async def test_a_notice_that_kills_whoever_delivers_it_is_given_up_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    deaths = 0

    async def dies(notice: Notice) -> None:
        nonlocal deaths
        deaths += 1
        raise Killed("out of memory")

    monkeypatch.setattr(workers.tools.notifiers[0], "deliver", dies)
    with capture_logs() as lines:
        while fleet.open():
            fleet.clock.advance(120)
            await until_it_dies(workers)
    incident = await fleet.incident(incident_id)
    assert (incident.workflow_state, incident.outcome, incident.due_at) == (State.COMPLETED, Outcome.VERIFIED, None)
    assert deaths == incident.takeovers == 2 * MAX_TAKEOVERS + 1
    (given_up,) = (line for line in lines if line["event"] == LogEvent.NOTICES_GIVEN_UP)
    assert (given_up["log_level"], given_up["channels"]) == ("error", ["sns"])
    assert [entry.last_error for entry in incident.outbox.values()] == [f"given up: {deaths} workers died on this incident"]
    assert workers.tools.metrics.notifications.sent.labels("sns", "given-up")._value.get() == 1


async def test_half_of_the_deaths_are_kept_for_telling_of_the_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five workers die on the way, a few more while they tell that a human has to look: it is told all the same."""
    fleet = Fleet()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    fleet.memory.items[incident_id]["takeovers"] = MAX_TAKEOVERS
    fleet.memory.items[incident_id]["owner"] = "a dead one"
    fleet.clock.advance(120)
    deliver, left = workers.tools.notifiers[0].deliver, 3

    async def dies(notice: Notice) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise Killed("out of memory")
        await deliver(notice)

    monkeypatch.setattr(workers.tools.notifiers[0], "deliver", dies)
    while fleet.open():
        await until_it_dies(workers)
        fleet.clock.advance(120)
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.QUARANTINED]
