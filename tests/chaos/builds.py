"""CodeBuild and the bucket of its plans, as the recovery of a lost instance calls them: builds that run for some seconds.

The token is honoured for `token_seconds` (five minutes on AWS) and the environment is kept. Each build that is begun is remembered.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiops_daemon.actions.codebuild_terraform_apply import TOKEN_VARIABLE
from tests.chaos.estate import Changed

PROJECT, BUCKET = "recovery", "chaos-plans"
TOKEN_SECONDS = 300.0
BUILD_SECONDS = {"plan": 1.2, "apply": 2.0}


@dataclass(frozen=True, slots=True)
class Build:
    """`pins`: version and sums of the plan that an apply names."""

    at: float
    by: str
    build_id: str
    token: str
    variables: Mapping[str, str]

    @property
    def incident(self) -> str:
        return self.variables["INCIDENT_ID"]

    @property
    def phase(self) -> str:
        return self.variables["MODE"]

    @property
    def pins(self) -> tuple[str, ...]:
        return tuple(self.variables.get(name, "") for name in ("PLAN_VERSION", "PLAN_SHA256", "PLAN_JSON_SHA256"))

    def done(self, at: float) -> bool:
        return at - self.at > BUILD_SECONDS[self.phase]


@dataclass
class Builds:
    """`caller` says who calls now."""

    now: Callable[[], float]
    caller: Callable[[], str]
    changed: Changed
    token_seconds: float = TOKEN_SECONDS
    begun: list[Build] = field(default_factory=list)
    hopeless: set[str] = field(default_factory=set)  # what no apply brings back

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        match operation:
            case "StartBuild":
                return {"build": self._view(self._start(request))}
            case "BatchGetBuilds":
                found = [self._view(build) for build in self.begun if build.build_id in request["ids"]]
                return {"builds": found, "buildsNotFound": []}
            case "ListBuildsForProject":
                return {"ids": [build.build_id for build in reversed(self.begun)][:100]}
            case _:
                raise AssertionError(f"the double has no {operation}")

    def replacement(self, lost: str) -> str | None:
        """What an apply that has ended made in place of `lost`."""
        made = [build for build in self.begun if build.phase == "apply" and build.variables["RESOURCE_ID"] == lost not in self.hopeless]
        return _replacement(lost) if any(build.done(self.now()) for build in made) else None

    def plan_json(self, path: str) -> bytes:
        """GetObject of plans/<incident>/plan.json."""
        incident = path.split("/")[-2]
        lost = next(build.variables["RESOURCE_ID"] for build in self.begun if build.incident == incident)
        return _plan(lost)

    def _start(self, request: Mapping[str, Any]) -> Build:
        variables = {item["name"]: item["value"] for item in request["environmentVariablesOverride"]}
        token = str(request["idempotencyToken"])
        known = [build for build in self.begun if build.token == token and self.now() - build.at < self.token_seconds]
        self.changed("StartBuild", variables["RESOURCE_ID"], not known)
        if known:
            return known[0]
        build = Build(self.now(), self.caller(), f"{PROJECT}:{len(self.begun) + 1:08x}", token, variables)
        self.begun.append(build)
        return build

    def _view(self, build: Build) -> dict[str, Any]:
        done = build.done(self.now())
        failed = build.phase == "apply" and build.variables["RESOURCE_ID"] in self.hopeless
        variables = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in build.variables.items()]
        exported = _exported(build) if done and not failed else {}
        return {
            "id": build.build_id, "projectName": PROJECT, "startTime": build.at, "currentPhase": "COMPLETED" if done else "BUILD",
            "buildStatus": ("FAILED" if failed else "SUCCEEDED") if done else "IN_PROGRESS", "buildComplete": done, "environment": {
                "type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL", "environmentVariables": variables,
            },
            "exportedEnvironmentVariables": [{"name": name, "value": value} for name, value in exported.items()],
        }  # fmt: skip


def pins_of(plan: Build) -> tuple[str, ...]:
    """What an apply of this plan has to name."""
    exported = _exported(plan)
    return exported["PLAN_VERSION"], exported["PLAN_SHA256"], hashlib.sha256(_plan(plan.variables["RESOURCE_ID"])).hexdigest()


def token_of(build: Build) -> str:
    return build.variables.get(TOKEN_VARIABLE, "")


def _exported(build: Build) -> dict[str, str]:
    number = build.build_id.rpartition(":")[2]
    if build.phase == "plan":
        sha = hashlib.sha256(build.build_id.encode()).hexdigest()
        return {"PLAN_VERSION": f"v{number}", "PLAN_SHA256": sha, "PLAN_JSON_VERSION": f"j{number}"}
    return {"RECOVERED_RESOURCE_ID": _replacement(build.variables["RESOURCE_ID"])}


def _replacement(lost: str) -> str:
    return f"i-0e{lost[4:]}"


def _plan(lost: str) -> bytes:
    change = {"address": "aws_instance.web", "mode": "managed", "type": "aws_instance"}
    drift = change | {"change": {"actions": ["delete"], "before": {"id": lost}}}
    made = change | {"change": {"actions": ["create"], "before": None}}
    return json.dumps({"format_version": "1.2", "resource_changes": [made], "resource_drift": [drift]}).encode()
