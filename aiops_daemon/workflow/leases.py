"""Keeps the leases of what this process works on, all of them in one task, and packs the records that nobody looks at meanwhile."""

import asyncio
from datetime import datetime

from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.model.errors import AiopsError, LostOwnership
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger

log = logger("worker")
AT_ONCE = 10
BEAT_SECONDS = 1.0


class Leases:
    """Looks every second, six times per lease where that is more often, and renews what has less than two thirds of it left.

    Every write of the journal renews too, so that only long calls come here; a renewal may fail twice without harm.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._held: dict[str, Held] = {}  # by owner: an incident that comes back has another one

    def hold(self, held: Held) -> None:
        """It was just taken, or born here."""
        self._held[held.owner] = held

    def drop(self, held: Held) -> None:
        """Nobody works on it any more."""
        self._held.pop(held.owner, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(min(BEAT_SECONDS, self._journal.lease.total_seconds() / 6))
            await self._look(self._clock.now() + self._journal.lease * 2 / 3)
            await self._fold()

    async def _fold(self) -> None:
        for held in list(self._held.values()):
            held.fold()
            await asyncio.sleep(0)  # a tenth of a millisecond each

    async def _look(self, soon: datetime) -> None:
        due = [held for held in self._held.values() if held.due_at is not None and held.due_at <= soon]
        for begin in range(0, len(due), AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for held in due[begin : begin + AT_ONCE]:
                    group.create_task(self._renew(held))

    async def _renew(self, held: Held) -> None:
        if self._held.get(held.owner) is not held:
            return  # it came to its rest while others were renewed
        try:
            async with asyncio.timeout(self._journal.lease.total_seconds() / 6):  # a call that hangs must not cost the others their leases
                await self._journal.renew(held)
        except LostOwnership:
            self.drop(held)  # the next write of the flow meets the fence and stops it
        except (AiopsError, TimeoutError) as error:
            log.warning(LogEvent.LEASE_NOT_RENEWED, incident_id=held.incident_id, reason=str(error) or type(error).__name__)
