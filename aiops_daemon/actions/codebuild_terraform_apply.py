"""Recreate what is gone: start the recovery build (plan, check, apply of the saved plan) and follow it to its end.

The token is StartBuild's idempotencyToken, which AWS honours for five minutes, and it is in the build's environment for good: a later
start finds that build and follows it instead of making a second one. Inputs travel by environment, never through a shell.
The build answers by exported variables: RECOVERED_RESOURCE_ID, RECOVERY_NOTE, and RECOVERY_REFUSED when its plan needs a person.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.evidence import INSTANCE_ID, bare_id, refused, words
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded, Unsure
from aiops_daemon.ports import ActionCall, Clock

TOKEN_VARIABLE = "AIOPS_TOKEN"  # noqa: S105  # the name of a variable; the token is no secret
TOKEN_LIFE = timedelta(minutes=4)  # AWS says five; a minute for clocks that differ
_LOOK_BACK = 100  # builds of the project among which ours is looked for: the size of one page and of one BatchGetBuilds
_INPUT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/-]{0,255}")
_GONE = re.compile(r"(terminate|delete)\w*|terminated|deleted|shutting-down")


class CodeBuildTerraformApply:
    """No undo: taking back a recreated resource would destroy one, and that is for people to decide."""

    def __init__(self, settings: ActionSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.spec = ActionSpec(
            id="codebuild.terraform_apply",
            title="Recreate the resource with Terraform",
            resource_types=settings.codebuild_resource_types,
            effect=Effect.REPLACING,
            timeout_seconds=settings.build_timeout_seconds + 120,  # the build is stopped before the step is given up
            success="the build succeeded and the replacement is healthy",
            permissions=(
                "codebuild:StartBuild",
                "codebuild:BatchGetBuilds",
                "codebuild:ListBuildsForProject",
                "codebuild:StopBuild",
            ),
        )

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        if reason := refused(event):
            return reason
        if self._settings.codebuild_project is None:
            return "no CodeBuild project is configured (AIOPS_ACTIONS__CODEBUILD_PROJECT)"
        if not any(_GONE.fullmatch(word) for word in words(event)):
            return "the event does not say that the resource is gone"
        lost = bare_id(event, INSTANCE_ID if event.resource.type == "ec2:instance" else _INPUT)
        if lost is None:
            return f"{event.resource.id[:60]!r} cannot be handed to a build"
        target = self._settings.terraform_targets.get(lost, "")
        return {"project": self._settings.codebuild_project, "correlation_id": event.group, "lost": lost, "target": target}

    async def start(self, call: ActionCall) -> Progress:
        codebuild = await call.client("codebuild")
        if self._clock.now() - call.started_at > TOKEN_LIFE:
            adopted = await _find(codebuild, call)
            if adopted is not None:
                return await self._follow(codebuild, call, adopted)
        answer = await codebuild.start_build(
            projectName=call.parameters["project"],
            idempotencyToken=call.token,
            environmentVariablesOverride=_environment(call),
            timeoutInMinutesOverride=max(5, self._settings.build_timeout_seconds // 60),
        )
        return self._running(answer["build"])

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        codebuild = await call.client("codebuild")
        answer = await codebuild.batch_get_builds(ids=[handle["build_id"]])
        if not answer["builds"]:
            return Failed(reason=f"build {handle['build_id']} is not known any more")
        return await self._follow(codebuild, call, answer["builds"][0])

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        return Failed(reason="a recreated resource is not destroyed by the daemon")

    async def _follow(self, codebuild: Any, call: ActionCall, build: Mapping[str, Any]) -> Progress:
        exported = {item["name"]: item.get("value", "") for item in build.get("exportedEnvironmentVariables", [])}
        result: dict[str, JsonValue] = {"build_id": build["id"], "replacement_id": _replacement(exported)}
        note = str(exported.get("RECOVERY_NOTE", ""))[:500]
        if exported.get("RECOVERY_REFUSED"):
            return Unsure(reason=str(exported["RECOVERY_REFUSED"])[:500], result=result)
        status = build["buildStatus"]
        if status == "SUCCEEDED":
            return Succeeded(result=result, note=note or f"build {build['id']} succeeded")
        if status != "IN_PROGRESS":
            return Failed(
                reason=f"build {build['id']} ended {status}{': ' if note else ''}{note}", retryable=status == "FAULT", result=result
            )
        if self._clock.now() - call.started_at > timedelta(seconds=self._settings.build_timeout_seconds):
            await codebuild.stop_build(id=build["id"])
            return Failed(reason=f"build {build['id']} was stopped after {self._settings.build_timeout_seconds} s", result=result)
        return self._running(build)

    def _running(self, build: Mapping[str, Any]) -> Running:
        note = f"build {build['id']}: {str(build.get('currentPhase', 'started')).lower()}"
        return Running(handle={"build_id": build["id"]}, again_in_seconds=self._settings.build_poll_seconds, note=note)


def _environment(call: ActionCall) -> list[dict[str, str]]:
    values = {
        TOKEN_VARIABLE: call.token,
        "INCIDENT_ID": call.incident_id,
        "CORRELATION_ID": str(call.parameters["correlation_id"]),
        "RESOURCE_TYPE": call.resource.type,
        "RESOURCE_ID": str(call.parameters["lost"]),
        "TARGETS": str(call.parameters["target"]),
        "MODE": "apply",
    }
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items() if value]


async def _find(codebuild: Any, call: ActionCall) -> Mapping[str, Any] | None:
    """The build of an earlier try, by the token in its environment."""
    listed = await codebuild.list_builds_for_project(projectName=call.parameters["project"], sortOrder="DESCENDING")
    ids = listed["ids"][:_LOOK_BACK]
    if not ids:
        return None
    builds: list[Mapping[str, Any]] = (await codebuild.batch_get_builds(ids=ids))["builds"]
    return next((build for build in builds if _token(build) == call.token), None)


def _token(build: Mapping[str, Any]) -> str | None:
    variables = build.get("environment", {}).get("environmentVariables", [])
    return next((item["value"] for item in variables if item["name"] == TOKEN_VARIABLE), None)


def _replacement(exported: Mapping[str, str]) -> str | None:
    value = exported.get("RECOVERED_RESOURCE_ID", "")
    return value if _INPUT.fullmatch(value) else None
