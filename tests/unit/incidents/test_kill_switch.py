"""The switch's item and the SSM parameter beside it: either stops, and what cannot be read or understood is a stop."""

from typing import Any

import pytest

from aiops_daemon.incidents.kill_switch import SWITCH, KillSwitch, Stop, SwitchParameter
from aiops_daemon.model.errors import NotFound, NotPermitted, RetryLater, Throttled
from tests.doubles.memory_table import MemoryTable
from tests.doubles.scripted_aws import ScriptedAws
from tests.doubles.world import START, TestClock

NAME = "/aiops/kill-switch"


def parameter(answer: Any) -> SwitchParameter:
    found = answer if isinstance(answer, Exception) else {"Parameter": {"Value": answer, "Version": 7, "LastModifiedDate": START}}
    return SwitchParameter(ScriptedAws(get_parameter=[found]), NAME, TestClock())


@pytest.mark.parametrize("text", ["run", "Run ", "RUN\n"])
async def test_run_runs(text: str) -> None:
    assert await parameter(text).stopped() is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stop: a bad deploy", "a bad deploy"),
        ("STOP:freeze until 18:00", "freeze until 18:00"),
        ("stop", "no reason given"),
        ("", "neither"),
        ("running", "neither"),
        ("run it", "neither"),
        ("AQICAHj/cipher", "neither"),  # a SecureString that was not decrypted
    ],
)
async def test_anything_else_stops_and_says_which_version_and_why(text: str, reason: str) -> None:
    stop = await parameter(text).stopped()
    assert stop is not None
    assert reason in stop.reason
    assert (NAME in stop.by, stop.at) == (True, "2026-03-02T03:00:00.000000Z")
    assert ("version 7" in stop.by) is text.lower().startswith("stop")


async def test_a_parameter_without_a_date_still_stops() -> None:
    aws = ScriptedAws(get_parameter=[{"Parameter": {"Value": "stop: x"}}])
    assert await SwitchParameter(aws, NAME, TestClock()).stopped() == Stop(by=f"SSM parameter {NAME} (version ?)", reason="x", at="?")
    assert aws.asked == [("get_parameter", {"Name": NAME})]


@pytest.mark.parametrize("error", [NotFound("no such parameter"), NotPermitted("AccessDenied")])
async def test_one_that_is_missing_or_denied_is_a_stop(error: Exception) -> None:
    stop = await parameter(error).stopped()
    assert stop is not None
    assert "cannot be read" in stop.reason
    assert str(error) in stop.reason


@pytest.mark.parametrize("error", [RetryLater("no connection"), Throttled("slow down")])
async def test_what_may_pass_is_no_answer_and_nothing_runs_until_it_has(error: Exception) -> None:
    with pytest.raises(RetryLater):
        await KillSwitch(MemoryTable(), TestClock(), parameter(error)).stopped()


async def test_either_source_stops_and_both_must_say_run() -> None:
    table, clock = MemoryTable(), TestClock()
    assert await KillSwitch(table, clock, parameter("run")).stopped() is None
    by_parameter = await KillSwitch(table, clock, parameter("stop: b")).stopped()
    assert by_parameter is not None
    assert by_parameter.reason == "b"
    await KillSwitch(table, clock).set(stopped=True, by="ann", reason="a")
    by_item = await KillSwitch(table, clock, parameter("run")).stopped()
    assert by_item is not None
    assert by_item.by == "ann"


async def test_the_switch_says_who_and_why_and_doubt_is_a_stop() -> None:
    table, clock = MemoryTable(), TestClock()
    switch = KillSwitch(table, clock)
    assert await switch.stopped() is None
    await switch.set(stopped=True, by="ann", reason="drill")
    stop = await switch.stopped()
    assert stop is not None
    assert (stop.by, stop.reason, stop.at) == ("ann", "drill", "2026-03-02T03:00:00.000000Z")
    await switch.set(stopped=False, by="ann", reason="over")
    assert await switch.stopped() is None
    table.items[SWITCH] = {"incident_id": SWITCH, "by": "?"}
    assert await switch.stopped() is not None, "an item that does not say so is a stop"
