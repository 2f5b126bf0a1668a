"""Breaker and budgets in a whole recovery: what they hold back, what an approval meets, what an override passes, what people are told."""

from typing import Any

import pytest

from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.model.errors import GiveUp, InvalidInput, NotFound
from aiops_daemon.model.incident import Incident, Outcome, Signal, State
from aiops_daemon.model.notice import Notice, NoticeKind
from aiops_daemon.model.plan import Failed
from aiops_daemon.model.verdict import Autonomy
from aiops_daemon.policy.settings import Mode, PolicySettings
from aiops_daemon.workflow.worker import Workers
from tests.doubles.world import Fleet, stopped

ITEM = "BREAKER#ec2.start"


def instance(n: int) -> str:
    return f"i-{n:017x}"


async def fail(fleet: Fleet, workers: Workers, n: int) -> Incident:
    """Instance `n` is stopped; as far as it goes by itself."""
    incident_id = await fleet.admit(workers, stopped(instance(n), f"e{n}", fleet.clock.now()))
    for _ in range(6):
        await workers.drain()
        fleet.clock.advance(31)
    return await fleet.incident(incident_id)


async def broken(fleet: Fleet, **settings: Any) -> Workers:
    """Three recoveries of three instances did not help."""
    workers = fleet.workers()
    fleet.world.heals = False
    for n in range(3):
        assert (await fail(fleet, workers, n)).outcome is Outcome.ROLLED_BACK
    fleet.world.heals = True
    return workers


async def say(fleet: Fleet, workers: Workers, incident: Incident, decision: str = "approve", *, override: bool = False) -> Incident:
    name = f"s{len((await fleet.incident(incident.incident_id)).signals)}"
    said = Signal(signal_id=name, decision=decision, by="ann", reason="drill", at=fleet.clock.now(), override=override)
    await workers.tools.journal.signal(incident.incident_id, said)
    for _ in range(4):
        await workers.drain()
        fleet.clock.advance(1)
    return await fleet.incident(incident.incident_id)


def notices(fleet: Fleet, incident: Incident) -> list[Notice]:
    return [notice for _, notice in fleet.world.delivered if notice.incident_id == incident.incident_id]


def gauge(workers: Workers) -> float:
    value: float = workers.tools.metrics.guards.breaker.labels("ec2.start")._value.get()
    return value


async def test_whoever_opens_the_breaker_pages_once_with_why_and_how_to_close_it() -> None:
    fleet = Fleet(storm_resources=50)
    workers = await broken(fleet)
    (page,) = (notice for _, notice in fleet.world.delivered if notice.kind is NoticeKind.BREAKER)
    assert page.subject == "[AIOps] Breaker open: ec2.start asks people from now on"
    assert "3 recoveries in a row failed; one recovery may try it again from 2026-03-02T04:" in page.summary
    assert page.actions[:2] == ("aiops-daemon breaker show ec2.start", 'aiops-daemon breaker close ec2.start --reason "..."')
    assert page.severity == 7
    assert gauge(workers) == 1, "set when it opened, not when somebody next looks"


async def test_after_the_rest_a_person_lets_one_probe_through_and_its_success_closes_the_breaker() -> None:
    fleet = Fleet(storm_resources=50)
    workers = await broken(fleet)
    fleet.clock.advance(3600)
    first, second = await fail(fleet, workers, 10), await fail(fleet, workers, 11)
    assert first.audit[-1].note.endswith("an approval makes this recovery its probe")
    fleet.world.polls_needed = 5
    first = await say(fleet, workers, first)
    assert first.workflow_state is State.EXECUTING
    second = await say(fleet, workers, second)
    assert second.workflow_state is State.AWAITING_APPROVAL
    assert (
        f"refused: the breaker of ec2.start is open: 3 recoveries in a row failed; its probe is {first.incident_id}"
        in second.audit[-1].note
    )
    await fleet.settle(workers, steps=20)
    first = await fleet.incident(first.incident_id)
    assert first.outcome is Outcome.VERIFIED
    assert any("as the probe of the breaker of ec2.start" in entry.note for entry in first.audit)
    assert "open_since" not in fleet.memory.items[ITEM]
    assert gauge(workers) == 0
    assert (await fail(fleet, workers, 12)).workflow_state is not State.AWAITING_APPROVAL


