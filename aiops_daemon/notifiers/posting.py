"""One POST, and what its end means for the outbox. The address is a credential: it never stands in an error."""

from collections.abc import Mapping
from typing import NamedTuple

import aiohttp

from aiops_daemon.model.errors import GiveUp, RetryLater, Throttled

_READ_LIMIT = 65_536
_AGAIN = frozenset({408, 409, 423, 425})


class Answer(NamedTuple):
    """Status and body of a request that the channel took."""

    status: int
    body: str


async def post(channel: str, url: str, body: bytes, limit_seconds: float, headers: Mapping[str, str] | None = None) -> Answer:
    """Raise RetryLater (no answer, 429, 5xx) or GiveUp (any other refusal)."""
    timeout = aiohttp.ClientTimeout(total=limit_seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers={"Content-Type": "application/json", **(headers or {})}, allow_redirects=False) as answer,
        ):
            status, text = answer.status, (await answer.content.read(_READ_LIMIT)).decode(errors="replace")
    except aiohttp.InvalidURL:
        raise GiveUp(f"{channel}: the configured address is no URL") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise RetryLater(f"{channel}: no answer ({type(error).__name__})") from None
    if 200 <= status < 300:
        return Answer(status, text)
    said = f"{channel}: answered {status}: {text[:200]!r}"
    if status == 429:
        raise Throttled(said)
    raise RetryLater(said) if status >= 500 or status in _AGAIN else GiveUp(said)
