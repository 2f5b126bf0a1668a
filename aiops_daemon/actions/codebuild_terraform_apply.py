"""Recreate what is gone, in two builds: one saves a Terraform plan, we read it and judge it, the other applies exactly that plan.

Phases, as the step's handle has them: queued (the project is busy) -> plan (the first build runs) -> planned (the plan was read and is on
the record; the next look has an effect) -> apply (the second build runs). A plan that Terraform calls stale leads back to queued, for a new
one. Each build has a token of its own made from the step's. It is StartBuild's idempotencyToken, which AWS honours for five minutes, and it
is in the build's environment for good: a later try finds that build and follows it instead of making a second one. The second build gets
version and sha256 of the plan and of what we read, and refuses on anything else.
Inputs travel by environment, never through a shell. A build answers by exported variables: PLAN_VERSION, PLAN_SHA256 and PLAN_JSON_VERSION
after a plan, RECOVERED_RESOURCE_ID after an apply, RECOVERY_NOTE, and RECOVERY_REFUSED when a person has to decide.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue, ValidationError

from aiops_daemon.actions.evidence import INSTANCE_ID, bare_id, refused, words
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.actions.terraform_plan import SavedPlan, objection
from aiops_daemon.aws.objects import read_object
from aiops_daemon.model.errors import Throttled
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded, Unsure
from aiops_daemon.ports import ActionCall, Clock

TOKEN_VARIABLE = "AIOPS_TOKEN"  # noqa: S105  # the name of a variable; the token is no secret
TOKEN_LIFE = timedelta(minutes=4)  # AWS says five; a minute for clocks that differ
MOST_BYTES = 5_000_000  # of a plan's JSON: 20,000 resources; more is not read
_LOOK_BACK = 100  # builds of the project among which ours is looked for: the size of one page and of one BatchGetBuilds
_INPUT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._/-]{0,255}")
_GONE = re.compile(r"(terminate|delete)\w*|terminated|deleted|shutting-down")
_VERSION = r"[A-Za-z0-9._/+=-]{1,1024}"
_PIN = {"PLAN_VERSION": _VERSION, "PLAN_SHA256": r"[0-9a-f]{64}", "PLAN_JSON_VERSION": _VERSION}
_STALE = "saved plan is stale"  # Terraform's words; both projects keep them
_COMMIT = re.compile(r"[0-9a-f]{40}")
Handle = Mapping[str, JsonValue]


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
            plans_first=True,
            timeout_seconds=2 * settings.build_timeout_seconds + 240,  # a build is stopped before the step is given up
            success="the saved plan was applied and the replacement is healthy",
            permissions=(
                "codebuild:StartBuild",
                "codebuild:BatchGetBuilds",
                "codebuild:ListBuildsForProject",
                "codebuild:StopBuild",
                "s3:GetObject",
                "s3:GetObjectVersion",
            ),
        )

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        if reason := refused(event):
            return reason
        project, bucket = self._settings.codebuild_project, self._settings.plan_bucket
        if project is None or bucket is None:
            return "no CodeBuild project is configured (AIOPS_ACTIONS__CODEBUILD_PROJECT and AIOPS_ACTIONS__PLAN_BUCKET)"
        if not any(_GONE.fullmatch(word) for word in words(event)):
            return "the event does not say that the resource is gone"
        lost = bare_id(event, INSTANCE_ID if event.resource.type == "ec2:instance" else _INPUT)
        if lost is None:
            return f"{event.resource.id[:60]!r} cannot be handed to a build"
        return {
            "project": project,
            "correlation_id": event.group,
            "lost": lost,
            "target": self._settings.terraform_targets.get(lost, ""),
            "bucket": bucket.replace("{account}", event.account).replace("{region}", event.region),
        }

    async def start(self, call: ActionCall) -> Progress:
        return await self._plan(call, {})

    async def _plan(self, call: ActionCall, again: Handle) -> Progress:
        codebuild = await call.client("codebuild")
        if self._clock.now() - call.started_at > TOKEN_LIFE:
            adopted = await _find(codebuild, call, "plan", again)
            if adopted is not None:
                return await self._follow(codebuild, call, self._handle("plan", adopted, again), adopted)
        return await self._build(codebuild, call, "plan", again)

    async def poll(self, call: ActionCall, handle: Handle) -> Progress:
        if handle["phase"] == "queued":
            return await self._plan(call, _round(handle))
        codebuild = await call.client("codebuild")
        if handle["phase"] == "planned":
            return await self._apply(codebuild, call, handle)
        answer = await codebuild.batch_get_builds(ids=[handle["build_id"]])
        if not answer["builds"]:
            return Failed(reason=f"build {handle['build_id']} is not known any more")
        return await self._follow(codebuild, call, handle, answer["builds"][0])

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        return Failed(reason="a recreated resource is not destroyed by the daemon")

    async def _build(self, codebuild: Any, call: ActionCall, phase: str, planned: Handle | None = None) -> Progress:
        """Start the build of a phase; the same token with the same words gives the same build."""
        planned = planned or {}
        commit = {"sourceVersion": planned["commit"]} if planned.get("commit") else {}
        try:
            answer = await codebuild.start_build(
                projectName=call.parameters["project"],
                idempotencyToken=_mark(call, phase, planned),
                environmentVariablesOverride=_environment(call, phase, planned),
                timeoutInMinutesOverride=max(5, self._settings.build_timeout_seconds // 60),
                **commit,
            )
        except Throttled as busy:  # one build at a time: another incident's is running, and ours waits its turn up to the step's limit
            waiting, wait, plan = {"phase": "queued"} | dict(planned), self._settings.build_poll_seconds, str(planned.get("plan", ""))
            return Running(handle=waiting, again_in_seconds=wait, note=f"waiting: {busy}", acts_next=True, plan=plan)
        return self._running(self._handle(phase, answer["build"], planned), answer["build"])

    async def _apply(self, codebuild: Any, call: ActionCall, planned: Handle) -> Progress:
        """The intent is on the record, the effect comes now, or came before a crash: then its build is there."""
        adopted = await _find(codebuild, call, "apply", planned)
        if adopted is not None:
            return await self._follow(codebuild, call, self._handle("apply", adopted, planned), adopted)
        return await self._build(codebuild, call, "apply", planned)

    async def _follow(self, codebuild: Any, call: ActionCall, handle: Handle, build: Mapping[str, Any]) -> Progress:
        exported = {item["name"]: item.get("value", "") for item in build.get("exportedEnvironmentVariables", [])}
        result = {key: value for key, value in handle.items() if key not in {"phase", "since"}} | {"build_id": build["id"]}
        note = str(exported.get("RECOVERY_NOTE", ""))[:500]
        if refused := str(exported.get("RECOVERY_REFUSED", ""))[:500]:
            return _refusal(refused, handle, result)
        status = build["buildStatus"]
        if status == "SUCCEEDED" and handle["phase"] == "plan":
            return await self._read(call, build, exported, _round(handle))
        if status == "SUCCEEDED":
            result["replacement_id"] = _replacement(exported)
            return Succeeded(result=result, note=note or f"build {build['id']} succeeded")
        if status != "IN_PROGRESS":
            return Failed(reason=f"build {build['id']} ended {status}{': ' if note else ''}{note}", result=result)
        if self._clock.now() - datetime.fromisoformat(str(handle["since"])) > timedelta(seconds=self._settings.build_timeout_seconds):
            await codebuild.stop_build(id=build["id"])
            return Failed(reason=f"build {build['id']} was stopped after {self._settings.build_timeout_seconds} s", result=result)
        return self._running(handle, build)

    async def _read(self, call: ActionCall, build: Mapping[str, Any], exported: Mapping[str, str], again: Handle) -> Progress:
        """Read the plan that the first build saved, and judge it."""
        pins: dict[str, JsonValue] = {name: exported.get(name, "") for name in _PIN}
        if not all(re.fullmatch(pattern, str(pins[name])) for name, pattern in _PIN.items()):
            return Failed(reason=f"build {build['id']} saved no plan")
        s3 = await call.client("s3")
        key, version = f"plans/{call.incident_id}/plan.json", str(pins["PLAN_JSON_VERSION"])
        text = await read_object(s3, str(call.parameters["bucket"]), key, version, MOST_BYTES)
        if text is None:
            return Unsure(reason=f"the plan of build {build['id']} has more than the {MOST_BYTES} bytes that are read")
        try:
            plan = SavedPlan.model_validate_json(text)
        except ValidationError as error:
            return Unsure(reason=f"the plan of build {build['id']} cannot be read: {error.error_count()} errors in it")
        planned: dict[str, JsonValue] = {
            **again,
            **{name.lower(): value for name, value in pins.items()},
            "plan_json_sha256": hashlib.sha256(text).hexdigest(),
            "plan": plan.summary()[:600],
            "plan_build_id": build["id"],
            "commit": commit if _COMMIT.fullmatch(commit := str(build.get("resolvedSourceVersion", ""))) else "",
        }
        against = objection(plan, str(call.parameters["lost"]), str(call.parameters["target"]))
        if against:
            return Unsure(reason=_told(against[:500], planned), result=planned)
        told = str(planned["plan"])
        return Running(handle=planned | {"phase": "planned"}, again_in_seconds=0, note=f"the plan: {told}", acts_next=True, plan=told)

    def _handle(self, phase: str, build: Mapping[str, Any], planned: Handle | None = None) -> dict[str, JsonValue]:
        return {**(planned or {}), "phase": phase, "build_id": build["id"], "since": self._clock.now().isoformat()}

    def _running(self, handle: Handle, build: Mapping[str, Any]) -> Running:
        note = f"{handle['phase']}, build {build['id']}: {str(build.get('currentPhase', 'started')).lower()}"
        return Running(handle=dict(handle), again_in_seconds=self._settings.build_poll_seconds, note=note)


def _environment(call: ActionCall, phase: str, planned: Handle) -> list[dict[str, str]]:
    values = {
        TOKEN_VARIABLE: _mark(call, phase, planned),
        "INCIDENT_ID": call.incident_id,
        "CORRELATION_ID": str(call.parameters["correlation_id"]),
        "RESOURCE_TYPE": call.resource.type,
        "RESOURCE_ID": str(call.parameters["lost"]),
        "TARGETS": str(call.parameters["target"]),
        "MODE": phase,
    }
    values |= {name.upper(): str(planned[name]) for name in ("plan_version", "plan_sha256", "plan_json_sha256") if name in planned}
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items() if value]


def _refusal(reason: str, handle: Handle, result: dict[str, JsonValue]) -> Progress:
    if handle["phase"] == "apply" and _STALE in reason:  # nothing was done, and what was read and approved is not what would be
        again: dict[str, JsonValue] = {"phase": "queued", "round": int(str(handle.get("round", 0))) + 1}
        return Running(handle=again, again_in_seconds=0, note="the plan is stale, the state has changed: a new one", acts_next=True)
    return Unsure(reason=_told(reason, handle), result=result)


def _round(handle: Handle) -> Handle:
    return {name: handle[name] for name in ("round",) if name in handle}


def _mark(call: ActionCall, phase: str, handle: Handle) -> str:
    """The token of one build: another after each plan that was stale."""
    return f"{call.token}-{phase}" + (f"-{handle['round']}" if "round" in handle else "")


def _told(reason: str, handle: Handle) -> str:
    return f"{reason}; the plan: {handle['plan']}" if "plan" in handle else reason


async def _find(codebuild: Any, call: ActionCall, phase: str, handle: Handle) -> Mapping[str, Any] | None:
    """The build of an earlier try, by the token in its environment."""
    listed = await codebuild.list_builds_for_project(projectName=call.parameters["project"], sortOrder="DESCENDING")
    ids = listed["ids"][:_LOOK_BACK]
    if not ids:
        return None
    builds: list[Mapping[str, Any]] = (await codebuild.batch_get_builds(ids=ids))["builds"]
    return next((build for build in builds if _token(build) == _mark(call, phase, handle)), None)


def _token(build: Mapping[str, Any]) -> str | None:
    variables = build.get("environment", {}).get("environmentVariables", [])
    return next((item["value"] for item in variables if item["name"] == TOKEN_VARIABLE), None)


def _replacement(exported: Mapping[str, str]) -> str | None:
    value = exported.get("RECOVERED_RESOURCE_ID", "")
    return value if _INPUT.fullmatch(value) else None
