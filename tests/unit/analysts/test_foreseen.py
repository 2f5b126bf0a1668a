"""What a warning of the log watch is worth: announced, or a foreseen failure of the resource that the settings name."""

from collections.abc import Callable
from typing import Any

import pytest

from aiops_daemon.model.event import EventKind, Resource
from aiops_daemon.model.verdict import Autonomy, Classification, Verdict

Judged = Callable[..., Verdict]
SERVICE = Resource(type="ecs:service", id="arn:aws:ecs:eu-west-1:111122223333:service/prod/web")
FACTS = {
    "what": "pool of <*> is exhausted", "how unusual": "8.2 standard deviations above normal", "log group": "/shop/orders",
    "configured action": "ecs.scale_out", "needs approval": False, "calibrated probability": 0.91,
}  # fmt: skip
ALLOWED = {"configured action allowed": True}


def warning(judged: Judged, policy: dict[str, Any] | None = None, **facts: Any) -> Verdict:
    event: dict[str, Any] = {"kind": EventKind.LOG_ANOMALY, "name": "log-anomaly ramp", "resource": SERVICE, "facts": FACTS | facts}
    actions = {"ecs.scale_out": "one more", "rds.scale_up": "larger"}
    return judged(actions=actions, policy=ALLOWED if policy is None else policy, severity=6.0, **event)


def test_a_calibrated_probability_is_the_confidence(judged: Judged) -> None:
    verdict = warning(judged)
    assert (verdict.classification, verdict.action_id, verdict.ceiling) == (Classification.FAILURE, "ecs.scale_out", Autonomy.AUTO)
    assert (verdict.confidence, verdict.severity) == (0.91, 6)
    assert verdict.reasoning.startswith("/shop/orders foretells a failure of ecs:service arn:aws:ecs")


@pytest.mark.parametrize(("probability", "confidence"), [(None, 0.70), (0.999, 0.95), (0.2, 0.2)])
def test_without_one_the_cause_is_a_guess_and_nothing_is_surer_than_certain(
    judged: Judged, probability: float | None, confidence: float
) -> None:
    facts: dict[str, Any] = {"calibrated probability": probability}
    assert warning(judged, **facts).confidence == confidence


@pytest.mark.parametrize("facts", [{"needs approval": True}, {"needs approval": "no"}, {"configured action": "rds.scale_up"}])
def test_who_has_to_be_asked_first(judged: Judged, facts: dict[str, Any]) -> None:
    assert warning(judged, **facts).ceiling is Autonomy.APPROVE


@pytest.mark.parametrize(
    ("policy", "facts"), [({"configured action allowed": False}, {}), ({"mode": "act"}, {}), (ALLOWED, {"configured action": None})]
)
def test_otherwise_it_is_announced(judged: Judged, policy: dict[str, Any], facts: dict[str, Any]) -> None:
    verdict = warning(judged, policy, **facts)
    assert (verdict.classification, verdict.action_id) == (Classification.ANOMALY, None)
