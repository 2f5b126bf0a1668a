"""Notices that are told again, and one that cannot be written."""

from datetime import timedelta

from aiops_daemon.incidents.change import Change
from aiops_daemon.incidents.guards import KillSwitch
from aiops_daemon.model.incident import OutboxEntry, Outcome, Signal, State
from aiops_daemon.model.notice import NoticeKind
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
    await fleet.settle(workers, steps=200)
    assert not fleet.open()
    assert fleet.clock.now() - began < timedelta(hours=1)