async def test_a_probe_that_fails_opens_it_again_for_longer_and_pages_again() -> None:
    fleet = Fleet(storm_resources=50, breaker_probe="auto")
    workers = await broken(fleet)
    fleet.clock.advance(3600)
    fleet.world.heals = False
    probe = await fail(fleet, workers, 10)
    assert probe.outcome is Outcome.ROLLED_BACK
    assert fleet.memory.items[ITEM]["rest_seconds"] == 7200
    assert [notice.kind for notice in notices(fleet, probe)] == [NoticeKind.FAILED, NoticeKind.BREAKER]
    fleet.clock.advance(3700)
    assert (await fail(fleet, workers, 11)).workflow_state is State.AWAITING_APPROVAL, "twice as long"


async def test_automatic_probes_are_one_at_a_time() -> None:
    fleet = Fleet(storm_resources=50, breaker_probe="auto")
    workers = await broken(fleet)
    fleet.clock.advance(3600)
    fleet.world.polls_needed = 20
    assert (await fail(fleet, workers, 10)).workflow_state is State.EXECUTING
    assert (await fail(fleet, workers, 11)).workflow_state is State.AWAITING_APPROVAL


async def test_an_approval_meets_the_open_breaker_and_only_an_override_passes_it_on_the_record() -> None:
    fleet = Fleet(storm_resources=50)
    workers = await broken(fleet)
    incident = await fail(fleet, workers, 10)
    assert f"incidents approve {incident.incident_id} --override" in notices(fleet, incident)[0].actions[1]
    incident = await say(fleet, workers, incident)
    refusal = incident.audit[-1].note
    assert refusal.startswith("approve by ann: drill, refused: the breaker of ec2.start is open")
    assert refusal.endswith("approve again with --override to act all the same, or close it first: aiops-daemon breaker close ec2.start")
    assert notices(fleet, incident)[-1].summary == refusal, "who approved is told"
    assert instance(10) not in fleet.world.healthy
    incident = await say(fleet, workers, incident, override=True)
    assert incident.outcome is Outcome.VERIFIED
    assert any("overridden: the breaker of ec2.start is open" in entry.note for entry in incident.audit)
    assert incident.results["overridden"] == ["the breaker of ec2.start is open: 3 recoveries in a row failed"]
    assert fleet.memory.items[ITEM]["open_since"], "an override that went well closes nothing"


async def test_a_refused_approval_can_still_be_rejected_and_silence_is_still_a_no() -> None:
    fleet = Fleet(storm_resources=50)
    workers = await broken(fleet)
    one, two = await fail(fleet, workers, 10), await fail(fleet, workers, 11)
    for incident in (one, two):
        assert (await say(fleet, workers, incident)).workflow_state is State.AWAITING_APPROVAL
    assert (await say(fleet, workers, one, "reject")).workflow_state is State.REJECTED
    fleet.clock.advance(24 * 3600)
    await workers.drain()
    assert (await fleet.incident(two.incident_id)).audit[-1].note == "nobody approved in time, which is a no"


async def test_a_closed_breaker_lets_the_same_approval_through() -> None:
    fleet = Fleet(storm_resources=50)
    workers = await broken(fleet)
    incident = await fail(fleet, workers, 10)
    await Breaker(fleet.memory, fleet.clock).close("ec2.start", by="ann", reason="capacity is back")
    assert (await say(fleet, workers, incident)).outcome is Outcome.VERIFIED


@pytest.mark.parametrize("override", [False, True])
async def test_an_approval_over_the_accounts_budget_waits_for_the_next_hour_or_is_overridden(override: bool) -> None:
    fleet = Fleet(storm_resources=50, recoveries_per_account_and_hour=1)
    workers = fleet.workers()
    await fail(fleet, workers, 1)
    incident = await fail(fleet, workers, 2)
    assert "budget: 1 recoveries in this account and hour are spent" in incident.audit[-1].note
    incident = await say(fleet, workers, incident)
    assert incident.workflow_state is State.AWAITING_APPROVAL
    assert (
        "waits: budget: 1 recoveries in this account and hour are spent; it goes on by itself at 2026-03-02T04:00:00"
        in incident.audit[-1].note
    )
    if override:
        incident = await say(fleet, workers, incident, override=True)
        assert incident.results["overridden"] == ["budget: 1 recoveries in this account and hour are spent"]
    else:
        fleet.clock.at = fleet.clock.at.replace(hour=4, minute=0, second=1)
        await workers.drain()
        incident = await fleet.incident(incident.incident_id)
        assert "overridden" not in incident.results
    assert incident.outcome is Outcome.VERIFIED
    assert [notice.kind for notice in notices(fleet, incident)].count(NoticeKind.REVIEW) == 2


