"""codebuild.terraform_apply: two builds per step, whatever happens between a call and its record; only a plan that was read is applied."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.actions.codebuild_terraform_apply import CodeBuildTerraformApply
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.errors import Throttled
from aiops_daemon.model.plan import Failed, Progress, Running, Succeeded, Unsure
from tests.doubles.scripted_aws import NOW, ScriptedAws, ScriptedCall, StoppedClock, event_on

INSTANCE = "i-0123456789abcdef0"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SETTINGS = ActionSettings(
    codebuild_project="recovery",
    plan_bucket="plans-{account}-{region}",
    terraform_targets={INSTANCE: "aws_instance.web"},
    build_timeout_seconds=600,
)
EVENT = event_on("ec2:instance", INSTANCE, "TerminateInstances")
SAVED = {"PLAN_VERSION": "v.1", "PLAN_SHA256": "a" * 64, "PLAN_JSON_VERSION": "v.2"}
SUMMARY = "1 to create, 0 to change, 0 to destroy: aws_instance.web"
PLANNING = {"phase": "plan", "build_id": "recovery:1", "since": NOW.isoformat()}


def saved_plan(*extra: tuple[str, str]) -> bytes:
    changes = [{"address": address, "change": {"actions": [does]}} for address, does in [("aws_instance.web", "create"), *extra]]
    return json.dumps({"format_version": "1.2", "resource_changes": changes}).encode()


class Body:
    """What S3 streams."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def read(self) -> bytes:
        return self._content


def an_object(content: bytes) -> dict[str, Any]:
    return {"ContentLength": len(content), "Body": Body(content)}


def planned(content: bytes | None = None) -> dict[str, Any]:
    return {
        "phase": "planned",
        "plan_version": "v.1",
        "plan_sha256": "a" * 64,
        "plan_json_version": "v.2",
        "plan_json_sha256": hashlib.sha256(content or saved_plan()).hexdigest(),
        "plan": SUMMARY,
        "plan_build_id": "recovery:1",
        "commit": COMMIT,
    }


def action(seconds_later: float = 0) -> CodeBuildTerraformApply:
    return CodeBuildTerraformApply(SETTINGS, StoppedClock(NOW + timedelta(seconds=seconds_later)))


def build(status: str = "IN_PROGRESS", mark: str = "inc-1-restore-plan", **exported: str) -> dict[str, Any]:
    return {
        "id": "recovery:1",
        "buildStatus": status,
        "currentPhase": "BUILD",
        "resolvedSourceVersion": COMMIT,
        "environment": {"environmentVariables": [{"name": "AIOPS_TOKEN", "value": mark}]},
        "exportedEnvironmentVariables": [{"name": name, "value": value} for name, value in exported.items()],
    }


def call(aws: ScriptedAws) -> ScriptedCall:
    parameters = action().parameters(EVENT)
    assert not isinstance(parameters, str)
    return ScriptedCall(aws, EVENT.resource, parameters)


def variables(asked: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in asked["environmentVariablesOverride"]}


def test_applies_to_what_is_gone() -> None:
    assert action().parameters(EVENT) == {
        "project": "recovery",
        "correlation_id": "123456789012:eu-west-1:e-1",
        "lost": INSTANCE,
        "target": "aws_instance.web",
        "bucket": "plans-123456789012-eu-west-1",
    }


@pytest.mark.parametrize("name", ["StopInstances", "stopped", "running"])
def test_does_not_apply_to_what_is_still_there(name: str) -> None:
    assert "not say" in str(action().parameters(event_on("ec2:instance", INSTANCE, name)))


@pytest.mark.parametrize("half", [{}, {"codebuild_project": "recovery"}, {"plan_bucket": "plans"}])
def test_does_not_apply_without_a_project_and_its_bucket(half: dict[str, str]) -> None:
    action = CodeBuildTerraformApply(ActionSettings.model_validate(half), StoppedClock())
    assert "AIOPS_ACTIONS__CODEBUILD_PROJECT" in str(action.parameters(EVENT))


