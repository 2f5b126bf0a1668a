"""Budgets of the whole fleet: so many recoveries or model calls, and so much money for them, in one window.

Items `BUDGET#<name>#<scope>#<window>`; windows are aligned to the epoch. Every doubt is a refusal: an error propagates.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from aiops_daemon.model.errors import ConditionFailed
from aiops_daemon.ports import Clock, Table

_MILLION = 1_000_000


class Budget:
    """At most `limit` different users of a budget in one window: a set, so that paying twice is paying once."""

    def __init__(self, table: Table, clock: Clock, *, name: str, limit: int, window: timedelta) -> None:
        self._table = table
        self._clock = clock
        self.name = name
        self.limit = limit
        self._window = window
        self.scopes: set[str] = set()  # whose budgets this process has spent of: one entry an account

    async def spend(self, who: str, scope: str) -> bool:
        """False: nothing left in this window."""
        if self.limit <= 0:
            return False  # an empty set has no size, so the condition below would let the first one in
        self.scopes.add(scope)
        window, seconds = _window_now(self._clock, self._window)
        try:
            await self._table.update(
                f"BUDGET#{self.name}#{scope}#{window}",
                "ADD payers :who SET record_type = :type, expires_at = :expires",
                "attribute_not_exists(payers) OR contains(payers, :me) OR size(payers) < :limit",
                {"who": frozenset({who}), "me": who, "limit": self.limit, "type": "budget", "expires": window + 2 * seconds},
            )
        except ConditionFailed:
            return False
        return True

    def renewed(self) -> datetime:
        """When the next window begins."""
        window, seconds = _window_now(self._clock, self._window)
        return datetime.fromtimestamp(window + seconds, UTC)

    async def used(self, scope: str) -> float:
        """The share that is spent in this window."""
        window, _ = _window_now(self._clock, self._window)
        item = await self._table.get(f"BUDGET#{self.name}#{scope}#{window}") or {}
        return len(item.get("payers", ())) / self.limit if self.limit > 0 else 1.0


class CostBudget:
    """Implements ports.Purse: reserve the most that a call can cost, settle to what it did cost.

    The item's `spent` is in millionths of a dollar, rounded up, reservations included, with one attribute per open reservation. Both
    writes are conditional on that attribute, so a reply that was lost and a write that the SDK repeats count once. Whoever dies between the
    two, or never learns what the call cost, leaves the reservation as it is: the budget may over-count, never under-count. `ids` makes a
    name for each reservation that nobody else's has.
    """

    def __init__(self, table: Table, clock: Clock, *, name: str, dollars: float, window: timedelta, ids: Callable[[], str]) -> None:
        self._table = table
        self._clock = clock
        self._name = name
        self._limit = _micros(dollars)
        self._window = window
        self._ids = ids

    async def reserve(self, dollars: float) -> str | None:
        """A receipt to settle with, or None: less than that is left in this window."""
        amount = _micros(dollars)
        window, seconds = _window_now(self._clock, self._window)
        receipt = f"{window}#{self._ids()}#{amount}"
        if amount > self._limit:
            return None  # a fresh item has no `spent` that the condition could look at
        values = {"amount": amount, "room": self._limit - amount, "type": "budget", "expires": window + 2 * seconds}
        try:
            await self._table.update(
                self._key(window),
                "SET #held = :amount, record_type = :type, expires_at = :expires ADD spent :amount",
                "attribute_not_exists(#held) AND (attribute_not_exists(spent) OR spent <= :room)",
                values,
                {"held": _held(receipt)},
            )
        except ConditionFailed as found:
            return receipt if _held(receipt) in found.item else None  # our own write, whose reply was lost
        return receipt

    async def settle(self, receipt: str, dollars: float) -> None:
        """The call cost `dollars`. Saying it again changes nothing."""
        window, _, amount = receipt.split("#")
        try:
            await self._table.update(
                self._key(int(window)),
                "REMOVE #held ADD spent :more",
                "attribute_exists(#held)",
                {"more": _micros(dollars) - int(amount)},
                {"held": _held(receipt)},
            )
        except ConditionFailed:
            return  # settled before

    async def used(self) -> float:
        """The share of this window's money that is spent or reserved."""
        window, _ = _window_now(self._clock, self._window)
        item = await self._table.get(self._key(window)) or {}
        return int(item.get("spent", 0)) / self._limit if self._limit > 0 else 1.0

    def _key(self, window: int) -> str:
        return f"BUDGET#{self._name}#fleet#{window}"


def _window_now(clock: Clock, window: timedelta) -> tuple[int, int]:
    """When the present window began (Unix time), and how many seconds it has."""
    seconds = int(window.total_seconds())
    now = int(clock.now().timestamp())
    return now - now % seconds, seconds


def _held(receipt: str) -> str:
    return f"held_{receipt.split('#')[1]}"


def _micros(dollars: float) -> int:
    return math.ceil(round(dollars * _MILLION, 6))
