"""What looks at something once a minute, and how a task waits while it may be stopped."""

import asyncio
from collections.abc import Awaitable, Callable

MINUTE = 60.0


async def stopped_within(seconds: float, stop: asyncio.Event) -> bool:
    """Wait; whether `stop` was set meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False


async def every_minute(
    look: Callable[[], Awaitable[None]], stop: asyncio.Event, *, blind: Callable[[Exception], None], errors: tuple[type[Exception], ...]
) -> None:
    """Look until `stop`. `errors` leave it blind, which is told once, until it sees again."""
    told = False
    while not stop.is_set():
        try:
            await look()
            told = False
        except errors as error:
            if not told:
                blind(error)
            told = True
        await stopped_within(MINUTE, stop)
