"""A build as a child process: its environment is its own, its end is recorded, its output is in the log."""

import threading
from pathlib import Path

import pytest
from moto.logs.models import logs_backends

from aiops_daemon.embedded import ACCOUNT, builds
from aiops_daemon.embedded.builds import BuildRunner
from aiops_daemon.embedded.codebuild import Build
from aiops_daemon.embedded.terraform import TerraformTools
from tests.doubles.scripted_aws import NOW, StoppedClock


def finished(runner: BuildRunner, build: Build) -> Build:
    before = set(threading.enumerate())
    runner(build)
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    return build


def a_build(number: int = 1, variables: dict[str, str] | None = None) -> Build:
    return Build("recovery", "us-east-1", number, variables or {}, "t", NOW, f"recovery:{number}")


def test_a_refused_input_ends_as_a_failed_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCIDENT_ID", "from-the-parent")
    tools = TerraformTools(Path("/no/terraform"), tmp_path)
    inputs = {"INCIDENT_ID": "inc-1", "CORRELATION_ID": "c", "RESOURCE_TYPE": "rds:db", "RESOURCE_ID": "i-0123456789abcdef0"}
    inputs |= {"MODE": "plan", "PLAN_BUCKET": "plans"}
    build = finished(BuildRunner(tmp_path, StoppedClock(), tools), a_build(1, inputs))
    assert (build.status, build.ended_at) == ("FAILED", NOW)
    assert build.exported == {"RECOVERY_NOTE": "this project restores ec2:instance, not rds:db"}
    stream = logs_backends[ACCOUNT]["us-east-1"].groups["/aws/codebuild/recovery"].streams["1"]
    assert [event.message for event in stream.events] == [build.exported["RECOVERY_NOTE"]]


def test_nothing_of_the_parents_environment_reaches_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCIDENT_ID", "from-the-parent")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-operators-own")
    build = finished(BuildRunner(tmp_path, StoppedClock(), None), a_build(2))
    assert build.status == "FAILED"
    assert "incident_id" in build.output  # missing, so refused
    assert "the-operators-own" not in str(BuildRunner(tmp_path, StoppedClock(), None)._environment(build))


def test_a_build_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds, "BUILD_LIMIT_SECONDS", 0.01)
    build = finished(BuildRunner(tmp_path, StoppedClock(), None), a_build(3))
    assert build.status == "TIMED_OUT"
