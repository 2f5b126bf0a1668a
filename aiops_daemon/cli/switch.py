"""`stop` and `start`: the kill switch of the whole fleet."""

import asyncio

from aiops_daemon.cli.desk import Desk, Why, at_desk


def stop(reason: Why) -> None:
    """No step runs any more, on any task, until `start`."""
    _set(stopped=True, reason=reason)
    print("stopped: no step will run; incidents are still recorded")


def start(reason: Why) -> None:
    """Steps run again."""
    parameter = _set(stopped=False, reason=reason)
    print("started: steps run again" + (f", unless the SSM parameter {parameter} stops them" if parameter else ""))


def _set(*, stopped: bool, reason: str) -> str | None:
    """The name of the switch's second source, which this command does not touch."""
    from aiops_daemon.incidents.guards import KillSwitch

    async def work(desk: Desk) -> str | None:
        await KillSwitch(desk.table, desk.clock).set(stopped=stopped, by=await desk.clients.caller(), reason=reason)
        return desk.settings.workflow.kill_switch_parameter

    return asyncio.run(at_desk(work))