async def test_a_waiting_approval_can_be_taken_back_and_waits_on_where_the_next_hour_is_spent_too() -> None:
    fleet = Fleet(storm_resources=50, recoveries_per_account_and_hour=1)
    workers = fleet.workers()
    await fail(fleet, workers, 1)
    waiting = [await say(fleet, workers, await fail(fleet, workers, n)) for n in (2, 3, 4)]
    assert (await say(fleet, workers, waiting[2], "reject")).workflow_state is State.REJECTED
    fleet.clock.at = fleet.clock.at.replace(hour=4, minute=0, second=1)
    await workers.drain()
    states = [(await fleet.incident(one.incident_id)).workflow_state for one in waiting[:2]]
    assert sorted(states) == [State.AWAITING_APPROVAL, State.COMPLETED], "one an hour"
    reviews = [notice for notice in fleet.world.delivered if notice[1].kind is NoticeKind.REVIEW]
    fleet.clock.at = fleet.clock.at.replace(hour=5, minute=0, second=1)
    await workers.drain()
    assert [(await fleet.incident(one.incident_id)).workflow_state for one in waiting[:2]] == [State.COMPLETED] * 2
    assert len([notice for notice in fleet.world.delivered if notice[1].kind is NoticeKind.REVIEW]) == len(reviews), "waiting on is no news"


async def test_an_approval_while_the_switch_is_set_keeps_the_question_open() -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    workers = fleet.workers()
    incident = await fail(fleet, workers, 1)
    await workers.tools.switch.set(stopped=True, by="bob", reason="a bad deploy")
    incident = await say(fleet, workers, incident, override=True)
    assert "refused: kill switch set by bob at 2026-03-02T03:" in incident.audit[-1].note
    assert incident.audit[-1].note.endswith(": a bad deploy; approve again after `aiops-daemon start`")
    await workers.tools.switch.set(stopped=False, by="bob", reason="over")
    assert (await say(fleet, workers, incident)).outcome is Outcome.VERIFIED


async def test_what_the_policy_forbids_by_now_is_refused_and_no_override_passes_it() -> None:
    for policy, why in (
        (PolicySettings(mode=Mode.OBSERVE), "observe mode"),
        (PolicySettings(allowed_actions=("rds.start",)), "policy allows observe"),
        (PolicySettings(autonomy={"ec2.start": Autonomy.OBSERVE}), "policy allows observe"),
    ):
        fleet = Fleet()
        fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
        incident = await fail(fleet, fleet.workers(), 1)
        fleet.policy = policy
        for override in (False, True):
            incident = await say(fleet, fleet.workers(), incident, override=override)
            assert incident.workflow_state is State.AWAITING_APPROVAL
            assert why in incident.audit[-1].note
            assert incident.audit[-1].note.endswith("the policy has to allow it first")
        assert not fleet.world.starts
        assert not any("--override" in command for command in notices(fleet, incident)[-1].actions), "which would not help"


@pytest.mark.parametrize("told", [False, True])
async def test_a_resource_that_was_protected_after_the_question_needs_an_override(told: bool) -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    protected = PolicySettings(protected=("ec2:instance#*",))
    if told:
        fleet.policy = protected
    incident = await fail(fleet, fleet.workers(), 1)
    fleet.policy = protected
    incident = await say(fleet, fleet.workers(), incident)
    if not told:
        assert "refused: the resource is protected by now" in incident.audit[-1].note
        incident = await say(fleet, fleet.workers(), incident, override=True)
    assert incident.outcome is Outcome.VERIFIED


@pytest.mark.parametrize(("error", "counts"), [(NotFound("no such instance"), 0), (InvalidInput("bad id"), 0), (GiveUp("denied"), 1)])
async def test_what_was_refused_before_any_effect_is_no_failed_recovery(error: Exception, counts: int) -> None:
    fleet = Fleet(storm_resources=50)
    workers = fleet.workers()

    async def start(call: object) -> None:
        raise error

    vars(fleet.action)["start"] = start
    assert (await fail(fleet, workers, 1)).outcome is Outcome.FAILED
    assert fleet.memory.items.get(ITEM, {}).get("failures", 0) == counts


async def test_a_probe_that_was_refused_before_any_effect_makes_room_for_another() -> None:
    fleet = Fleet(storm_resources=50, breaker_probe="auto")
    workers = await broken(fleet)
    fleet.clock.advance(3600)
    fleet.world.start_answer = Failed(reason="no such instance", untouched=True)
    assert (await fail(fleet, workers, 10)).outcome is Outcome.FAILED
    assert "probe" not in fleet.memory.items[ITEM]
    fleet.world.start_answer = None
    assert (await fail(fleet, workers, 11)).outcome is Outcome.VERIFIED


