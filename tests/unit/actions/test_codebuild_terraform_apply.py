"""codebuild.terraform_apply: one build per step, whatever happens between the call and its record."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.actions.codebuild_terraform_apply import CodeBuildTerraformApply
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.plan import Failed, Progress, Running, Succeeded, Unsure
from tests.doubles.scripted_aws import NOW, ScriptedAws, ScriptedCall, StoppedClock, event_on

INSTANCE = "i-0123456789abcdef0"
SETTINGS = ActionSettings(codebuild_project="recovery", terraform_targets={INSTANCE: "aws_instance.web"}, build_timeout_seconds=600)
EVENT = event_on("ec2:instance", INSTANCE, "TerminateInstances")


def action(seconds_later: float = 0) -> CodeBuildTerraformApply:
    return CodeBuildTerraformApply(SETTINGS, StoppedClock(NOW + timedelta(seconds=seconds_later)))


def build(status: str = "IN_PROGRESS", mark: str = "inc-1-restore", **exported: str) -> dict[str, Any]:
    return {
        "id": "recovery:1",
        "buildStatus": status,
        "currentPhase": "BUILD",
        "environment": {"environmentVariables": [{"name": "AIOPS_TOKEN", "value": mark}]},
        "exportedEnvironmentVariables": [{"name": name, "value": value} for name, value in exported.items()],
    }


def call(aws: ScriptedAws) -> ScriptedCall:
    parameters = action().parameters(EVENT)
    assert not isinstance(parameters, str)
    return ScriptedCall(aws, EVENT.resource, parameters)


def test_applies_to_what_is_gone() -> None:
    expected = {"project": "recovery", "correlation_id": "123456789012:eu-west-1:e-1", "lost": INSTANCE, "target": "aws_instance.web"}
    assert action().parameters(EVENT) == expected


@pytest.mark.parametrize("name", ["StopInstances", "stopped", "running"])
def test_does_not_apply_to_what_is_still_there(name: str) -> None:
    assert "not say" in str(action().parameters(event_on("ec2:instance", INSTANCE, name)))


def test_does_not_apply_without_a_project() -> None:
    assert "AIOPS_ACTIONS__CODEBUILD_PROJECT" in str(CodeBuildTerraformApply(ActionSettings(), StoppedClock()).parameters(EVENT))


async def test_the_build_gets_token_and_inputs_by_environment() -> None:
    aws = ScriptedAws(start_build=[{"build": build()}])
    answer = await action().start(call(aws))
    assert isinstance(answer, Running)
    assert answer.handle == {"build_id": "recovery:1"}
    [(operation, asked)] = aws.asked
    assert (operation, asked["projectName"], asked["idempotencyToken"]) == ("start_build", "recovery", "inc-1-restore")
    assert asked["timeoutInMinutesOverride"] == 10
    assert {item["name"]: item["value"] for item in asked["environmentVariablesOverride"]} == {
        "AIOPS_TOKEN": "inc-1-restore",
        "INCIDENT_ID": "inc-1",
        "CORRELATION_ID": "123456789012:eu-west-1:e-1",
        "RESOURCE_TYPE": "ec2:instance",
        "RESOURCE_ID": INSTANCE,
        "TARGETS": "aws_instance.web",
        "MODE": "apply",
    }


async def test_a_late_second_start_adopts_its_build() -> None:
    aws = ScriptedAws(
        list_builds_for_project=[{"ids": ["recovery:2", "recovery:1"]}],
        batch_get_builds=[{"builds": [build(mark="other"), build("SUCCEEDED", RECOVERED_RESOURCE_ID="i-0fedcba9876543210")]}],
    )
    answer = await action(seconds_later=400).start(call(aws))
    assert isinstance(answer, Succeeded)
    assert answer.result["replacement_id"] == "i-0fedcba9876543210"
    assert "start_build" not in aws.operations()


@pytest.mark.parametrize("listed", [{"ids": []}, {"ids": ["recovery:9"]}])
async def test_a_late_start_makes_a_build_where_none_is_its_own(listed: dict[str, Any]) -> None:
    strange: dict[str, Any] = {"id": "recovery:9", "environment": {}}
    aws = ScriptedAws(list_builds_for_project=[listed], batch_get_builds=[{"builds": [strange]}], start_build=[{"build": build()}])
    assert isinstance(await action(seconds_later=400).start(call(aws)), Running)
    assert aws.operations()[-1] == "start_build"


async def poll(found: dict[str, Any] | None, seconds_later: float = 60) -> tuple[Progress, ScriptedAws]:
    aws = ScriptedAws(batch_get_builds=[{"builds": [found] if found else []}], stop_build=[{}])
    return await action(seconds_later).poll(call(aws), {"build_id": "recovery:1"}), aws


async def test_a_running_build_is_looked_at_again() -> None:
    answer, _ = await poll(build())
    assert isinstance(answer, Running)
    assert answer.note == "build recovery:1: build"


async def test_success_hands_on_the_replacement_and_the_note() -> None:
    answer, _ = await poll(build("SUCCEEDED", RECOVERED_RESOURCE_ID="i-0fedcba9876543210", RECOVERY_NOTE="stand-in build"))
    assert answer == Succeeded(result={"build_id": "recovery:1", "replacement_id": "i-0fedcba9876543210"}, note="stand-in build")


async def test_an_exported_id_of_a_strange_form_is_dropped() -> None:
    answer, _ = await poll(build("SUCCEEDED", RECOVERED_RESOURCE_ID="; rm"))
    assert isinstance(answer, Succeeded)
    assert answer.result["replacement_id"] is None


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
async def test_a_plan_that_needs_a_person_is_unsure_however_the_build_ended(status: str) -> None:
    answer, _ = await poll(build(status, RECOVERY_REFUSED="aws_db_instance.orders would be changed by delete"))
    assert isinstance(answer, Unsure)
    assert "aws_db_instance.orders" in answer.reason


@pytest.mark.parametrize(("status", "retryable"), [("FAILED", False), ("STOPPED", False), ("TIMED_OUT", False), ("FAULT", True)])
async def test_a_build_that_ended_badly_fails(status: str, retryable: bool) -> None:
    answer, _ = await poll(build(status, RECOVERY_NOTE="no such module"))
    assert isinstance(answer, Failed)
    assert (answer.retryable, answer.reason) == (retryable, f"build recovery:1 ended {status}: no such module")


async def test_a_build_that_takes_too_long_is_stopped() -> None:
    answer, aws = await poll(build(), seconds_later=601)
    assert isinstance(answer, Failed)
    assert aws.asked[-1] == ("stop_build", {"id": "recovery:1"})


async def test_a_build_that_vanished_fails() -> None:
    answer, _ = await poll(None)
    assert isinstance(answer, Failed)


async def test_a_recreated_resource_is_never_destroyed_by_undo() -> None:
    aws = ScriptedAws()
    assert isinstance(await action().undo(call(aws), {}), Failed)
    assert aws.asked == []
