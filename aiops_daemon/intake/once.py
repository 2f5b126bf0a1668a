"""Copies of one event cost no call: what this process has recorded it remembers, and copies in flight wait for the first.

Only a hint that saves work. The conditional write on the incident is what makes it once among processes and after a restart.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Once:
    """Remembers the last `capacity` keys; about 150 bytes each."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, None] = OrderedDict()
        self._running: dict[str, asyncio.Event] = {}

    async def do(self, key: str, record: Callable[[], Awaitable[T]]) -> T | None:
        """`record()`, or None when it succeeded before for this key. When the first fails, the next copy tries for itself."""
        while (first := self._running.get(key)) is not None:
            await first.wait()
        if key in self._known:
            self._known.move_to_end(key)
            return None
        finished = self._running[key] = asyncio.Event()
        try:
            result = await record()
        finally:
            del self._running[key]
            finished.set()
        self._known[key] = None
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return result