async def test_the_first_build_gets_token_and_inputs_by_environment() -> None:
    aws = ScriptedAws(start_build=[{"build": build()}])
    answer = await action().start(call(aws))
    assert isinstance(answer, Running)
    assert (answer.handle, answer.acts_next) == (PLANNING, False)
    [(operation, asked)] = aws.asked
    assert (operation, asked["projectName"], asked["idempotencyToken"]) == ("start_build", "recovery", "inc-1-restore-plan")
    assert asked["timeoutInMinutesOverride"] == 10
    assert variables(asked) == {
        "AIOPS_TOKEN": "inc-1-restore-plan",
        "INCIDENT_ID": "inc-1",
        "CORRELATION_ID": "123456789012:eu-west-1:e-1",
        "RESOURCE_TYPE": "ec2:instance",
        "RESOURCE_ID": INSTANCE,
        "TARGETS": "aws_instance.web",
        "MODE": "plan",
    }


async def test_a_late_second_start_adopts_its_build() -> None:
    aws = ScriptedAws(
        list_builds_for_project=[{"ids": ["recovery:2", "recovery:1"]}],
        batch_get_builds=[{"builds": [build(mark="inc-1-restore-apply"), build()]}],
    )
    answer = await action(seconds_later=400).start(call(aws))
    assert isinstance(answer, Running)
    assert answer.handle["phase"] == "plan"
    assert "start_build" not in aws.operations()


@pytest.mark.parametrize("listed", [{"ids": []}, {"ids": ["recovery:9"]}])
async def test_a_late_start_makes_a_build_where_none_is_its_own(listed: dict[str, Any]) -> None:
    strange: dict[str, Any] = {"id": "recovery:9", "environment": {}}
    aws = ScriptedAws(list_builds_for_project=[listed], batch_get_builds=[{"builds": [strange]}], start_build=[{"build": build()}])
    assert isinstance(await action(seconds_later=400).start(call(aws)), Running)
    assert aws.operations()[-1] == "start_build"


async def poll(
    found: dict[str, Any] | None, phase: str = "apply", *, content: bytes = b"", seconds_later: float = 60
) -> tuple[Progress, ScriptedAws]:
    aws = ScriptedAws(batch_get_builds=[{"builds": [found] if found else []}], stop_build=[{}], get_object=[an_object(content)])
    handle = PLANNING if phase == "plan" else planned() | {"phase": phase, "build_id": "recovery:1", "since": NOW.isoformat()}
    return await action(seconds_later).poll(call(aws), handle), aws


@pytest.mark.parametrize("phase", ["plan", "apply"])
async def test_a_running_build_is_looked_at_again(phase: str) -> None:
    answer, _ = await poll(build(), phase)
    assert isinstance(answer, Running)
    assert (answer.note, answer.handle["phase"]) == (f"{phase}, build recovery:1: build", phase)


async def test_a_plan_is_read_and_recorded_before_anything_is_started() -> None:
    answer, aws = await poll(build("SUCCEEDED", **SAVED), "plan", content=saved_plan())
    assert answer == Running(handle=planned(), again_in_seconds=0, note=f"the plan: {SUMMARY}", acts_next=True, plan=SUMMARY)
    wanted = {"Bucket": "plans-123456789012-eu-west-1", "Key": "plans/inc-1/plan.json", "VersionId": "v.2"}
    assert aws.asked[1:] == [("get_object", wanted)]


async def test_a_plan_that_does_more_asks_a_person_who_is_told_the_plan() -> None:
    content = saved_plan(("aws_db_instance.main", "delete"))
    answer, aws = await poll(build("SUCCEEDED", **SAVED), "plan", content=content)
    assert isinstance(answer, Unsure)
    assert answer.reason == (
        "aws_db_instance.main would be changed by delete; "
        "the plan: 1 to create, 0 to change, 1 to destroy: aws_instance.web, aws_db_instance.main"
    )
    assert answer.result["plan_version"] == "v.1"
    assert "start_build" not in aws.operations()


