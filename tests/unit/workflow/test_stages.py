"""Analysis, verification, notices and the outbox: the ways that the whole stories do not take."""

from typing import Any

import pytest

from aiops_daemon.model.errors import GiveUp, RetryLater
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import Health, HealthStatus
from aiops_daemon.model.verdict import Autonomy, Classification, Verdict
from aiops_daemon.workflow.notices import compose, timeline
from tests.doubles.world import Fleet, stopped


async def worked(fleet: Fleet, **changes: Any) -> Incident:
    """One failure, followed to its end (or to the human)."""
    workers = fleet.workers()
    for name, value in changes.items():
        vars(workers.tools)[name] = value
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers, steps=45)
    return await fleet.incident(incident_id)


class Model:
    name = "model"

    def __init__(self, said: Verdict | Exception) -> None:
        self.said = said
        self.asked = 0

    async def judge(self, evidence: Any) -> Verdict:
        self.asked += 1
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


async def test_a_model_may_lower_what_the_rules_allow() -> None:
    fleet = Fleet()
    fleet.model = Model(fleet.rules.verdict.model_copy(update={"analyst": "model", "ceiling": Autonomy.APPROVE}))
    incident = await worked(fleet)
    assert incident.workflow_state is State.AWAITING_APPROVAL
    assert fleet.model.asked == 1, "its answer is on the record"


@pytest.mark.parametrize("error", [RetryLater("slow"), GiveUp("nonsense")])
async def test_without_the_model_the_rules_decide_and_say_so(error: Exception) -> None:
    fleet = Fleet()
    fleet.model = Model(error)
    incident = await worked(fleet)
    assert incident.workflow_state is State.COMPLETED
    assert incident.results["verdict"]["degraded"] is True  # type: ignore[index, call-overload]  # JSON


async def test_a_spent_model_budget_asks_no_model() -> None:
    fleet = Fleet(model_calls_per_hour=0)
    fleet.model = Model(fleet.rules.verdict)
    workers = fleet.workers()
    for n in range(2):
        await fleet.admit(workers, stopped(f"i-{n}", f"e{n}"))
    await fleet.settle(workers)
    assert fleet.model.asked == 0


async def test_a_normal_verdict_is_not_refined() -> None:
    fleet = Fleet()
    fleet.model = Model(fleet.rules.verdict)
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"classification": Classification.NORMAL})  # it knows more by now
    await fleet.settle(workers)
    assert (await fleet.incident(incident_id)).workflow_state is State.SUPPRESSED
    assert fleet.model.asked == 0
    assert not fleet.world.delivered


class Probe:
    """Answers from a script; the last answer stays."""

    resource_types = ("ec2:instance",)

    def __init__(self, *answers: HealthStatus, replacement: str | None = None) -> None:
        self.answers = [HealthStatus.ABSENT, *answers]  # the first look is the gate's
        self.replacement = replacement

    async def look(self, *_: Any) -> Health:
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Health(status=status, detail=f"it is {status}", resource_id=self.replacement)


async def test_a_resource_on_its_way_is_waited_for_and_its_replacement_recorded() -> None:
    pending = [HealthStatus.PENDING] * 6
    incident = await worked(Fleet(soak_seconds=10), probes={"ec2:instance": Probe(*pending, HealthStatus.HEALTHY, replacement="i-new")})
    assert (incident.outcome, incident.results["replacement"]) == (Outcome.VERIFIED, "i-new")


async def test_a_resource_that_stays_on_its_way_is_not_well() -> None:
    incident = await worked(Fleet(verify_pending_seconds=100), probes={"ec2:instance": Probe(HealthStatus.PENDING)})
    assert incident.outcome is Outcome.ROLLED_BACK


async def test_half_a_recovery_is_its_own_outcome() -> None:
    fleet = Fleet()
    incident = await worked(fleet, probes={"ec2:instance": Probe(HealthStatus.PARTIAL)})
    assert (incident.workflow_state, incident.outcome, incident.success) == (State.COMPLETED, Outcome.PARTIAL, False)
    assert fleet.world.delivered[-1][1].subject.startswith("[AIOps] Recovery ran, NOT verified")


async def test_health_that_does_not_last_is_looked_at_again() -> None:
    probe = Probe(HealthStatus.HEALTHY, HealthStatus.UNHEALTHY, HealthStatus.HEALTHY)
    incident = await worked(Fleet(soak_seconds=10), probes={"ec2:instance": probe})
    assert incident.outcome is Outcome.VERIFIED
    assert [entry.note for entry in incident.audit if "look 1 of 3" in entry.note]


async def test_without_a_probe_nothing_is_called_verified() -> None:
    incident = await worked(Fleet(), probes={})
    assert (incident.workflow_state, incident.outcome) == (State.COMPLETED, Outcome.PARTIAL)
    assert "no probe for ec2:instance" in incident.audit[-1].note


@pytest.mark.parametrize("error", [RetryLater("down"), ValueError("a bug in the channel")])
async def test_a_channel_that_never_works_is_given_up_after_all_attempts(error: Exception) -> None:
    fleet = Fleet(notify_attempts=4)
    fleet.sns.fails = error
    incident = await worked(fleet)
    (entry,) = incident.outbox.values()
    assert (entry.attempts, entry.delivered, entry.last_error) == (4, False, "attempt 4 failed")
    assert incident.due_at is None
    assert incident.workflow_state is State.COMPLETED


async def test_a_channel_that_is_gone_holds_nothing_open() -> None:
    fleet = Fleet()
    fleet.sns.fails = RetryLater("down")
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    vars(workers.tools)["notifiers"] = ()
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    assert incident.due_at is None
    assert [entry.last_error for entry in incident.outbox.values()] == ["the channel is no longer configured"]


async def test_a_notice_tells_the_whole_story() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await fleet.admit(workers, stopped("i-0", "e0"))
    await workers.drain()
    fleet.world.heals = False
    fleet.clock.advance(600)
    incident_id = await fleet.admit(workers, stopped("i-1", "e1"))
    await fleet.settle(workers)
    incident = await fleet.incident(incident_id)
    notice = compose(incident, NoticeKind.FAILED)
    facts = dict(notice.facts)
    assert facts["Similar incidents"] == "1, success rate 1.0"
    assert facts["Action"] == "start the instance: done"
    assert facts["Verification"] == "unhealthy: stopped"
    assert facts["By"] == "arn:aws:iam::123456789012:user/mallory"
    assert notice.notice_id == f"{incident_id}.failed"
    rows = timeline(incident)
    assert [row.state for row in rows] == [entry.state for entry in incident.audit]
    assert sum(row.seconds or 0 for row in rows) == (incident.audit[-1].at - incident.audit[0].at).total_seconds()
    assert rows[-1].seconds is None


async def test_a_notice_of_a_bare_record_is_still_a_notice() -> None:
    fleet = Fleet()
    incident_id = await fleet.admit(fleet.workers(), stopped())
    bare = (await fleet.incident(incident_id)).model_copy(update={"results": {}, "audit": []})
    notice = compose(bare, NoticeKind.QUARANTINED)
    assert (notice.severity, notice.summary) == (5, "StopInstances")
    assert "Classification" not in dict(notice.facts)
