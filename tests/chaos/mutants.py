"""Broken daemons, to see that chaos catches them: `python -m tests.chaos.mutants NAME run` is `aiops-daemon run` with one thing broken.

Names are joined by "+"; those of tests/chaos/variants.py break nothing.
"""

import asyncio
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiops_daemon.incidents.breaker import Breaker, BreakerState
from aiops_daemon.incidents.budgets import Budget
from aiops_daemon.incidents.claims import Claim, Claims
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.intake.messages import Disposition, Done, Message
from aiops_daemon.model.incident import Incident
from aiops_daemon.workflow import execute, fenced, outbox
from tests.chaos.variants import VARIANTS


def claim_without_condition() -> None:
    """Whoever comes takes the resource."""

    async def claim(self: Claims, key: str, holder: str, period: timedelta) -> Claim:
        until = self._clock.now() + period
        await self._table.put({"incident_id": key, "holder": holder, "until": stamp(until)})
        return Claim(key, holder, until, mine=True)

    Claims.claim = claim  # type: ignore[method-assign]  # that is the mutant


def acknowledge_before_record() -> None:
    """The message is done with before what it says is on record."""
    inner: Any = vars(Consumer)["__init__"]
    working: set[Any] = set()

    def init(self: Consumer, *arguments: Any) -> None:
        *others, handle = arguments

        async def later(message: Message) -> None:
            await asyncio.sleep(0.2)
            await handle(message)

        async def careless(message: Message) -> Disposition:
            working.add(asyncio.get_running_loop().create_task(later(message)))
            return Done()

        inner(self, *others, careless)

    Consumer.__init__ = init  # type: ignore[method-assign,assignment]  # that is the mutant


def no_fence() -> None:
    """A worker writes whether or not it still owns the incident."""
    inner = Journal._conditional

    async def conditional(self: Journal, held: Any, expression: str, condition: str, values: Any, names: Any) -> Any:
        kept = {key: value for key, value in values.items() if f":{key}" in expression}
        aliases = {key: value for key, value in names.items() if f"#{key}" in expression}
        return await inner(self, held, expression, "attribute_exists(incident_id)", kept, aliases)

    Journal._conditional = conditional  # type: ignore[method-assign]  # that is the mutant


def take_without_condition() -> None:
    """A scan takes what it saw, whoever has taken it since."""

    async def take(self: Journal, seen: Incident, owner: str) -> Any:
        from aiops_daemon.incidents.held import Held
        from aiops_daemon.incidents.record import from_item

        now = self._clock.now()
        item = await self._table.update(
            seen.incident_id,
            "SET #owner = :me, fence = :fence, seq = seq + :one, due_at = :due",
            "attribute_exists(incident_id)",
            {"me": owner, "fence": seen.fence + 1, "due": stamp(now + self.lease), "one": 1},
            {"owner": "owner"},
        )
        return Held(from_item(item), owner)

    Journal.take = take  # type: ignore[method-assign]  # that is the mutant


def no_fence_before_effects() -> None:
    """A process that slept inside a step goes on with it."""

    async def ours(run: Any) -> None:
        return

    fenced.still_ours = ours


def silent_outbox() -> None:
    """A notice counts as delivered before it was sent."""

    async def one(run: Any, entry: Any, channel: Any) -> Any:
        return entry.model_copy(update={"delivered": True})

    outbox._one = one


def deaf_to_the_switch() -> None:
    """The kill switch is asked at the gate, and before no step."""

    async def switched_off(run: Any) -> None:
        return

    execute._switched_off = switched_off


def token_of_the_try() -> None:
    """A new idempotency token per try: a build that was begun before the crash is begun again."""
    inner: Any = vars(execute)["call_for"]

    def call_for(*arguments: Any) -> Any:
        made = inner(*arguments)
        return replace(made, token=f"{made.token}-{uuid.uuid4().hex[:8]}")

    vars(execute)["call_for"] = call_for


def free_of_charge() -> None:
    """The account's budget is looked at, and not paid."""

    async def spend(self: Budget, who: str, scope: str) -> bool:
        return await self.used(scope) < 1

    Budget.spend = spend  # type: ignore[method-assign]  # that is the mutant


def breaker_of_one_process() -> None:
    """Each process asks what it last saw of the breaker."""
    inner = Breaker.look
    seen: dict[str, BreakerState] = {}

    async def look(self: Breaker, action_id: str) -> BreakerState:
        if action_id not in seen:
            seen[action_id] = await inner(self, action_id)
        return seen[action_id]

    Breaker.look = look  # type: ignore[method-assign]  # that is the mutant


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        claim_without_condition,
        acknowledge_before_record,
        no_fence,
        no_fence_before_effects,
        take_without_condition,
        silent_outbox,
        deaf_to_the_switch,
        token_of_the_try,
        free_of_charge,
        breaker_of_one_process,
    )
}

if __name__ == "__main__":
    for name in sys.argv.pop(1).split("+"):
        (VARIANTS | MUTANTS)[name]()
    from aiops_daemon.cli import main

    main()
