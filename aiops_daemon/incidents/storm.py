"""A storm: many distinct resources failing within a minute are one cause, and acting on each of them makes it worse.

Item `STORM#<account>`: `seen`, a set of marks `<recorded at>||<resource key>`, and, while a storm rages, its `leader` (the
incident that speaks for all), `opened_at` and `until`. One update a recovery: it adds the mark and hands the item back. Times are those
at which the incidents were recorded, so that a mark is the same when it is written again, and a backlog that is worked off slowly is still
seen as what it was. Only five conditional writes compete before a storm opens; from then on there is nothing to win.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiops_daemon.incidents.stamps import stamp, unstamp
from aiops_daemon.model.errors import ConditionFailed
from aiops_daemon.model.incident import Incident
from aiops_daemon.ports import Clock, Table

MOST = 50  # marks in one item; more are cut back to the newest half. Each join writes the item: 3 KB let 300 join in a second


@dataclass(frozen=True, slots=True)
class Storm:
    """A raging storm as one of its incidents finds it. `members` are the resources known so far."""

    leader: str
    opened_at: str
    service: str  # of the leader
    members: tuple[str, ...] = ()  # filled in for the leader only: the others do not list them
    fresh: bool = False  # this very call opened it


class Storms:
    """Storms per account, in the incident table. An error is never "no storm": it propagates, and nothing runs."""

    def __init__(self, table: Table, clock: Clock, *, resources: int = 5, window: timedelta, calm: timedelta) -> None:
        self._table = table
        self._clock = clock
        self._resources = resources
        self._window = window
        self._calm = calm  # a storm is over when nothing new has come for this long

    async def join(self, incident: Incident) -> Storm | None:
        """Count the incident's resource; the storm that it belongs to, or None in fair weather. Saying it again counts once."""
        key = storm_key(incident)
        mine = incident.incident_timestamp
        mark = f"{stamp(mine)}||{incident.resource_key}"  # the middle was the incident's id, and code from then may run beside this
        item = await self._table.update(
            key,
            "ADD seen :mark, version :one SET record_type = :type",
            "attribute_not_exists(record_type) OR record_type = :type",
            {"mark": frozenset({mark}), "one": 1, "type": "storm"},
        )
        await self._tidy(key, item)
        if item.get("until", "") < stamp(self._clock.now()):
            together = self._together(item["seen"], mine)
            return await self._open(key, incident, together) if len(together) >= self._resources else None
        await self._prolong(key, item)
        return _storm(item, self._together(item["seen"], mine) if item["leader"] == incident.incident_id else ())

    async def led_by(self, incident: Incident) -> bool:
        """Whether this incident has to speak for a storm: asked when its owner died, who may have opened it in silence."""
        item = await self._table.get(storm_key(incident)) or {}
        return bool(item.get("leader") == incident.incident_id)

    async def _open(self, key: str, incident: Incident, members: tuple[str, ...]) -> Storm:
        now = self._clock.now()
        values = {
            "me": incident.incident_id, "service": incident.event.resource.service, "now": stamp(now), "until": stamp(now + self._calm),
            "one": 1,
        }  # fmt: skip
        try:
            item = await self._table.update(
                key,
                "SET leader = :me, service = :service, opened_at = :now, #until = :until ADD version :one",
                "attribute_not_exists(leader) OR #until < :now",
                values,
                {"until": "until"},
            )
        except ConditionFailed as found:
            return _storm(found.item, members)  # somebody else was first, or we were and the reply was lost
        return replace(_storm(item, members), fresh=True)

    async def _prolong(self, key: str, item: Mapping[str, Any]) -> None:
        """Each member keeps the storm alive; written at most twice a calm."""
        now = self._clock.now()
        if unstamp(item["until"]) > now + self._calm / 2:
            return
        values = {"until": stamp(now + self._calm), "leader": item["leader"], "one": 1}
        try:
            await self._table.update(key, "SET #until = :until ADD version :one", "leader = :leader", values, {"until": "until"})
        except ConditionFailed:
            return  # a new storm began meanwhile, and it has its own end

    async def _tidy(self, key: str, item: Mapping[str, Any]) -> None:
        if len(item["seen"]) <= MOST:
            return
        newest = sorted(item["seen"])[-MOST // 2 :]
        try:
            await self._table.put(
                {**item, "seen": frozenset(newest), "version": item["version"] + 1}, "version = :seen", {"seen": item["version"]}
            )
        except ConditionFailed:
            return  # somebody wrote at the same moment: the next one tidies

    def _together(self, marks: Iterable[str], at: datetime) -> tuple[str, ...]:
        """The distinct resources of the busiest window that contains `at` (the order in which incidents are worked on is not theirs)."""
        seen = sorted((unstamp(mark.split("|", 2)[0]), mark.split("|", 2)[2]) for mark in marks)
        windows = [
            {resource for when, resource in seen if start <= when <= start + self._window}
            for start, _ in seen
            if at - self._window <= start <= at
        ]
        busiest: set[str] = max(windows, key=len, default=set())
        return tuple(sorted(busiest))


def _storm(item: Mapping[str, Any], members: tuple[str, ...]) -> Storm:
    return Storm(leader=item["leader"], opened_at=item["opened_at"], service=item["service"], members=members)


def storm_key(incident: Incident) -> str:
    """One item an account: what fails together in several regions is still one storm."""
    return f"STORM#{incident.event.account}"
