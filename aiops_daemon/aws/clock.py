"""The real clock: the one place that reads the time."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Implements ports.Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  # this is the clock that everybody else is given

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
