"""What a woken person reads: the subject says what became of it, the first facts what and why, the last lines how to answer and to stop."""

from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.model.incident import State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.workflow.notices import compose
from tests.doubles.world import Fleet, stopped

STOP = "aiops-daemon stop --reason"


async def admitted(fleet: Fleet) -> str:
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped("i-1"))
    await fleet.settle(workers)
    return incident_id


async def test_a_question_says_until_when_it_may_be_answered_and_what_silence_means() -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.5})
    incident_id = await admitted(fleet)
    notice = compose(await fleet.incident(incident_id), NoticeKind.REVIEW)
    assert dict(notice.facts)["Answer by"] == "2026-03-03T03:00:00Z; no answer is a no"
    ((_, delivered),) = fleet.world.delivered
    assert dict(delivered.facts)["Answer by"] == "2026-03-03T03:00:00Z; no answer is a no", "as it was read, not as it is looked up later"
    assert [command.split(" --")[0] for command in notice.actions[:2]] == [
        f"aiops-daemon incidents approve {incident_id}",
        f"aiops-daemon incidents reject {incident_id}",
    ]
    assert notice.actions[-1].startswith(STOP)
    over = (await fleet.incident(incident_id)).model_copy(update={"workflow_state": State.REJECTED})
    assert "Answer by" not in dict(compose(over, NoticeKind.REVIEW).facts)
    assert compose(over, NoticeKind.STOPPED).subject == "[AIOps] Rejected: ec2:instance i-1 StopInstances"
    assert "aiops-daemon start" not in str(compose(over, NoticeKind.STOPPED).actions), "nobody stopped the fleet"


async def test_what_and_why_come_before_what_stands_beside_it() -> None:
    fleet = Fleet(soak_seconds=10)
    labels = [label for label, _ in compose(await fleet.incident(await admitted(fleet)), NoticeKind.RECOVERED).facts]
    assert labels[:5] == ["State", "Resource", "Event", "By", "Why"]
    assert [label for label in labels[5:] if label != "Duration"] == ["Action", "Verification", "Classification", "Incident"]


async def test_whatever_acted_says_how_to_stop_it_and_what_only_tells_does_not() -> None:
    fleet = Fleet()
    incident = await fleet.incident(await admitted(fleet))
    for kind in NoticeKind:
        tells = kind in {NoticeKind.ANOMALY, NoticeKind.WARNING, NoticeKind.STOPPED}
        assert (STOP in str(compose(incident, kind).actions)) is not tells, kind


async def test_a_stop_does_not_read_as_if_the_resource_had_stopped_and_says_how_to_let_go() -> None:
    fleet = Fleet()
    await KillSwitch(fleet.memory, fleet.clock).set(stopped=True, by="ann", reason="drill")
    notice = compose(await fleet.incident(await admitted(fleet)), NoticeKind.STOPPED)
    assert notice.subject == "[AIOps] Recovery stopped: ec2:instance i-1 StopInstances"
    assert "kill switch set by ann" in notice.summary
    assert [action.partition("    #")[0] for action in notice.actions][1:] == ["aiops-daemon status", 'aiops-daemon start --reason "..."']
