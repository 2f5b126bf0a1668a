"""Keeps the leases of what this process works on, all of them in one task."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from aiops_daemon.incidents.journal import Held, Journal
from aiops_daemon.model.errors import AiopsError, LostOwnership
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.logging import logger

log = logger("worker")
AT_ONCE = 10


@dataclass(slots=True)
class _Lease:
    held: Held
    until: datetime


class Leases:
    """Looks six times per lease and renews what has less than two thirds of it left.

    Every write of the journal renews too, so that only long calls come here; a renewal may fail twice without harm.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._held: dict[str, _Lease] = {}  # by owner: an incident that comes back has another one

    def hold(self, held: Held) -> None:
        """It was just taken, or born here."""
        self._held[held.owner] = _Lease(held, held.incident.due_at or self._clock.now())

    def drop(self, held: Held) -> None:
        """Nobody works on it any more."""
        self._held.pop(held.owner, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(self._journal.lease.total_seconds() / 6)
            await self._look(self._clock.now() + self._journal.lease * 2 / 3)

    async def _look(self, soon: datetime) -> None:
        due = [lease for lease in self._held.values() if max(lease.until, lease.held.incident.due_at or lease.until) <= soon]
        for begin in range(0, len(due), AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for lease in due[begin : begin + AT_ONCE]:
                    group.create_task(self._renew(lease))

    async def _renew(self, lease: _Lease) -> None:
        held = lease.held
        if self._held.get(held.owner) is not lease:
            return  # it came to its rest while others were renewed
        try:
            async with asyncio.timeout(self._journal.lease.total_seconds() / 6):  # a call that hangs must not cost the others their leases
                lease.until = await self._journal.renew(held)
        except LostOwnership:
            self.drop(held)  # the next write of the flow meets the fence and stops it
        except (AiopsError, TimeoutError) as error:
            log.warning("lease not renewed", incident_id=held.incident.incident_id, reason=str(error) or type(error).__name__)
