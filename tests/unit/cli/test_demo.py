"""`demo --keep`: what it leaves for an operator, and what it does when its daemon is killed."""

import io
import json
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from aiops_daemon.cli import demo
from aiops_daemon.cli.demo_stage import SETTINGS, WIDEST, Stage
from aiops_daemon.model.incident import AuditEntry, State
from tests.doubles.scripted_aws import ScriptedAws


class Kept(Stage):
    """A stage whose AWS is scripted."""

    async def instance(self, name: str) -> str:
        return f"i-{name}"


def stage(tmp_path: Path, returncode: int | None) -> Any:
    async def client(_: str) -> ScriptedAws:
        return ScriptedAws(stop_instances=[{}])

    (tmp_path / "daemon.jsonl").write_text('no json\n{"event": "daemon started", "port": 8123}\n')
    console = Console(file=io.StringIO(), width=300)
    clients: Any = SimpleNamespace(client=client)
    daemon: Any = SimpleNamespace(returncode=returncode)
    nothing: Any = None
    return Kept(clients, nothing, nothing, "eu-west-1", "http://q", "ami-1", console, daemon, tmp_path)


async def test_a_daemon_that_was_killed_is_noticed_and_the_demo_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stage(tmp_path, returncode=None)
    monkeypatch.setattr(demo, "LOOK_SECONDS", 0.0)
    looks = iter((None, None, -9, -9, -9))
    made.daemon = type("Process", (), {"returncode": property(lambda _: next(looks))})()
    await demo._keep(made, {"AIOPS_MODE": "act"})
    assert [(part, good) for part, _, good in made.results] == [("(kept)", False)]
    assert "exit -9" in made.results[0][1]


async def test_it_leaves_its_variables_an_event_and_the_address_of_the_health_page(tmp_path: Path) -> None:
    made = stage(tmp_path, returncode=1)
    await demo._keep(made, {"AIOPS_POLICY__AUTONOMY": '{"ec2.start": "auto"}'})
    (line,) = (tmp_path / "demo.env").read_text().splitlines()
    assert shlex.split(line) == ["export", 'AIOPS_POLICY__AUTONOMY={"ec2.start": "auto"}']
    event = json.loads((tmp_path / "event.json").read_text())
    assert event["detail"]["requestParameters"]["instancesSet"]["items"] == [{"instanceId": "i-yours"}]
    said = made.console.file.getvalue()
    assert "curl localhost:8123/" in said
    assert f"aiops-daemon send {tmp_path}/event.json" in said


def test_the_command_is_told_as_it_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tmp_path / "aiops-daemon"
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert demo.command() == "aiops-daemon", "it was not installed beside this Python: run as a module"
    ours.write_text("#!/bin/sh")
    ours.chmod(0o755)
    assert demo.command() == str(ours)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert demo.command() == "aiops-daemon"


def test_a_line_that_is_too_long_says_that_something_is_missing(tmp_path: Path) -> None:
    made = stage(tmp_path, returncode=None)
    entry = AuditEntry(entry_id="e", seq=1, at=datetime(2026, 3, 1, tzinfo=UTC), state=State.ANALYZING, note="x" * 500, by="w", fence=1)
    incident: Any = SimpleNamespace(incident_timestamp=entry.at, incident_id="inc-0123456789", audit=[entry])
    made._print([incident])
    (line,) = made.console.file.getvalue().splitlines()
    assert line.endswith("x [...]")
    assert len(line) == WIDEST


def test_what_the_demo_breaks_within_a_minute_is_no_storm_for_the_first_event_of_ones_own() -> None:
    broken = 5  # (a), (b), (c), (e), and the one that --keep offers
    assert int(SETTINGS["AIOPS_WORKFLOW__STORM_RESOURCES"]) > broken
