"""`stop` and `start`: the kill switch of the whole fleet."""

import asyncio
from typing import NamedTuple

from aiops_daemon.cli.desk import Desk, Why, at_desk


def stop(reason: Why) -> None:
    """No step runs any more, on any task, until `start`."""
    done = _set(stopped=True, reason=reason)
    print(f"stopped: no step will run; incidents are still recorded (table {done.table}, said by {done.by})")


def start(reason: Why) -> None:
    """Steps run again."""
    parameter = _set(stopped=False, reason=reason).parameter
    print("started: steps run again" + (f", unless the SSM parameter {parameter} stops them" if parameter else ""))


class _Said(NamedTuple):
    table: str  # which fleet: at night one is easily in the wrong account
    by: str
    parameter: str | None  # the switch's second source, which these commands do not touch


def _set(*, stopped: bool, reason: str) -> _Said:
    from aiops_daemon.incidents.kill_switch import KillSwitch

    async def work(desk: Desk) -> _Said:
        by = await desk.clients.caller()
        await KillSwitch(desk.table, desk.clock).set(stopped=stopped, by=by, reason=reason)
        return _Said(desk.settings.incidents.table, by, desk.settings.workflow.kill_switch_parameter)

    return asyncio.run(at_desk(work))