@pytest.mark.parametrize(
    ("exported", "content", "reason"),
    [
        ({}, b"", "saved no plan"),
        (SAVED | {"PLAN_SHA256": "short"}, b"", "saved no plan"),
        (SAVED | {"PLAN_JSON_VERSION": "a b"}, b"", "saved no plan"),
        (SAVED, b"{}", "cannot be read: 1 errors"),
        (SAVED, b"x" * 5_000_001, "more than the 5000000 bytes"),
    ],
)
async def test_a_plan_that_cannot_be_read_is_not_applied(exported: dict[str, str], content: bytes, reason: str) -> None:
    answer, _ = await poll(build("SUCCEEDED", **exported), "plan", content=content)
    assert isinstance(answer, Failed | Unsure)
    assert reason in answer.reason


async def test_the_second_build_is_pinned_to_the_plan_that_was_read() -> None:
    second = build(mark="inc-1-restore-apply") | {"id": "recovery:2"}
    aws = ScriptedAws(list_builds_for_project=[{"ids": []}], start_build=[{"build": second}])
    answer = await action(60).poll(call(aws), planned())
    assert isinstance(answer, Running)
    since = (NOW + timedelta(seconds=60)).isoformat()
    assert answer.handle == planned() | {"phase": "apply", "build_id": "recovery:2", "since": since}
    asked = aws.asked[-1][1]
    assert (asked["idempotencyToken"], asked["sourceVersion"]) == ("inc-1-restore-apply", COMMIT)
    pins = {"PLAN_VERSION": "v.1", "PLAN_SHA256": "a" * 64, "PLAN_JSON_SHA256": planned()["plan_json_sha256"], "MODE": "apply"}
    assert pins.items() <= variables(asked).items()


async def test_after_a_crash_the_second_build_is_found_by_its_token() -> None:
    second = build("SUCCEEDED", "inc-1-restore-apply", RECOVERED_RESOURCE_ID="i-0fedcba9876543210") | {"id": "recovery:2"}
    aws = ScriptedAws(list_builds_for_project=[{"ids": ["recovery:2", "recovery:1"]}], batch_get_builds=[{"builds": [second, build()]}])
    answer = await action(9000).poll(call(aws), planned())
    assert isinstance(answer, Succeeded)
    assert answer.result["replacement_id"] == "i-0fedcba9876543210"
    assert "start_build" not in aws.operations()


async def test_a_busy_project_is_waited_for_before_either_build() -> None:
    busy = Throttled("AccountLimitExceededException")
    aws = ScriptedAws(start_build=[busy, {"build": build()}], list_builds_for_project=[{"ids": []}])
    waiting = await action().start(call(aws))
    assert isinstance(waiting, Running)
    assert (waiting.handle, waiting.acts_next) == ({"phase": "queued"}, True)
    begun = await action(300).poll(call(aws), waiting.handle)
    assert isinstance(begun, Running)
    assert begun.handle["phase"] == "plan"

    aws = ScriptedAws(start_build=[busy], list_builds_for_project=[{"ids": []}])
    waiting = await action().poll(call(aws), planned())
    assert isinstance(waiting, Running)
    assert (waiting.handle, waiting.acts_next, waiting.plan) == (planned(), True, SUMMARY)  # the same handle: its approval holds


