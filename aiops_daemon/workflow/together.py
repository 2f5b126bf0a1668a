"""Two calls that do not need each other, at the same time: each call less in the row is one round trip less for the incident."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def both(one: Coroutine[None, None, A], other: Coroutine[None, None, B]) -> tuple[A, B]:
    """Both results. The first failure cancels the other call and is raised as itself, so that callers need not know of groups."""
    try:
        async with asyncio.TaskGroup() as group:
            first, second = group.create_task(one), group.create_task(other)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return first.result(), second.result()
