"""Two calls at once."""

import asyncio

import pytest

from aiops_daemon.model.errors import RetryLater
from aiops_daemon.workflow.together import both


async def test_each_runs_while_the_other_waits() -> None:
    met = asyncio.Barrier(2)

    async def call(name: str) -> str:
        await met.wait()  # one after the other would never get past it
        return name

    assert await both(call("a"), call("b")) == ("a", "b")


async def test_the_first_failure_is_raised_as_itself_and_ends_the_other() -> None:
    ended = []

    async def fails() -> None:
        raise RetryLater("throttled")

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    with pytest.raises(RetryLater, match="throttled"):
        await both(waits(), fails())
    assert ended == ["cancelled"]
