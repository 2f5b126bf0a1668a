"""CodeBuild as a recovery needs it: a token that is honoured, an environment that is kept, statuses that move, a build that runs.

moto says SUCCEEDED at the first look, ignores the token and drops the overrides. Projects stay moto's. A build is a child process (see
builds.py); the request and answer shapes are those of the CodeBuild API reference (StartBuild, BatchGetBuilds, StopBuild,
ListBuildsForProject).
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from moto.codebuild.models import codebuild_backends

from aiops_daemon.embedded import ACCOUNT
from aiops_daemon.embedded.requests import AwsRequest
from aiops_daemon.ports import Clock

SERVED = frozenset({"StartBuild", "BatchGetBuilds", "StopBuild", "ListBuildsForProject"})
TOKEN_LIFE = timedelta(minutes=5)  # documented for StartBuild

Answer = tuple[int, dict[str, Any]]


@dataclass
class Build:
    """One build. `runner` is what executes it; `output` and `exported` come from it when it has ended."""

    project: str
    region: str
    number: int
    variables: dict[str, str]
    token: str | None
    started_at: datetime
    build_id: str = ""
    status: str = "IN_PROGRESS"
    ended_at: datetime | None = None
    exported: dict[str, str] = field(default_factory=dict)
    output: str = ""
    stop: Callable[[], None] | None = None

    def end(self, status: str, at: datetime, exported: dict[str, str], output: str) -> None:
        """Record the end once; a stopped build stays stopped."""
        if self.status == "IN_PROGRESS":
            self.status, self.ended_at, self.exported, self.output = status, at, exported, output

    def view(self) -> dict[str, Any]:
        """The Build structure of the API."""
        done = self.status != "IN_PROGRESS"
        view: dict[str, Any] = {
            "id": self.build_id,
            "arn": f"arn:aws:codebuild:{self.region}:{ACCOUNT}:build/{self.build_id}",
            "buildNumber": self.number,
            "projectName": self.project,
            "startTime": self.started_at.timestamp(),
            "currentPhase": "COMPLETED" if done else "BUILD",
            "buildStatus": self.status,
            "buildComplete": done,
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in self.variables.items()],
            },
            "exportedEnvironmentVariables": [{"name": name, "value": value} for name, value in self.exported.items()],
            "logs": {"groupName": f"/aws/codebuild/{self.project}", "streamName": self.build_id.partition(":")[2]},
        }
        if self.ended_at is not None:
            view["endTime"] = self.ended_at.timestamp()
        return view


class CodeBuild:
    """The operations. `run` starts a build in the background and calls `build.end` when it is over."""

    def __init__(self, clock: Clock, run: Callable[[Build], None]) -> None:
        self._clock = clock
        self._run = run
        self._builds: dict[str, Build] = {}
        self._lock = Lock()

    def serve(self, request: AwsRequest) -> Answer:
        """Status and JSON body."""
        body = json.loads(request.body or b"{}")
        match request.operation:
            case "StartBuild":
                return self._start(request.region, body)
            case "BatchGetBuilds":
                return self._get(body)
            case "StopBuild":
                return self._stop(body)
            case _:
                return self._list(request.region, body)

    def reset(self) -> None:
        """Stop and forget every build."""
        with self._lock:
            for build in self._builds.values():
                if build.status == "IN_PROGRESS" and build.stop is not None:
                    build.stop()
            self._builds.clear()

    def _start(self, region: str, body: dict[str, Any]) -> Answer:
        project = str(body.get("projectName", ""))
        known = codebuild_backends[ACCOUNT][region].codebuild_projects.get(project)
        if known is None:
            return _error("ResourceNotFoundException", f"Project cannot be found: {project}")
        variables = _variables(known.project_metadata["environment"]) | _variables(
            {"environmentVariables": body.get("environmentVariablesOverride", [])}
        )
        token = body.get("idempotencyToken")
        now = self._clock.now()
        with self._lock:
            for build in self._builds.values():
                if token and build.token == token and now - build.started_at < TOKEN_LIFE:
                    if (build.project, build.variables) != (project, variables):
                        return _error("InvalidInputException", "The idempotency token was used with other parameters")
                    return 200, {"build": build.view()}
            number = 1 + sum(build.project == project for build in self._builds.values())
            build = Build(project, region, number, variables, token, now, f"{project}:{uuid.uuid4()}")
            self._builds[build.build_id] = build
        self._run(build)
        return 200, {"build": build.view()}

    def _get(self, body: dict[str, Any]) -> Answer:
        wanted = body.get("ids", [])
        if not 1 <= len(wanted) <= 100:
            return _error("InvalidInputException", "1 to 100 build ids are needed")
        with self._lock:
            found = [self._builds[build_id].view() for build_id in wanted if build_id in self._builds]
        known = {view["id"] for view in found}
        return 200, {"builds": found, "buildsNotFound": [build_id for build_id in wanted if build_id not in known]}

    def _stop(self, body: dict[str, Any]) -> Answer:
        with self._lock:
            build = self._builds.get(str(body.get("id")))
            if build is None:
                return _error("ResourceNotFoundException", f"Build cannot be found: {body.get('id')}")
            build.end("STOPPED", self._clock.now(), {}, build.output)
        if build.stop is not None:
            build.stop()
        return 200, {"build": build.view()}

    def _list(self, region: str, body: dict[str, Any]) -> Answer:
        project = str(body.get("projectName", ""))
        if project not in codebuild_backends[ACCOUNT][region].codebuild_projects:
            return _error("ResourceNotFoundException", f"The provided project {project} does not exist")
        with self._lock:
            ids = [build.build_id for build in self._builds.values() if build.project == project]
        if body.get("sortOrder", "DESCENDING") == "DESCENDING":
            ids.reverse()
        return 200, {"ids": ids[:100]}


def _variables(environment: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in environment.get("environmentVariables", [])}


def _error(code: str, message: str) -> Answer:
    return 400, {"__type": code, "message": message}
