"""Calls that do not need each other, at the same time: each call less in the row is one round trip less for the incident.

The first of them runs in the caller's own task: one call alone, which is the rule, needs no other.
"""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def all_of(*calls: Coroutine[None, None, A]) -> list[A]:
    """Every result, in order. The first failure cancels the others; what failed is raised as an ExceptionGroup."""
    if not calls:
        return []
    async with asyncio.TaskGroup() as group:
        others = [group.create_task(call) for call in calls[1:]]
        first = await calls[0]
    return [first, *(other.result() for other in others)]


async def both(one: Coroutine[None, None, A], other: Coroutine[None, None, B]) -> tuple[A, B]:
    """Both results. The first failure cancels the other call and is raised as itself, so that callers need not know of groups."""
    try:
        async with asyncio.TaskGroup() as group:
            second = group.create_task(other)
            first = await one
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return first, second.result()
