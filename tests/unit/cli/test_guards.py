"""`breaker show|close` and `thaw`: what only a person may lift."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.cli.errors import UsageError
from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.model.errors import InvalidInput
from aiops_daemon.model.incident import State
from aiops_daemon.model.plan import Failed
from tests.doubles.world import stopped


def broken(terminal: Any) -> Breaker:
    """Three recoveries in a row failed."""
    breaker = Breaker(terminal.fleet.memory, terminal.fleet.clock)
    for n in range(3):
        asyncio.run(breaker.record("ec2.start", incident=f"inc-{n}", good=False))
    return breaker


def test_a_breaker_says_since_when_and_why_it_is_open(terminal: Any) -> None:
    assert terminal.run("breaker", "show", "ec2.start").stdout == "ec2.start: closed\n"
    breaker = broken(terminal)
    said = terminal.run("breaker", "show", "ec2.start").stdout
    assert said.startswith("ec2.start: open since 2026-03-02T03:00:00+00:00: ")
    assert "3 recoveries in a row failed" in said
    assert "may be its probe from 2026-03-02T04:00:00+00:00 on" in said
    terminal.fleet.clock.advance(3600)
    asyncio.run(breaker.take_probe("ec2.start", incident="inc-9", hold=timedelta(hours=1)))
    assert "its probe runs now: inc-9" in terminal.run("breaker", "show", "ec2.start").stdout


def test_a_person_closes_it_and_the_record_names_who_and_why(terminal: Any) -> None:
    breaker = broken(terminal)
    assert terminal.run("breaker", "close", "ec2.start", "--reason", "capacity is back").exit_code == 0
    assert asyncio.run(breaker.look("ec2.start")).open_since is None
    assert terminal.run("breaker", "show", "ec2.start").stdout.startswith(
        "ec2.start: closed (by arn:aws:iam::123456789012:user/ann at 2026-03-02T03:00:00.000000Z: capacity is back"
    )


def frozen(terminal: Any) -> str:
    """A recovery that did not help and could not be undone."""
    fleet = terminal.fleet
    fleet.world.heals = False
    fleet.world.undo_answer = Failed(reason="denied")

    async def go() -> str:
        workers = fleet.workers()
        incident_id = str(await fleet.admit(workers, stopped()))
        await fleet.settle(workers)
        return incident_id

    return asyncio.run(go())


def test_a_thawed_resource_may_be_recovered_again(terminal: Any) -> None:
    incident_id = frozen(terminal)
    assert "may be acted on again" in terminal.run("thaw", incident_id, "--reason", "started by hand").stdout
    assert "was not frozen" in terminal.run("thaw", incident_id, "--reason", "again").stdout
    (claim,) = (item for key, item in terminal.fleet.memory.items.items() if key.startswith("RES#"))
    assert (claim["thawed_by"], claim["thaw_reason"]) == ("arn:aws:iam::123456789012:user/ann", "started by hand")
    fleet = terminal.fleet
    fleet.world.heals = True
    fleet.clock.advance(86400)

    async def again() -> State:
        workers = fleet.workers()
        second = await fleet.admit(workers, stopped(event_id="e2", at=fleet.clock.now()))
        await fleet.settle(workers)
        state: State = (await fleet.incident(second)).workflow_state
        return state

    assert asyncio.run(again()) is State.COMPLETED


def test_thawing_an_unknown_incident_says_so(terminal: Any) -> None:
    assert isinstance(terminal.run("thaw", "inc-none", "--reason", "x").exception, InvalidInput)


def test_a_breaker_of_an_action_that_is_none_is_not_called_closed(terminal: Any) -> None:
    for command in (("breaker", "show", "ec2.Start"), ("breaker", "close", "ec2.Start", "--reason", "x")):
        done = terminal.run(*command)
        assert isinstance(done.exception, UsageError)
        assert "there is no action ec2.Start; there are" in str(done.exception)


@pytest.mark.parametrize("command", [("stop",), ("thaw", "inc-1"), ("breaker", "close", "ec2.start"), ("incidents", "reject", "inc-1")])
def test_a_reason_that_says_nothing_is_none(terminal: Any, command: tuple[str, ...]) -> None:
    assert isinstance(terminal.run(*command, "--reason", "  ").exception, UsageError)
