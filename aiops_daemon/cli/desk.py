"""What a command that reads or writes the incident table has at hand: settings, clients, the table and a clock. One place opens them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from aiops_daemon.cli.errors import UsageError

if TYPE_CHECKING:
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.aws.table import DynamoTable
    from aiops_daemon.incidents.history import IncidentHistory
    from aiops_daemon.incidents.journal import Journal
    from aiops_daemon.ports import Clock
    from aiops_daemon.settings import Settings

T = TypeVar("T")


def _given(reason: str) -> str:
    if not reason.strip():
        raise UsageError("--reason is empty: say why, it stands on the record")
    return reason.strip()


Why = Annotated[str, typer.Option("--reason", prompt="Reason", help="Why: it stands on the record, with who and when.", callback=_given)]


@dataclass(frozen=True, slots=True)
class Desk:
    """For the length of one command."""

    settings: "Settings"
    clients: "AwsSession"
    table: "DynamoTable"
    clock: "Clock"

    @property
    def journal(self) -> "Journal":
        from aiops_daemon.incidents.journal import Journal

        return Journal(self.table, self.clock)

    @property
    def history(self) -> "IncidentHistory":
        from aiops_daemon.incidents.history import IncidentHistory

        return IncidentHistory(self.table, self.clock)


async def at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Open, work, close."""
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.aws.table import DynamoTable
    from aiops_daemon.settings import load

    settings = load()
    async with AwsSession(settings.aws) as clients:
        return await work(Desk(settings, clients, DynamoTable(clients, settings.incidents.table), SystemClock()))
