"""Waiting that ends when the process is stopped, and looks that may be blind for a while."""

import asyncio

import pytest

from aiops_daemon.telemetry import minute
from aiops_daemon.telemetry.minute import every_minute, stopped_within


async def test_waiting_says_whether_it_was_stopped() -> None:
    stop = asyncio.Event()
    assert not await stopped_within(0.001, stop)
    stop.set()
    assert await stopped_within(60, stop)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([None, None], []),
        ([OSError("one"), OSError("two"), None], ["one"]),  # once
        ([OSError("one"), None, OSError("three"), OSError("four")], ["one", "three"]),  # until it sees again
    ],
)
async def test_what_makes_it_blind_is_told_once_until_it_sees_again(
    seen: list[Exception | None], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minute, "MINUTE", 0.001)
    stop, left, blind = asyncio.Event(), list(seen), list[str]()

    async def look() -> None:
        answer = left.pop(0)
        if not left:
            stop.set()
        if answer is not None:
            raise answer

    await every_minute(look, stop, blind=lambda error: blind.append(str(error)), errors=(OSError,))
    assert (blind, left) == (told, [])


async def test_another_error_is_not_taken_for_blindness() -> None:
    async def look() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await every_minute(look, asyncio.Event(), blind=lambda _: None, errors=(OSError,))