async def test_the_days_budget_of_a_resource_five_ten_twenty_minutes_and_then_a_human() -> None:
    """The exact sequence on a virtual clock: each failure comes a second before, and then after, the cooldown is over."""
    fleet = Fleet()
    workers = fleet.workers()
    seen: list[tuple[float, str, str]] = []

    async def again(n: int) -> Incident:
        fleet.world.healthy.clear()
        incident_id = await fleet.admit(workers, stopped(event_id=f"e{n}", at=fleet.clock.now()))
        await workers.drain()
        incident = await fleet.incident(incident_id)
        seen.append((fleet.clock.monotonic(), incident.workflow_state, incident.audit[-1].note))
        return incident

    await again(0)
    for n, minutes in ((1, 5), (3, 10)):
        fleet.clock.advance(minutes * 60 - 1)
        await again(n)
        fleet.clock.advance(2)
        await again(n + 1)
    fleet.clock.advance(20 * 60 - 1)
    await again(5)
    fleet.clock.advance(2)
    fourth = await again(6)
    assert [(at, state) for at, state, _ in seen] == [
        (0, "COMPLETED"), (299, "COOLDOWN"), (301, "COMPLETED"), (900, "COOLDOWN"), (902, "COMPLETED"), (2101, "COOLDOWN"),
        (2103, "AWAITING_APPROVAL"),
    ]  # fmt: skip
    assert seen[-1][2] == "Manual Review Required: budget: this resource was already recovered 3 times today"
    assert all("is in cooldown, held by inc-" in note for _, state, note in seen if state == "COOLDOWN")
    assert sum(fleet.world.starts.values()) == 3
    assert (await say(fleet, workers, fourth)).workflow_state is State.AWAITING_APPROVAL, "a plain yes meets the budget again"
    assert (await say(fleet, workers, fourth, override=True)).outcome is Outcome.VERIFIED
    fleet.clock.advance(86400)
    assert (await again(7)).workflow_state is State.COMPLETED, "a new day"


async def test_an_approval_does_not_wait_beyond_its_own_deadline() -> None:
    fleet = Fleet(storm_resources=50, recoveries_per_account_and_hour=1, approval_hours=0.25)
    workers = fleet.workers()
    await fail(fleet, workers, 1)
    incident = await say(fleet, workers, await fail(fleet, workers, 2))
    assert "refused: budget: 1 recoveries in this account and hour are spent; approve again with --override" in incident.audit[-1].note
    fleet.clock.advance(901)
    await workers.drain()
    assert (await fleet.incident(incident.incident_id)).workflow_state is State.REJECTED


@pytest.mark.parametrize("override", [False, True])
async def test_whoever_loses_the_race_for_the_probe_is_refused_unless_a_person_overrides(
    override: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(storm_resources=50)
    workers = await broken(fleet)
    fleet.clock.advance(3600)
    incident = await fail(fleet, workers, 10)

    async def taken(*_: object, **__: object) -> bool:
        return False

    monkeypatch.setattr(Breaker, "take_probe", taken)
    incident = await say(fleet, workers, incident, override=override)
    why = "the breaker of ec2.start is open, and another recovery is its probe right now"
    if override:
        assert (incident.outcome, incident.results["overridden"]) == (Outcome.VERIFIED, [why])
    else:
        assert f"refused: {why}" in incident.audit[-1].note


async def test_two_words_at_once_are_both_heard_in_their_order() -> None:
    fleet = Fleet(storm_resources=50, recoveries_per_account_and_hour=1)
    workers = fleet.workers()
    await fail(fleet, workers, 1)
    incident = await fail(fleet, workers, 2)
    early = Signal(signal_id="first", decision="approve", by="ann", reason="go", at=fleet.clock.now())
    await workers.tools.journal.signal(incident.incident_id, early)
    fleet.clock.advance(1)
    incident = await say(fleet, workers, incident, override=True)
    assert incident.outcome is Outcome.VERIFIED
    said = [entry.note for entry in incident.audit if entry.note.startswith("approve by ann")]
    assert ["waits: budget" in note for note in said] == [True, False]
    assert "overridden: budget" in said[1]


async def test_of_two_words_at_once_the_no_counts() -> None:
    fleet = Fleet(storm_resources=50)
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    workers = fleet.workers()
    incident = await fail(fleet, workers, 1)
    early = Signal(signal_id="first", decision="approve", by="ann", reason="go", at=fleet.clock.now())
    await workers.tools.journal.signal(incident.incident_id, early)
    fleet.clock.advance(1)
    incident = await say(fleet, workers, incident, "reject")
    assert (incident.workflow_state, fleet.world.starts.total()) == (State.REJECTED, 0)
