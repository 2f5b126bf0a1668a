"""The claim on a resource: cooldown and single flight are one conditional write.

Item `RES#<account>#<region>#<type>#<id>`: {holder, until, ...}. Whoever finds a live claim of somebody else loses and names the holder.
An error is never "not in cooldown": it propagates. The same item counts the recoveries of the resource, because its holder is the only
one who may write it: no second counter, no second call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiops_daemon.incidents.stamps import shown, stamp, unstamp
from aiops_daemon.model.errors import ClaimLost, ConditionFailed
from aiops_daemon.model.event import Event
from aiops_daemon.ports import Clock, Table

_FLAPPING = timedelta(hours=1)  # recoveries closer together than this lengthen the cooldown
_REMEMBERED = 1000  # claims that this process took and has not charged: only a saved call, never the truth
_CHARGE = "holder = :me AND attribute_not_exists(frozen) AND (attribute_not_exists(charged) OR charged <> :incident)"


@dataclass(frozen=True, slots=True)
class Claim:
    """A live claim. `mine` says whether the asker holds it; the counts are of recoveries that were attempted."""

    key: str
    holder: str
    until: datetime
    mine: bool
    today: int = 0
    streak: int = 0
    frozen: str | None = None
    charged: str = ""  # the incident whose recovery was counted last

    @property
    def why(self) -> str:
        """Why the asker cannot have it."""
        return f"frozen: {self.frozen}" if self.frozen else f"held by {self.holder} until {shown(self.until)}"


def claim_key(event: Event, purpose: str = "") -> str:
    """Recoveries of one resource share a key; announcements have their own, so that one never hides the other."""
    return "#".join(part for part in ("RES", event.account, event.region, event.resource.key, purpose) if part)


class Claims:
    """Claims in the incident table."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._taken: dict[str, Claim] = {}

    async def claim(self, key: str, holder: str, period: timedelta) -> Claim:
        """Take the resource for `period`, or learn who has it. Saying it again as the holder is harmless and never shortens the claim."""
        now = self._clock.now()
        values = {"me": holder, "until": stamp(now + period), "now": stamp(now), "type": "claim"}
        try:
            item = await self._table.update(
                key,
                "SET holder = :me, #until = :until, record_type = :type",
                "attribute_not_exists(frozen) AND (attribute_not_exists(holder) OR #until < :now OR (holder = :me AND #until <= :until))",
                values,
                {"until": "until"},
            )
        except ConditionFailed as found:
            item = found.item
        claim = self._read(key, item, holder)
        if claim.mine:
            self._taken[key] = claim
            if len(self._taken) > _REMEMBERED:
                self._taken.pop(next(iter(self._taken)))
        return claim

    async def charge(self, key: str, holder: str, hold: timedelta, most: int | None = None) -> Claim | None:
        """Right before the first side effect: the claim must still be ours; count this recovery once. Raises ClaimLost.

        None: `most` recoveries were counted today, and this one was not.
        """
        now = self._clock.now()
        # Only the holder writes to its claim, so what `claim` gave us still holds if we still hold it, which the condition asks.
        taken = self._taken.pop(key, None)
        seen = taken if taken and taken.holder == holder else self._read(key, await self._table.get(key) or {}, holder)
        if not seen.mine or seen.frozen:
            raise ClaimLost(f"the claim on {key} is held by {seen.holder}")
        if most is not None and seen.today >= most and seen.charged != holder:
            return None
        values = {
            "me": holder, "until": stamp(max(seen.until, now + hold)), "incident": holder, "day": now.date().isoformat(),
            "today": seen.today + 1, "streak": seen.streak + 1, "now": stamp(now),
        }  # fmt: skip
        sets = "SET #until = :until, charged = :incident, charged_at = :now, charged_day = :day, today = :today, streak = :streak"
        try:
            item = await self._table.update(key, sets, _CHARGE, values, {"until": "until"})
        except ConditionFailed as found:
            if found.item.get("holder") != holder or found.item.get("frozen"):
                raise ClaimLost(f"the claim on {key} went to {found.item.get('holder')}") from found
            item = found.item  # charged before a restart: once is enough
        return self._read(key, item, holder)

    async def cool_down(self, key: str, holder: str, period: timedelta, *, frozen: str | None = None) -> None:
        """After an attempted recovery, also a failed one: nobody acts on the resource for `period`; `frozen` needs a human to lift it."""
        values = {"me": holder, "until": stamp(self._clock.now() + period)}
        sets = "SET #until = :until"
        if frozen is not None:
            sets += ", frozen = :frozen"
            values["frozen"] = frozen
        try:
            await self._table.update(key, sets, "holder = :me", values, {"until": "until"})
        except ConditionFailed:
            return  # it ran out and somebody else holds it: theirs now

    async def thaw(self, key: str, *, by: str, reason: str) -> bool:
        """A human lifts a freeze, and says why."""
        values = {"zero": "0", "by": by, "why": reason, "now": stamp(self._clock.now())}
        sets = "SET #until = :zero, thawed_by = :by, thawed_at = :now, thaw_reason = :why REMOVE frozen"
        try:
            await self._table.update(key, sets, "attribute_exists(frozen)", values, {"until": "until"})
        except ConditionFailed:
            return False
        return True

    def _read(self, key: str, row: Mapping[str, Any], me: str) -> Claim:
        now = self._clock.now()
        charged_at = unstamp(row["charged_at"]) if "charged_at" in row else None
        frozen = row.get("frozen")
        until = row.get("until", "0")
        return Claim(
            key=key,
            holder=row.get("holder", ""),
            until=unstamp(until) if until != "0" else now,
            mine=row.get("holder") == me and not frozen,
            today=row.get("today", 0) if row.get("charged_day") == now.date().isoformat() else 0,
            streak=row.get("streak", 0) if charged_at and now - charged_at < _FLAPPING else 0,
            frozen=frozen,
            charged=row.get("charged", ""),
        )
