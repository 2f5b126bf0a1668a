"""ecs.scale_out: one task more than was found, never two, never over the bound, and only where the settings say so."""

from typing import Any

import pytest

from aiops_daemon.actions.ecs_scale_out import EcsScaleOut
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.event import Event, EventKind
from aiops_daemon.model.plan import Failed, Progress, Running, Succeeded
from tests.doubles.scripted_aws import ScriptedAws, ScriptedCall, event_on

ACTION = EcsScaleOut(ActionSettings())
ARN = "arn:aws:ecs:eu-west-1:123456789012:service/prod/web"
WHERE = {"cluster": "prod", "service": "web"}
FACTS = {"configured action": "ecs.scale_out", "at most": 5}
FOUND = {"desired_before": 3, "desired": 4}
ORDERED = FOUND | {"ordered": True}


def service(desired: int = 3, running: int = 3, status: str = "ACTIVE", rollout: str = "COMPLETED") -> dict[str, Any]:
    primary = {"status": "PRIMARY", "rolloutState": rollout}
    return {"services": [{"status": status, "desiredCount": desired, "runningCount": running, "deployments": [primary]}]}


def told(kind: EventKind, facts: dict[str, Any]) -> Event:
    return event_on("ecs:service", ARN, "log-anomaly ramp", facts=facts).model_copy(update={"kind": kind})


def call(aws: ScriptedAws) -> ScriptedCall:
    return ScriptedCall(aws, event_on("ecs:service", ARN, "x").resource, {**WHERE, "at_most": 5})


def orders(aws: ScriptedAws) -> list[int]:
    return [parameters["desiredCount"] for operation, parameters in aws.asked if operation == "update_service"]


def test_applies_to_a_configured_warning() -> None:
    event = told(EventKind.LOG_ANOMALY, FACTS)
    assert ACTION.parameters(event) == {**WHERE, "at_most": 5}


@pytest.mark.parametrize(
    ("kind", "facts", "words"),
    [
        (EventKind.API_CALL, FACTS, "no setting"),  # a message from outside that says the same words
        (EventKind.LOG_ANOMALY, {}, "no setting"),
        (EventKind.LOG_ANOMALY, FACTS | {"configured action": "rds.scale_up"}, "no setting"),
        (EventKind.LOG_ANOMALY, {"configured action": "ecs.scale_out"}, "bound is missing"),
    ],
)
def test_applies_to_nothing_else(kind: EventKind, facts: dict[str, Any], words: str) -> None:
    assert words in str(ACTION.parameters(told(kind, facts)))


async def test_what_was_found_is_recorded_before_anything_is_ordered() -> None:
    aws = ScriptedAws(describe_services=[service()])
    answer = await ACTION.start(call(aws))
    assert isinstance(answer, Running)
    assert (answer.handle, answer.acts_next) == (FOUND, True)
    assert aws.operations() == ["describe_services"]


@pytest.mark.parametrize(
    ("found", "why"),
    [({"services": []}, "gone"), (service(status="DRAINING"), "DRAINING"), (service(0, 0), "scaled to 0"), (service(5, 5), "bound is 5")],
)
async def test_it_does_not_begin(found: dict[str, Any], why: str) -> None:
    answer = await ACTION.start(call(ScriptedAws(describe_services=[found])))
    assert isinstance(answer, Failed)
    assert why in answer.reason


async def test_a_repeat_after_a_crash_is_no_second_step() -> None:
    aws = ScriptedAws(describe_services=[service(3), service(4)], update_service=[{}])
    first = await ACTION.poll(call(aws), FOUND)
    again = await ACTION.poll(call(aws), FOUND)  # its worker died before the order was on record
    assert isinstance(first, Running)
    assert first == again
    assert first.handle == ORDERED
    assert orders(aws) == [4]


async def test_a_count_that_somebody_raised_is_left_and_one_that_somebody_lowered_too() -> None:
    aws = ScriptedAws(describe_services=[service(6), service(2)])
    assert isinstance(await ACTION.poll(call(aws), FOUND), Running)
    assert isinstance(await ACTION.poll(call(aws), FOUND), Failed)
    assert orders(aws) == []


@pytest.mark.parametrize(
    ("seen", "kind", "words"),
    [
        (service(4, 3), Running, "3 of 4"),
        (service(4, 4), Succeeded, "4 of 4"),
        (service(6, 5), Succeeded, "5 of 6"),
        (service(3, 3), Failed, "somebody else scales it"),
        (service(4, 3, rollout="FAILED"), Failed, "does not start"),
        ({"services": []}, Failed, "gone"),
    ],
)
async def test_follows_the_new_task(seen: dict[str, Any], kind: type[Progress], words: str) -> None:
    answer = await ACTION.poll(call(ScriptedAws(describe_services=[seen])), ORDERED)
    assert isinstance(answer, kind)
    assert words in str(answer)


@pytest.mark.parametrize(("now", "ordered"), [(service(4), [3]), (service(6), []), ({"services": []}, [])])
async def test_undo_puts_back_what_was_found_unless_somebody_changed_it(now: dict[str, Any], ordered: list[int]) -> None:
    aws = ScriptedAws(describe_services=[now], update_service=[{}])
    assert isinstance(await ACTION.undo(call(aws), ORDERED), Succeeded)
    assert orders(aws) == ordered
