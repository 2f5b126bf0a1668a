"""An event loop whose clock jumps to the next timer instead of waiting: an hour passes in milliseconds.

Everything that uses the loop's time (asyncio.timeout, call_later, sleep) is virtual. For code without sockets only.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from typing_extensions import override  # typing has it from 3.12

T = TypeVar("T")
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HANG_SECONDS = 30 * 86400.0


class _Selector(selectors.DefaultSelector):
    """Never waits: what it would have waited goes onto the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("the loop would wait for ever: no timer and nothing to do")
        self.passed += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    @override
    def time(self) -> float:
        return self._virtual.passed


class LoopClock:
    """Implements ports.Clock on the running loop's time: 0 is noon on 1 March 2026."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_virtual(main: Coroutine[object, object, T]) -> T:
    """Like asyncio.run, on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
