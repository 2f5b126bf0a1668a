"""`stop` and `start`: the kill switch of the whole fleet."""

import asyncio
from typing import Annotated

import typer

Reason = Annotated[str, typer.Option(help="Why: it stands on every record and notice.", prompt=True)]


def stop(reason: Reason) -> None:
    """No step runs any more, on any task, until `start`."""
    _set(stopped=True, reason=reason)
    print("stopped: no step will run; incidents are still recorded")


def start(reason: Reason) -> None:
    """Steps run again."""
    parameter = _set(stopped=False, reason=reason)
    print("started: steps run again" + (f", unless the SSM parameter {parameter} stops them" if parameter else ""))


def _set(*, stopped: bool, reason: str) -> str | None:
    """The name of the switch's second source, which this command does not touch."""
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.aws.table import DynamoTable
    from aiops_daemon.incidents.guards import KillSwitch
    from aiops_daemon.settings import load

    settings = load()

    async def go() -> None:
        async with AwsSession(settings.aws) as clients:
            switch = KillSwitch(DynamoTable(clients, settings.incidents.table), SystemClock())
            await switch.set(stopped=stopped, by=await clients.caller(), reason=reason)

    asyncio.run(go())
    return settings.workflow.kill_switch_parameter
