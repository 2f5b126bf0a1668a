"""ANALYZING: what a model may change about the rules' verdict, and what happens when it does not answer."""

import pytest

from aiops_daemon.model.errors import GiveUp, NotPermitted, OverBudget, RetryLater
from aiops_daemon.model.incident import State
from aiops_daemon.model.verdict import Autonomy, Classification, Evidence, Verdict
from tests.doubles.world import Fleet, stopped


class StubModel:
    """Says what the test wants, or raises it; remembers what it was asked."""

    name = "stub"

    def __init__(self, said: Verdict | Exception) -> None:
        self.said = said
        self.asked: list[Evidence] = []

    async def judge(self, evidence: Evidence) -> Verdict:
        self.asked.append(evidence)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def said(**more: object) -> Verdict:
    values: dict[str, object] = {
        "classification": Classification.FAILURE, "confidence": 0.99, "severity": 8, "reasoning": "stopped by mistake",
        "action_id": "ec2.start", "analyst": "stub",
    }  # fmt: skip
    return Verdict.model_validate(values | more)


async def judged(model: StubModel) -> tuple[Fleet, Verdict, State]:
    """The verdict on the record and where the incident came to rest."""
    fleet = Fleet()
    fleet.model = model
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    incident = await fleet.incident(incident_id)
    return fleet, Verdict.model_validate(incident.results["verdict"]), incident.workflow_state


@pytest.mark.parametrize(
    "error", [RetryLater("no answer within 20 s"), GiveUp("no usable answer"), NotPermitted("403")], ids=lambda e: type(e).__name__
)
async def test_without_the_models_answer_the_rules_verdict_stands_and_says_that_it_is_degraded(error: Exception) -> None:
    fleet, verdict, state = await judged(StubModel(error))
    assert (verdict.analyst, verdict.degraded, verdict.confidence) == ("rules", True, 0.95)
    assert str(error) in verdict.reasoning
    assert state is State.COMPLETED  # starting an instance can be taken back: no human is needed for it
    assert sum(fleet.world.starts.values()) == 1


async def test_the_models_words_are_recorded_but_its_confidence_never_exceeds_the_rules() -> None:
    _, verdict, state = await judged(StubModel(said()))
    assert (verdict.reasoning, verdict.confidence, verdict.degraded) == ("stopped by mistake", 0.95, False)
    assert state is State.COMPLETED


@pytest.mark.parametrize(
    "doubt",
    [{"confidence": 0.4}, {"ceiling": Autonomy.APPROVE}, {"action_id": None}, {"action_id": "rds.start"}],
    ids=lambda doubt: next(iter(doubt)),
)
async def test_a_models_doubt_asks_a_human_and_nothing_runs(doubt: dict[str, object]) -> None:
    fleet, _, state = await judged(StubModel(said(**doubt)))
    assert state is State.AWAITING_APPROVAL
    assert not fleet.world.starts


async def test_a_model_can_veto_by_calling_it_normal() -> None:
    fleet, _, state = await judged(StubModel(said(classification=Classification.NORMAL)))
    assert state is State.SUPPRESSED
    assert not fleet.world.starts


async def test_the_model_is_asked_once_per_incident_and_its_recorded_answer_survives_a_restart() -> None:
    model = StubModel(said(confidence=0.4))
    fleet = Fleet()
    fleet.model = model
    incident_id = await fleet.admit(fleet.workers(), stopped())
    await fleet.workers().drain()
    model.said = said()  # a second answer would be another one
    fleet.clock.advance(25 * 3600)
    await fleet.settle(fleet.workers("b"))
    assert len(model.asked) == 1
    assert (await fleet.incident(incident_id)).workflow_state is State.REJECTED  # nobody answered; it did not flip to acting


async def test_a_spent_model_budget_leaves_the_verdict_to_the_rules() -> None:
    model = StubModel(said())
    fleet = Fleet(model_calls_per_hour=1)
    fleet.model = model
    workers = fleet.workers()
    for n in range(2):
        await fleet.admit(workers, stopped(f"i-{n:017x}", event_id=f"e{n}"))
    await workers.drain()
    assert len(model.asked) == 1
    degraded = workers.tools.metrics.registry.get_sample_value("aiops_model_degraded_total", {"reason": "budget"})
    assert degraded == 1


async def test_the_model_sees_only_actions_that_fit_the_event() -> None:
    model = StubModel(said())
    await judged(model)
    assert model.asked[0].allowed_actions == {"ec2.start": "start the instance"}


async def test_over_the_cost_budget_the_rules_decide_alone_and_the_record_and_the_metrics_say_so() -> None:
    fleet = Fleet()
    fleet.model = StubModel(OverBudget("the money for model calls of this hour is spent: one may cost $0.0210"))
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await workers.drain()
    incident = await fleet.incident(incident_id)
    assert Verdict.model_validate(incident.results["verdict"]).degraded
    assert any("[degraded: the money for model calls of this hour is spent" in entry.note for entry in incident.audit)
    metrics = workers.tools.metrics
    assert metrics.guards.refusals.labels("model-cost")._value.get() == 1
    assert metrics.models.degraded.labels("budget")._value.get() == 1
