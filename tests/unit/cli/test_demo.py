"""`demo --keep`: what it leaves for an operator, and what it does when its daemon is killed."""

import io
import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from aiops_daemon.cli import demo
from aiops_daemon.cli.demo_stage import Stage
from tests.doubles.scripted_aws import ScriptedAws


class Kept(Stage):
    """A stage whose AWS is scripted."""

    async def instance(self, name: str) -> str:
        return f"i-{name}"


def stage(tmp_path: Path, returncode: int | None) -> Any:
    async def client(_: str) -> ScriptedAws:
        return ScriptedAws(stop_instances=[{}])

    (tmp_path / "daemon.jsonl").write_text('no json\n{"event": "daemon started", "port": 8123}\n')
    console = Console(file=io.StringIO(), width=200)
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
