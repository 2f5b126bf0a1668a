"""Permits: how many messages we may hold. Taken before a receive, so that nothing is received that cannot be worked on.

A receive for one message costs as much as one for ten. So a poller that could get a few permits waits a moment for more, but never
for all: one slow message must not hold up the rest.
"""

import asyncio

from aiops_daemon.intake.queue import BATCH


class Permits:
    """For one event loop; `take` by pollers, `give` by whoever finished a message."""

    def __init__(self, capacity: int, linger_seconds: float = 0.05) -> None:
        self._free = capacity
        self._want = min(BATCH, capacity)
        self._linger = linger_seconds
        self._closed = False
        self._changed = asyncio.Event()

    @property
    def free(self) -> int:
        return self._free

    async def take(self) -> int:
        """1 to 10 permits; 0 once closed."""
        while not self._closed and self._free < self._want:
            self._changed.clear()
            try:
                async with asyncio.timeout(self._linger if self._free else None):
                    await self._changed.wait()
            except TimeoutError:
                if self._free:
                    break
        if self._closed:
            return 0
        taken = min(self._want, self._free)
        self._free -= taken
        return taken

    def give(self, count: int = 1) -> None:
        """Put permits back."""
        was_empty = self._free == 0
        self._free += count
        if was_empty or self._free >= self._want:
            self._changed.set()

    def close(self) -> None:
        """Nobody gets another permit; who waits is sent away."""
        self._closed = True
        self._changed.set()
