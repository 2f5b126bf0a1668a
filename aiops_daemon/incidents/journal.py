"""The journal: who owns an incident, what was done, and what comes next, in one conditional write each.

Every write names the owner, the fence and the sequence number that it believes in. The SDK may retry a write that was applied and whose
reply was lost, so a failed condition is compared with the item found before anybody else is said to have won. `due_at` is the lease's
end while somebody works and the wake-up time while the incident is parked: the sparse open-index over it is a hint, the condition on the
item is the truth.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from aiops_daemon.incidents.change import Change, columns, nested, outbox_writes
from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.record import OPEN, from_item, to_item
from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.model.errors import AiopsError, ConditionFailed, LostOwnership
from aiops_daemon.model.incident import (
    TRANSITIONS,
    WORKFLOW_VERSION,
    AuditEntry,
    Incident,
    OutboxEntry,
    Signal,
)
from aiops_daemon.ports import Clock, Table
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger

log = logger("journal")
MAX_TAKEOVERS = 5
_NOTE_CHARACTERS = 1000


class _Spoken(Exception):
    """A signal arrived since the incident was last read."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.incident_id)
        self.incident = incident


class Journal:
    """The incidents of one table. `lease` must be longer than the longest single call between two writes."""

    def __init__(self, table: Table, clock: Clock, *, lease: timedelta = timedelta(seconds=30)) -> None:
        self._table = table
        self._clock = clock
        self.lease = lease

    async def load(self, incident_id: str) -> Incident | None:
        """The record now (strongly consistent)."""
        item = await self._table.get(incident_id)
        return from_item(item) if item and "event_details" in item else None

    async def open(self, incident: Incident) -> Incident | None:
        """Record a new incident. Returns the one that was there before, or None when this one is new (or its own reply was lost)."""
        try:
            await self._table.put(to_item(incident), "attribute_not_exists(incident_id)")
        except ConditionFailed as found:
            existing = from_item(found.item)
            birth = incident.audit[0].entry_id
            return None if existing.audit and existing.audit[0].entry_id == birth else existing
        return None

    async def transition(self, held: Held, *changes: Change) -> None:
        """Write state, audit entries, results and outbox at once, and renew the lease. Raises LostOwnership."""
        now = self._clock.now()
        entries = [entry.model_dump_json() for entry in _trail(held, changes, now)]
        sets = ["workflow_state = :to", "audit = list_append(audit, :audit)"]
        values: dict[str, Any] = {"to": changes[-1].to.value, "audit": entries}
        names: dict[str, str] = {}
        for (attribute, key), text in nested(changes).items():
            alias = f"n{len(names)}"
            names[alias] = key
            values[alias] = text
            sets.append(f"{attribute}.#{alias} = :{alias}")
        for attribute, value in columns(changes, now).items():
            values[attribute] = value
            sets.append(f"{attribute} = :{attribute}")
        await self._write(held, sets, values, names, due_at=now + self.lease)

    async def settle(self, held: Held, entries: Iterable[OutboxEntry]) -> None:
        """Record what was delivered. No transition, so no audit entry."""
        values, names, sets = outbox_writes(entries)
        await self._write(held, sets, values, names, due_at=self._clock.now() + self.lease)

    async def park(self, held: Held, until: datetime, entries: Iterable[OutboxEntry] = (), heard: int | None = None) -> None:
        """Give the incident up until `until`: no lease, no memory, anybody may go on. What was delivered is recorded with it.

        `heard`: how many signals the owner has listened to, where a write since then may have brought more into the record.
        """
        entries = list(entries)
        heard = len(held.incident.signals) if heard is None else heard
        try:
            values, names, sets = outbox_writes(entries)
            await self._write(held, sets, values, names, due_at=until, release=True, heard=heard)
        except _Spoken as spoken:  # a person's word came after the owner last listened: it must not wait for `until`
            held.incident = spoken.incident
            await self.park(held, self._clock.now(), entries)

    async def close(self, held: Held, entries: Iterable[OutboxEntry] = ()) -> None:
        """Nothing is left to do: leave the open-index for good."""
        if not held.incident.terminal:
            raise AiopsError(f"{held.incident.incident_id} is {held.incident.workflow_state}, which is no end")
        values, names, sets = outbox_writes(entries)
        await self._write(held, sets, values, names, due_at=None, release=True)

    async def renew(self, held: Held) -> None:
        """Hold on to the lease during one long call."""
        due = self._clock.now() + self.lease
        await self._conditional(
            held,
            "SET due_at = :due",
            "#owner = :owner AND fence = :fence",
            {"due": stamp(due), "owner": held.owner, "fence": held.fence},
            {"owner": "owner"},
        )
        held.due_at = due

    async def due(self, limit: int) -> list[Incident]:
        """Open incidents whose lease or sleep is over, longest overdue first, of versions that this code knows."""
        items = await self._due(limit, {})
        known = [item for item in items if item["workflow_version"] <= WORKFLOW_VERSION]
        if len(known) < len(items) == limit:  # newer code's incidents fill the page: they must not hide ours
            known = await self._due(limit, {"version": WORKFLOW_VERSION}, filter_by="workflow_version <= :version")
        return [incident for item in known if (incident := _readable(item)) is not None]

    async def _due(self, limit: int, more: Mapping[str, Any], *, filter_by: str | None = None) -> list[Mapping[str, Any]]:
        return await self._table.query(
            "open-index",
            "#open = :open AND due_at <= :now",
            {"open": OPEN, "now": stamp(self._clock.now()), **more},
            filter_by=filter_by,
            names={"open": "open"},
            newest_first=False,
            limit=limit,
        )

    async def take(self, seen: Incident, owner: str) -> Held | None:
        """Become the owner of a due incident; None when somebody was faster. A dead owner's successor raises the takeover count."""
        now = self._clock.now()
        values = {
            "me": owner, "fence": seen.fence + 1, "seen": seen.fence, "now": stamp(now), "due": stamp(now + self.lease), "one": 1,
            "died": int(seen.owner is not None),
            "version": WORKFLOW_VERSION,
        }  # fmt: skip
        try:
            item = await self._table.update(
                seen.incident_id,
                "SET #owner = :me, fence = :fence, seq = seq + :one, due_at = :due, takeovers = takeovers + :died",
                "fence = :seen AND due_at <= :now AND workflow_version <= :version",
                values,
                {"owner": "owner"},
            )
        except ConditionFailed as found:
            if found.item.get("owner") != owner:
                return None
            item = dict(found.item)  # our own write, whose reply was lost
        return Held(from_item(item), owner)

    async def signal(self, incident_id: str, signal: Signal) -> Incident | None:
        """Leave a person's word on an open incident and wake it; None when there is no such open incident. Saying it twice is once."""
        values: dict[str, Any] = {"signal": signal.model_dump_json(exclude_defaults=True), "open": OPEN}
        names = {"id": signal.signal_id, "open": "open", "owner": "owner"}
        say = "SET signals.#id = if_not_exists(signals.#id, :signal)"
        while True:  # each try says who must hold it: between two of them its owner may park it, and nobody would read the word for hours
            try:
                return from_item(
                    await self._table.update(
                        incident_id,
                        say + ", due_at = :now",
                        "#open = :open AND attribute_not_exists(#owner)",
                        values | {"now": stamp(self._clock.now())},
                        names,
                    )
                )
            except ConditionFailed as found:
                if found.item.get("open") != OPEN:
                    return None
            try:  # somebody is at work on it right now: they will read it before they park
                return from_item(await self._table.update(incident_id, say, "#open = :open AND attribute_exists(#owner)", values, names))
            except ConditionFailed as found:
                if found.item.get("open") != OPEN:
                    return None

    async def _write(
        self,
        held: Held,
        sets: list[str],
        values: dict[str, Any],
        names: dict[str, str],
        *,
        due_at: datetime | None,
        release: bool = False,
        heard: int | None = None,
    ) -> None:
        incident = held.incident
        values |= {
            "owner": held.owner,
            "fence": incident.fence,
            "seq": incident.seq,
            "next": incident.seq + 1,
            "state": incident.workflow_state.value,
        }
        sets = [*sets, "seq = :next"]
        removes: list[str] = []
        if due_at is None:
            removes += ["#open", "due_at"]
            names |= {"open": "open"}
            values["closed"] = stamp(self._clock.now())
            sets.append("closed_at = :closed")
        else:
            values["due"] = stamp(due_at)
            sets.append("due_at = :due")
        if release:
            values["released"] = f"{held.owner}:{incident.seq + 1}"
            sets.append("released = :released")
            removes.append("#owner")
        expression = "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(removes) if removes else "")
        condition = "#owner = :owner AND fence = :fence AND seq = :seq AND workflow_state = :state"
        if heard is not None:
            condition += " AND size(signals) = :heard"
            values["heard"] = heard
        held.incident = from_item(await self._conditional(held, expression, condition, values, names | {"owner": "owner"}), incident.event)

    async def _conditional(
        self, held: Held, expression: str, condition: str, values: Mapping[str, Any], names: Mapping[str, str]
    ) -> Mapping[str, Any]:
        try:
            return await self._table.update(held.incident_id, expression, condition, values, names)
        except ConditionFailed as found:
            item = found.item
            wrote = item.get("fence") == held.incident.fence and item.get("seq") == held.incident.seq + 1
            ours = item.get("owner") == held.owner or item.get("released") == f"{held.owner}:{held.incident.seq + 1}"
            if wrote and ours and "next" in values:
                return item  # the write was applied, its reply was lost
            same = item.get("fence") == held.incident.fence and item.get("seq") == held.incident.seq and item.get("owner") == held.owner
            if same and "heard" in values and len((latest := from_item(item)).signals) != values["heard"]:
                raise _Spoken(latest) from found
            raise LostOwnership(f"{held.incident.incident_id} is now fence {item.get('fence')}, owner {item.get('owner')}") from found


def _trail(held: Held, changes: Sequence[Change], now: datetime) -> Iterator[AuditEntry]:
    incident = held.incident
    state = incident.workflow_state
    for number, change in enumerate(changes, start=1):
        if change.to not in TRANSITIONS[state]:
            raise AiopsError(f"{incident.incident_id}: no transition from {state} to {change.to}")
        state = change.to
        yield AuditEntry(
            entry_id=f"{held.owner}:{incident.fence}:{incident.seq + 1}" + (f".{number}" if number > 1 else ""),
            seq=len(incident.audit) + number,
            at=now,
            state=state,
            note=change.note[:_NOTE_CHARACTERS],
            by=held.owner,
            fence=incident.fence,
        )


def _readable(item: Mapping[str, Any]) -> Incident | None:
    try:
        return from_item(item)
    except (ValueError, KeyError):  # somebody edited the item by hand: one record must not stop the fleet's scan
        log.exception(LogEvent.INCIDENT_UNREADABLE, incident_id=str(item.get("incident_id")))
        return None
