"""`status`: whoever takes over at night sees in one screen whether the fleet acts, and if not, why."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.incidents.breaker import Breaker
from tests.doubles.scripted_aws import ScriptedAws
from tests.doubles.world import stopped


def lines(terminal: Any) -> dict[str, str]:
    done = terminal.run("status")
    assert done.exit_code == 0
    return {line[:13].strip(): line[13:] for line in done.stdout.splitlines()}


def test_a_quiet_fleet(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOPS_MODE", "observe")
    assert lines(terminal) == {
        "fleet": "table aiops-incidents, as arn:aws:iam::123456789012:user/ann",
        "mode": "observe: everything is decided and recorded, nothing is touched"
        " [as set here; what the daemon itself has is on its HTTP port, /]",
        "stop switch": "run [the table's; AIOPS_KILL_SWITCH_PARAMETER is not set here]",
        "breakers": "all closed",
        "underway": "0 incidents",
        "approvals": "0 incidents waiting",
    }


def test_who_stopped_it_why_and_how_it_is_let_go(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.run("stop", "--reason", "night drill")
    monkeypatch.setenv("AIOPS_MODE", "act")
    said = lines(terminal)
    assert said["mode"].startswith("act [")
    assert said["stop switch"] == (
        "STOPPED by arn:aws:iam::123456789012:user/ann at 2026-03-02T03:00:00.000000Z: night drill;"
        ' `aiops-daemon start --reason "..."` lets it run'
    )


def test_the_parameter_stops_too_and_says_where_it_is_let_go(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOPS_KILL_SWITCH_PARAMETER", "/aiops/switch")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    answers = [{"Parameter": {"Value": value, "Version": 4, "LastModifiedDate": at}} for value in ("run", "stop: freeze")]
    terminal.aws = ScriptedAws(get_parameter=answers)
    assert lines(terminal)["stop switch"] == "run"
    said = lines(terminal)["stop switch"]
    assert said.startswith("STOPPED by SSM parameter /aiops/switch (version 4) at 2026-03-01T00:00:00.000000Z: freeze;")
    assert said.endswith("set /aiops/switch to `run`")


def test_an_open_breaker_and_who_waits(terminal: Any) -> None:
    fleet = terminal.fleet
    for n in range(3):
        asyncio.run(Breaker(fleet.memory, fleet.clock).record("ec2.start", incident=f"inc-{n}", good=False))

    async def two() -> None:
        workers = fleet.workers()
        fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.5})
        await fleet.admit(workers, stopped())
        await workers.drain()
        await fleet.admit(workers, stopped("i-2", "e2"))

    asyncio.run(two())
    said = lines(terminal)
    assert said["breakers"].startswith("ec2.start OPEN: 3 recoveries in a row failed")
    assert said["breakers"].endswith("(aiops-daemon breaker show ec2.start)")
    assert said["underway"] == "1 incident"
    assert said["approvals"] == "1 incident waiting (aiops-daemon incidents list --state AWAITING_APPROVAL --since 7d)"
