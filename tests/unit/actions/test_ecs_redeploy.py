"""ecs.redeploy: desired count back from 0, a new deployment where tasks fail, the earlier values for undo."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.actions.ecs_redeploy import EcsRedeploy
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.plan import Failed, Running, Succeeded
from tests.doubles.scripted_aws import NOW, ScriptedAws, ScriptedCall, event_on

ACTION = EcsRedeploy(ActionSettings())
KIND = "ecs:service"
TO_ZERO = {"requestParameters": {"cluster": "prod", "service": "web", "desiredCount": 0}}
WHERE = {"cluster": "prod", "service": "web"}


def service(desired: int = 2, running: int = 2, *, age: float = 3600, rollout: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    primary = {"status": "PRIMARY", "createdAt": NOW - timedelta(seconds=age), "rolloutState": rollout}
    base = {"status": "ACTIVE", "desiredCount": desired, "runningCount": running, "taskDefinition": "web:7", "deployments": [primary]}
    return {"services": [base | more]}


def call(aws: ScriptedAws, *, was_zero: bool = True) -> ScriptedCall:
    return ScriptedCall(aws, event_on(KIND, "prod/web", "x").resource, {**WHERE, "was_zero": was_zero})


@pytest.mark.parametrize(
    "identifier",
    ["prod/web", "web", "arn:aws:ecs:eu-west-1:123456789012:service/prod/web", "arn:aws:ecs:eu-west-1:123456789012:service/web"],
)
def test_applies_to_a_service_scaled_to_zero(identifier: str) -> None:
    assert ACTION.parameters(event_on(KIND, identifier, "UpdateService", facts=TO_ZERO)) == {**WHERE, "was_zero": True}


def test_applies_to_a_failed_deployment() -> None:
    event = event_on(KIND, "web", "SERVICE_DEPLOYMENT_FAILED", facts={"clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod"})
    assert ACTION.parameters(event) == {**WHERE, "was_zero": False}


@pytest.mark.parametrize("facts", [{"requestParameters": {"desiredCount": 3}}, {}, {"eventName": {"a": 1}}])
def test_another_update_is_none_of_its_business(facts: dict[str, Any]) -> None:
    assert "neither" in str(ACTION.parameters(event_on(KIND, "prod/web", "UpdateService", facts=facts)))


def test_a_strange_name_is_refused() -> None:
    assert "no cluster" in str(ACTION.parameters(event_on(KIND, "a/b/c", "UpdateService", facts=TO_ZERO)))


@pytest.mark.parametrize(
    ("configured", "tags", "count"),
    [({"prod/web": 4}, [{"key": "aiops-desired-count", "value": "3"}], 4), ({}, [{"key": "aiops-desired-count", "value": "3"}], 3),
     ({}, [{"key": "aiops-desired-count", "value": "-1"}], 1), ({}, [], 1)],
)  # fmt: skip
async def test_the_count_comes_from_settings_then_tag_then_one(configured: dict[str, int], tags: list[dict[str, str]], count: int) -> None:
    aws = ScriptedAws(describe_services=[service(0, 0, tags=tags)], update_service=[{}])
    answer = await EcsRedeploy(ActionSettings(ecs_desired_counts=configured)).start(call(aws))
    assert aws.asked[-1] == ("update_service", {**WHERE, "forceNewDeployment": True, "desiredCount": count})
    assert isinstance(answer, Running)
    assert answer.handle == {"desired_before": 0, "task_definition": "web:7"}


async def test_sick_tasks_get_a_new_deployment_and_keep_their_count() -> None:
    aws = ScriptedAws(describe_services=[service(2, 0)], update_service=[{}])
    await ACTION.start(call(aws, was_zero=False))
    assert aws.asked[-1] == ("update_service", {**WHERE, "forceNewDeployment": True})


@pytest.mark.parametrize(("was_zero", "before"), [(True, 0), (False, 2)])
async def test_a_second_start_finds_its_own_deployment(was_zero: bool, before: int) -> None:
    aws = ScriptedAws(describe_services=[service(2, 0, age=-1, rollout="IN_PROGRESS")])
    answer = await ACTION.start(call(aws, was_zero=was_zero))
    assert isinstance(answer, Running)
    assert answer.handle["desired_before"] == before
    assert aws.operations() == ["describe_services"]


@pytest.mark.parametrize(("was_zero", "age", "before"), [(True, 3, 2), (True, 3600, 2), (False, 3, 2)])
async def test_what_was_ordered_a_moment_ago_by_our_clock_or_restored_by_others_is_not_ordered_again(
    was_zero: bool, age: float, before: int
) -> None:
    """AWS's clock may be some seconds behind ours; and nobody who restored the count wants another deployment."""
    aws = ScriptedAws(describe_services=[service(2, 0, age=age, rollout="IN_PROGRESS")])
    answer = await ACTION.start(call(aws, was_zero=was_zero))
    assert isinstance(answer, Running)
    assert answer.handle["desired_before"] == before, "an undo leaves what may not be ours"
    assert aws.operations() == ["describe_services"]


@pytest.mark.parametrize("answer", [{"services": []}, service(status="INACTIVE")])
async def test_a_service_that_is_gone_fails(answer: dict[str, Any]) -> None:
    assert isinstance(await ACTION.start(call(ScriptedAws(describe_services=[answer]))), Failed)


async def test_follows_the_deployment_to_its_end() -> None:
    script = [service(2, 1, rollout="IN_PROGRESS"), service(2, 2, rollout="IN_PROGRESS"), service(2, 2), service(2, 2, rollout="FAILED")]
    aws = ScriptedAws(describe_services=[*script, {"services": []}])
    answers = [await ACTION.poll(call(aws), {"desired_before": 0}) for _ in range(5)]
    assert [type(answer) for answer in answers] == [Running, Running, Succeeded, Failed, Failed]


async def test_undo_puts_count_and_task_definition_back() -> None:
    aws = ScriptedAws(update_service=[{}])
    await ACTION.undo(call(aws), {"desired_before": 0, "task_definition": "web:7"})
    assert aws.asked == [("update_service", {**WHERE, "desiredCount": 0, "taskDefinition": "web:7"})]
