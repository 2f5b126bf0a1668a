"""`breaker show|close` and `thaw`: what only a person may lift."""

import asyncio
from typing import Annotated

import typer

from aiops_daemon.cli.desk import Desk, Why, at_desk
from aiops_daemon.cli.errors import UsageError
from aiops_daemon.model.errors import InvalidInput

app = typer.Typer(no_args_is_help=True, help="Circuit breakers of automatic actions: show, close.")


@app.command()
def show(action: Annotated[str, typer.Argument(help="Action id, such as ec2.start.")]) -> None:
    """Is automatic action of this kind stopped, and why?"""
    from aiops_daemon.incidents.breaker import Breaker

    state = asyncio.run(at_desk(lambda desk: Breaker(desk.table, desk.clock).look(_known(desk, action))))
    if state.open_since is None or state.probe_at is None:
        print(f"{action}: closed" + (f" ({state.closed})" if state.closed else ""))
        return
    print(f"{action}: open since {state.open_since.isoformat()}: {state.reason}")
    print(f"its probe runs now: {state.probe}" if state.probe else f"one recovery may be its probe from {state.probe_at.isoformat()} on")


@app.command()
def close(action: str, reason: Why) -> None:
    """Allow automatic action of this kind again."""
    from aiops_daemon.incidents.breaker import Breaker

    async def work(desk: Desk) -> None:
        await Breaker(desk.table, desk.clock).close(_known(desk, action), by=await desk.clients.caller(), reason=reason)

    asyncio.run(at_desk(work))
    print(f"{action}: closed")


def _known(desk: Desk, action: str) -> str:
    """A breaker that nobody has would be shown as closed."""
    from aiops_daemon.actions import catalogue

    known = sorted(one.spec.id for one in catalogue(desk.settings.actions, desk.clock))
    if action not in known:
        raise UsageError(f"there is no action {action}; there are {', '.join(known)}")
    return action


def thaw(incident_id: Annotated[str, typer.Argument(help="The incident whose failed undo froze its resource.")], reason: Why) -> None:
    """Lift the freeze that a failed undo left on a resource."""
    from aiops_daemon.incidents.claims import Claims, claim_key

    async def work(desk: Desk) -> bool:
        incident = await desk.journal.load(incident_id)
        if incident is None:
            raise InvalidInput(f"there is no incident {incident_id}")
        return await Claims(desk.table, desk.clock).thaw(claim_key(incident.event), by=await desk.clients.caller(), reason=reason)

    print("the resource may be acted on again" if asyncio.run(at_desk(work)) else "the resource was not frozen")
