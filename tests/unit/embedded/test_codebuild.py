"""The CodeBuild stand-in's own rules: token, environment, statuses, errors. A build is held and ended by hand."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from moto.codebuild.models import codebuild_backends

from aiops_daemon.embedded import ACCOUNT
from aiops_daemon.embedded.codebuild import Build, CodeBuild
from aiops_daemon.embedded.requests import AwsRequest
from tests.doubles.scripted_aws import StoppedClock


class World:
    """A CodeBuild whose builds wait."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.started: list[Build] = []
        self.stopped: list[str] = []
        self.codebuild = CodeBuild(self.clock, self._run)

    def _run(self, build: Build) -> None:
        self.started.append(build)
        build.stop = lambda: self.stopped.append(build.build_id)

    def ask(self, operation: str, **body: Any) -> tuple[int, dict[str, Any]]:
        return self.codebuild.serve(AwsRequest("codebuild", operation, "us-east-1", json.dumps(body).encode()))

    def start(self, mark: str = "t", **variables: str) -> dict[str, Any]:
        override = [{"name": name, "value": value} for name, value in variables.items()]
        status, answer = self.ask("StartBuild", projectName="recovery", idempotencyToken=mark, environmentVariablesOverride=override)
        assert status == 200, answer
        build: dict[str, Any] = answer["build"]
        return build


class Project:
    """What moto keeps of a project."""

    project_metadata: ClassVar[dict[str, Any]] = {"environment": {"environmentVariables": [{"name": "MODE", "value": "plan"}]}}


@pytest.fixture
def world() -> Iterator[World]:
    projects = codebuild_backends[ACCOUNT]["us-east-1"].codebuild_projects
    projects["recovery"] = Project()  # type: ignore[assignment]  # only its environment is asked for
    yield World()
    del projects["recovery"]


def test_a_build_keeps_its_environment_and_runs_until_it_ends(world: World) -> None:
    build = world.start(INCIDENT_ID="inc-1")
    assert (build["buildStatus"], build["buildComplete"], "endTime" in build) == ("IN_PROGRESS", False, False)
    variables = {item["name"]: item["value"] for item in build["environment"]["environmentVariables"]}
    assert variables == {"MODE": "plan", "INCIDENT_ID": "inc-1"}
    assert world.start("another", MODE="apply")["environment"]["environmentVariables"][0]["value"] == "apply"
    world.started[0].end("SUCCEEDED", world.clock.now(), {"RECOVERED_RESOURCE_ID": "i-1"}, "done")
    _, answer = world.ask("BatchGetBuilds", ids=[build["id"], "recovery:none"])
    [ended] = answer["builds"]
    assert (ended["buildStatus"], ended["currentPhase"], "endTime" in ended) == ("SUCCEEDED", "COMPLETED", True)
    assert ended["exportedEnvironmentVariables"] == [{"name": "RECOVERED_RESOURCE_ID", "value": "i-1"}]
    assert answer["buildsNotFound"] == ["recovery:none"]


def test_the_token_finds_its_build_for_five_minutes(world: World) -> None:
    first = world.start("same", A="1")
    assert world.start("same", A="1")["id"] == first["id"]
    assert world.start("other", A="1")["id"] != first["id"]
    world.clock.at += timedelta(minutes=5)
    late = world.start("same", A="1")
    assert (late["id"] != first["id"], late["buildNumber"]) == (True, 3)
    assert len(world.started) == 3


def test_the_same_token_with_other_parameters_is_refused(world: World) -> None:
    world.start("same", A="1")
    override = [{"name": "A", "value": "2"}]
    status, answer = world.ask("StartBuild", projectName="recovery", idempotencyToken="same", environmentVariablesOverride=override)
    assert (status, answer["__type"]) == (400, "InvalidInputException")


def test_a_stopped_build_stays_stopped(world: World) -> None:
    build = world.start()
    _, answer = world.ask("StopBuild", id=build["id"])
    world.started[0].end("SUCCEEDED", world.clock.now(), {}, "too late")
    _, again = world.ask("BatchGetBuilds", ids=[build["id"]])
    assert answer["build"]["buildStatus"] == again["builds"][0]["buildStatus"] == "STOPPED"
    assert world.stopped == [build["id"]]


def test_builds_are_listed_newest_first(world: World) -> None:
    ids = [world.start(token)["id"] for token in "abc"]
    assert world.ask("ListBuildsForProject", projectName="recovery")[1]["ids"] == ids[::-1]
    assert world.ask("ListBuildsForProject", projectName="recovery", sortOrder="ASCENDING")[1]["ids"] == ids


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("StartBuild", {"projectName": "none"}),
        ("ListBuildsForProject", {"projectName": "none"}),
        ("StopBuild", {"id": "none"}),
        ("BatchGetBuilds", {"ids": []}),
    ],
)
def test_what_is_not_there_is_an_error_of_the_api(world: World, operation: str, body: dict[str, Any]) -> None:
    status, answer = world.ask(operation, **body)
    assert status == 400
    assert answer["__type"] in {"ResourceNotFoundException", "InvalidInputException"}


def test_reset_stops_what_runs_and_forgets_everything(world: World) -> None:
    build, done = world.start("a"), world.start("b")
    world.started[1].end("FAILED", world.clock.now(), {}, "")
    world.codebuild.reset()
    assert world.stopped == [build["id"]]
    assert world.ask("BatchGetBuilds", ids=[build["id"], done["id"]])[1]["builds"] == []
