"""Act, ask, or leave it: every limit can only make the daemon more careful."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.model.event import Event, EventKind, Resource
from aiops_daemon.model.plan import ActionSpec, Effect
from aiops_daemon.model.verdict import Autonomy, Cause, Classification, DecisionKind, Provenance, Verdict
from aiops_daemon.policy.gate import allowed_actions, decide, lower_to
from aiops_daemon.policy.settings import Mode, PolicySettings

MakeEvent = Callable[..., Event]
MakeVerdict = Callable[..., Verdict]
EXPLAINED = [Cause.DENIED, Cause.SERVICE_ON_PURPOSE, Cause.AUTHORISED, Cause.OWN_ACTION]


def spec(action_id: str = "ec2.start", effect: Effect = Effect.REVERSIBLE) -> ActionSpec:
    return ActionSpec(
        id=action_id, title="start it", resource_types=("ec2:instance",), effect=effect, timeout_seconds=60, success="running"
    )


START = {"ec2.start": spec()}


def test_a_sure_failure_with_an_allowed_action_is_acted_on(make_event: MakeEvent, make_verdict: MakeVerdict) -> None:
    decision = decide(make_verdict(), Provenance(), make_event(), START, PolicySettings())
    assert decision.kind is DecisionKind.ACT
    assert decision.reason == "ec2.start at confidence 0.90: it is stopped"


@pytest.mark.parametrize(
    ("verdict", "policy", "event", "why"),
    [
        ({"confidence": 0.79}, {}, {}, "confidence 0.79 is below 0.80"),
        ({"ceiling": Autonomy.APPROVE}, {}, {}, "the rules analyst allows approve"),
        ({"action_id": None}, {}, {}, "no automatic action applies"),
        ({"action_id": "rds.start"}, {}, {}, "no automatic action applies"),
        ({}, {"protected": ("ec2:instance#*",)}, {}, "the resource is protected"),
        ({}, {"autonomy": {"ec2.start": "approve"}}, {}, "policy allows approve"),
        ({}, {}, {"siblings": 5}, "one message names 5 resources"),
        ({}, {}, {"resource": Resource(type="ec2:instance")}, "does not name the resource"),
        ({"classification": Classification.TAMPERING, "action_id": None}, {}, {}, "no automatic action applies"),
    ],
)
def test_what_a_human_decides(
    make_event: MakeEvent, make_verdict: MakeVerdict, verdict: dict[str, Any], policy: dict[str, Any], event: dict[str, Any], why: str
) -> None:
    decision = decide(make_verdict(**verdict), Provenance(), make_event(**event), START, PolicySettings(**policy))
    assert decision.kind is DecisionKind.REVIEW
    assert why in decision.reason


def test_effects_limit_autonomy_whatever_the_policy_says(make_event: MakeEvent, make_verdict: MakeVerdict) -> None:
    policy = PolicySettings(autonomy={"ec2.start": Autonomy.AUTO})
    destructive = {"ec2.start": spec(effect=Effect.DESTRUCTIVE)}
    replacing = {"ec2.start": spec(effect=Effect.REPLACING)}
    assert decide(make_verdict(), Provenance(), make_event(), destructive, policy).kind is DecisionKind.REVIEW
    assert decide(make_verdict(), Provenance(), make_event(), replacing, policy).kind is DecisionKind.ACT
    assert decide(make_verdict(degraded=True), Provenance(), make_event(), replacing, policy).kind is DecisionKind.REVIEW


@pytest.mark.parametrize("classification", [Classification.NORMAL, Classification.ANOMALY])
def test_normal_and_anomaly_never_act(make_event: MakeEvent, make_verdict: MakeVerdict, classification: Classification) -> None:
    decision = decide(make_verdict(classification=classification, confidence=1), Provenance(), make_event(), START, PolicySettings())
    assert decision.kind is DecisionKind.NONE


@pytest.mark.parametrize("cause", EXPLAINED)
def test_what_is_explained_is_left_alone_even_if_a_model_cries_wolf(make_event: MakeEvent, make_verdict: MakeVerdict, cause: Cause) -> None:
    decision = decide(make_verdict(confidence=1), Provenance(cause=cause, reason="because"), make_event(), START, PolicySettings())
    assert (decision.kind, decision.reason) == (DecisionKind.NONE, "because: it is stopped")


def test_observe_mode_says_what_would_have_run(make_event: MakeEvent, make_verdict: MakeVerdict) -> None:
    policy = PolicySettings(mode=Mode.OBSERVE)
    assert "observe mode, would run ec2.start" in decide(make_verdict(), Provenance(), make_event(), START, policy).reason
    assert "would ask a human" in decide(make_verdict(action_id=None), Provenance(), make_event(), START, policy).reason


def test_an_action_outside_the_allow_list_is_not_even_asked_for(make_event: MakeEvent, make_verdict: MakeVerdict) -> None:
    policy = PolicySettings(allowed_actions=("rds.start",))
    decision = decide(make_verdict(), Provenance(), make_event(), START, policy)
    assert decision.kind is DecisionKind.NONE
    assert "policy allows observe" in decision.reason
    assert allowed_actions([spec(), spec("rds.start")], policy) == {"rds.start": "start it"}


def test_telling_is_no_recovery(make_event: MakeEvent, make_verdict: MakeVerdict) -> None:
    only = {"notify_only": spec("notify_only", Effect.NONE)}
    assert decide(make_verdict(action_id="notify_only"), Provenance(), make_event(), only, PolicySettings()).kind is DecisionKind.REVIEW


def test_the_model_may_veto_but_not_choose_another_action(make_verdict: MakeVerdict) -> None:
    other = lower_to(make_verdict(), make_verdict(action_id="rds.start", analyst="model"))
    assert (other.action_id, other.ceiling, other.analyst) == ("ec2.start", Autonomy.APPROVE, "model")
    assert lower_to(make_verdict(), make_verdict(action_id=None)).ceiling is Autonomy.APPROVE
    assert lower_to(make_verdict(action_id=None), make_verdict()).action_id is None


@given(
    mine=st.floats(0, 1),
    said=st.floats(0, 1),
    ceilings=st.tuples(st.sampled_from(Autonomy), st.sampled_from(Autonomy)),
    action=st.sampled_from([None, "ec2.start", "rds.start"]),
)
def test_a_model_never_raises_autonomy(mine: float, said: float, ceilings: tuple[Autonomy, Autonomy], action: str | None) -> None:
    def verdict(confidence: float, ceiling: Autonomy, action_id: str | None) -> Verdict:
        return Verdict(
            classification=Classification.FAILURE, confidence=confidence, severity=5, reasoning="x", ceiling=ceiling, action_id=action_id
        )

    rules, model = verdict(mine, ceilings[0], "ec2.start"), verdict(said, ceilings[1], action)
    lowered = lower_to(rules, model)
    assert lowered.confidence <= rules.confidence
    assert lowered.ceiling.lower_of(rules.ceiling) is lowered.ceiling
    assert lowered.action_id == rules.action_id


@pytest.mark.parametrize(("kind", "decided"), [(EventKind.LOG_ANOMALY, DecisionKind.REVIEW), (EventKind.STATE_CHANGE, DecisionKind.ACT)])
def test_what_is_only_foreseen_waits_for_a_human_in_a_window(
    make_event: MakeEvent, make_verdict: MakeVerdict, kind: EventKind, decided: DecisionKind
) -> None:
    always = [{"start": "00:00", "end": "00:00"}]  # from midnight to the next
    policy = PolicySettings.model_validate({"maintenance_windows": always})
    assert decide(make_verdict(), Provenance(), make_event(kind=kind), START, policy).kind is decided