async def test_a_stale_plan_leads_to_a_new_one_under_tokens_of_its_own() -> None:
    stale = build("SUCCEEDED", RECOVERY_REFUSED="the saved plan is stale: the state has changed since it was made")
    answer, _ = await poll(stale)
    assert isinstance(answer, Running)
    assert (answer.handle, answer.acts_next, answer.plan) == ({"phase": "queued", "round": 1}, True, "")
    aws = ScriptedAws(
        list_builds_for_project=[{"ids": ["recovery:1"]}], batch_get_builds=[{"builds": [build()]}], start_build=[{"build": build()}]
    )
    begun = await action(9000).poll(call(aws), answer.handle)
    assert isinstance(begun, Running)
    assert (aws.asked[-1][1]["idempotencyToken"], begun.handle["round"]) == ("inc-1-restore-plan-1", 1)
    aws = ScriptedAws(batch_get_builds=[{"builds": [build("SUCCEEDED", **SAVED)]}], get_object=[an_object(saved_plan())])
    read = await action(9000).poll(call(aws), begun.handle)
    assert isinstance(read, Running)
    assert (read.handle, read.plan) == (planned() | {"round": 1}, SUMMARY)
    aws = ScriptedAws(list_builds_for_project=[{"ids": []}], start_build=[{"build": build()}])
    await action(9000).poll(call(aws), read.handle)
    assert aws.asked[-1][1]["idempotencyToken"] == "inc-1-restore-apply-1"


async def test_a_source_without_a_commit_is_not_pinned() -> None:
    answer, _ = await poll(build("SUCCEEDED", **SAVED) | {"resolvedSourceVersion": "main"}, "plan", content=saved_plan())
    assert isinstance(answer, Running)
    aws = ScriptedAws(list_builds_for_project=[{"ids": []}], start_build=[{"build": build()}])
    await action().poll(call(aws), answer.handle)
    assert "sourceVersion" not in aws.asked[-1][1]


async def test_success_hands_on_the_replacement_the_plan_and_the_note() -> None:
    answer, _ = await poll(build("SUCCEEDED", RECOVERED_RESOURCE_ID="i-0fedcba9876543210", RECOVERY_NOTE="stand-in build"))
    assert isinstance(answer, Succeeded)
    assert answer.note == "stand-in build"
    assert (answer.result["build_id"], answer.result["replacement_id"]) == ("recovery:1", "i-0fedcba9876543210")
    assert answer.result["plan"] == SUMMARY


async def test_an_exported_id_of_a_strange_form_is_dropped() -> None:
    answer, _ = await poll(build("SUCCEEDED", RECOVERED_RESOURCE_ID="; rm"))
    assert isinstance(answer, Succeeded)
    assert answer.result["replacement_id"] is None


@pytest.mark.parametrize("phase", ["plan", "apply"])
@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
async def test_a_build_that_needs_a_person_is_unsure_however_it_ended(status: str, phase: str) -> None:
    answer, _ = await poll(build(status, RECOVERY_REFUSED="the saved plan is not the one that was read"), phase)
    assert isinstance(answer, Unsure)
    assert answer.reason == "the saved plan is not the one that was read" + (f"; the plan: {SUMMARY}" if phase == "apply" else "")


@pytest.mark.parametrize("phase", ["plan", "apply"])
@pytest.mark.parametrize("status", ["FAILED", "STOPPED", "TIMED_OUT", "FAULT"])
async def test_a_build_that_ended_badly_fails_for_good(status: str, phase: str) -> None:
    """Looking again would see the same build: nothing here may be tried again."""
    answer, _ = await poll(build(status, RECOVERY_NOTE="no such module"), phase)
    assert isinstance(answer, Failed)
    assert (answer.retryable, answer.reason) == (False, f"build recovery:1 ended {status}: no such module")


@pytest.mark.parametrize("phase", ["plan", "apply"])
async def test_a_build_that_takes_too_long_is_stopped(phase: str) -> None:
    answer, aws = await poll(build(), phase, seconds_later=601)
    assert isinstance(answer, Failed)
    assert aws.asked[-1] == ("stop_build", {"id": "recovery:1"})


async def test_a_build_that_vanished_fails() -> None:
    answer, _ = await poll(None)
    assert isinstance(answer, Failed)


async def test_a_recreated_resource_is_never_destroyed_by_undo() -> None:
    aws = ScriptedAws()
    assert isinstance(await action().undo(call(aws), {}), Failed)
    assert aws.asked == []
