"""`breaker show|close` and `thaw`: what only a person may lift."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from aiops_daemon.model.errors import InvalidInput

if TYPE_CHECKING:
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.aws.table import DynamoTable

app = typer.Typer(no_args_is_help=True, help="Circuit breakers of automatic actions: show, close.")
T = TypeVar("T")


Why = Annotated[str, typer.Option("--reason", prompt="Reason", help="Why: it stands in the record, with who and when.")]


@app.command()
def show(action: Annotated[str, typer.Argument(help="Action id, such as ec2.start.")]) -> None:
    """Is automatic action of this kind stopped, and why?"""
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.incidents.breaker import Breaker

    state = asyncio.run(_with_table(lambda table, _: Breaker(table, SystemClock()).look(action)))
    if state.open_since is None or state.probe_at is None:
        print(f"{action}: closed" + (f" ({state.closed})" if state.closed else ""))
        return
    print(f"{action}: open since {state.open_since.isoformat()}: {state.reason}")
    print(f"its probe runs now: {state.probe}" if state.probe else f"one recovery may be its probe from {state.probe_at.isoformat()} on")


@app.command()
def close(action: str, reason: Why) -> None:
    """Allow automatic action of this kind again."""
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.incidents.breaker import Breaker

    async def work(table: "DynamoTable", clients: "AwsSession") -> None:
        await Breaker(table, SystemClock()).close(action, by=await clients.caller(), reason=reason)

    asyncio.run(_with_table(work))
    print(f"{action}: closed")


def thaw(incident_id: Annotated[str, typer.Argument(help="The incident whose failed undo froze its resource.")], reason: Why) -> None:
    """Lift the freeze that a failed undo left on a resource."""
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.incidents.claims import Claims, claim_key
    from aiops_daemon.incidents.journal import Journal

    async def work(table: "DynamoTable", clients: "AwsSession") -> bool:
        incident = await Journal(table, SystemClock()).load(incident_id)
        if incident is None:
            raise InvalidInput(f"there is no incident {incident_id}")
        return await Claims(table, SystemClock()).thaw(claim_key(incident.event), by=await clients.caller(), reason=reason)

    print("the resource may be acted on again" if asyncio.run(_with_table(work)) else "the resource was not frozen")


async def _with_table(work: "Callable[[DynamoTable, AwsSession], Awaitable[T]]") -> T:
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.aws.table import DynamoTable
    from aiops_daemon.settings import load

    settings = load()
    async with AwsSession(settings.aws) as clients:
        return await work(DynamoTable(clients, settings.incidents.table), clients)
