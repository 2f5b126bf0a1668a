"""The circuit breaker of one kind of action: closed, open, half open. One item for the whole fleet, every write conditional on its version.

Item `BREAKER#<action>`: {failures, recent, version} and, while it is open, {open_since, reason, rest_seconds, opened_by}. After the rest
one single recovery may be the probe: {probe, probe_until}, taken by a conditional write. A probe that succeeds closes the breaker, one
that fails opens it anew for twice as long; one that never comes to an end gives its place up at `probe_until`.

`recent` keeps the marks `<time>|<ok or bad>|<incident>` also after the breaker was closed, so that an incident that says its result again
is still known; what came before `closed_at` no longer counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiops_daemon.incidents.stamps import stamp, unstamp
from aiops_daemon.model.errors import ConditionFailed
from aiops_daemon.ports import Clock, Table

REST_LIMIT = timedelta(hours=24)
_MARKS = 100  # kept beyond the hour in which they count: an incident that says it again after an outage is known
_OPEN = ("open_since", "reason", "rest_seconds", "opened_by", "probe", "probe_until")


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`open_since` set: no automatic action of this kind."""

    version: int = 0
    failures: int = 0
    recent: tuple[str, ...] = ()  # marks that count
    open_since: datetime | None = None
    reason: str = ""
    opened_by: str = ""  # the incident whose failure opened it: it tells people
    probe_at: datetime | None = None  # the end of the rest
    probe: str = ""  # the incident that is the probe now
    closed: str = ""  # who closed it last, when and why


_SHARE, _ENOUGH, _WINDOW = 0.3, 5, timedelta(hours=1)


class Breaker:
    """Per action id: `in_a_row` failed recoveries, or 30 % of at least five in an hour, stop automatic action of that kind."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        *,
        in_a_row: int = 3,
        rest: timedelta = timedelta(hours=1),
    ) -> None:
        self._table = table
        self._clock = clock
        self._in_a_row = in_a_row
        self._rest = rest
        self._seen: dict[str, Mapping[str, Any]] = {}  # one entry per action

    async def look(self, action_id: str) -> BreakerState:
        """The breaker now."""
        key = _key(action_id)
        item = await self._table.get(key) or {}
        self._seen[key] = item
        return self._state(item)

    async def record(self, action_id: str, *, incident: str, good: bool) -> BreakerState:
        """Count one finished recovery, once per incident. Of an open breaker, only its probe changes more than the count."""
        key = _key(action_id)
        while True:
            known = self._seen.pop(key, None)  # usually still true; where not, the condition says so
            item = dict(await self._table.get(key) or {} if known is None else known)
            if any(mark.endswith(f"|{incident}") for mark in item.get("recent", [])):
                return self._state(item)
            fresh = self._counted(item, key, incident, good=good)
            if await self._put(fresh, item):
                return self._state(fresh)

    async def take_probe(self, action_id: str, *, incident: str, hold: timedelta) -> bool:
        """Be the one recovery that tries an open breaker whose rest is over. True also where it is closed. Saying it again is harmless."""
        key = _key(action_id)
        while True:
            item = await self._table.get(key) or {}
            state = self._state(item)
            if state.open_since is None or state.probe == incident:
                return True
            if not self.half_open(state, incident):
                return False
            until = stamp(self._clock.now() + hold)
            if await self._put({**item, "version": state.version + 1, "probe": incident, "probe_until": until}, item):
                return True

    async def give_up_probe(self, action_id: str, *, incident: str) -> None:
        """The probe ended without having tried anything: somebody else may."""
        try:
            await self._table.update(
                _key(action_id), "REMOVE probe, probe_until ADD version :one", "probe = :me", {"me": incident, "one": 1}
            )
        except ConditionFailed:
            return  # it was not the probe, or is no longer

    async def close(self, action_id: str, *, by: str, reason: str) -> BreakerState:
        """A human closes it as it was a moment ago. Raises ConditionFailed when it changed meanwhile: nobody closes unseen news."""
        key = _key(action_id)
        item = dict(await self._table.get(key) or {})
        fresh = self._closed(item, key, by=by, reason=reason)
        if not await self._put(fresh, item):
            raise ConditionFailed(f"the breaker of {action_id} changed at this very moment")
        return self._state(fresh)

    def half_open(self, state: BreakerState, incident: str) -> bool:
        """Whether `incident` could be the probe of this open breaker."""
        return state.probe_at is not None and state.probe_at <= self._clock.now() and state.probe in {"", incident}

    async def _put(self, fresh: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
        """False: somebody else wrote since `seen` was read."""
        try:
            if seen:
                await self._table.put(fresh, "version = :seen", {"seen": seen["version"]})
            else:
                await self._table.put(fresh, "attribute_not_exists(incident_id)")
        except ConditionFailed as found:
            return dict(found.item) == {name: value for name, value in fresh.items() if value is not None}  # ours, its reply was lost
        return True

    def _counted(self, item: Mapping[str, Any], key: str, incident: str, *, good: bool) -> dict[str, Any]:
        now = self._clock.now()
        state = self._state(item)
        mark = f"{stamp(now)}|{'ok' if good else 'bad'}|{incident}"
        failures = 0 if good else state.failures + 1
        fresh = {**item, "incident_id": key, "record_type": "breaker", "version": state.version + 1}
        fresh |= {"failures": failures, "recent": [*item.get("recent", []), mark][-_MARKS:]}
        probing = state.open_since is not None and item.get("probe") == incident
        if probing and good:
            return self._closed(fresh, key, by=incident, reason="the probe succeeded") | {"version": state.version + 1}
        why = self._verdict(failures, (*state.recent, mark))
        if probing or (why and state.open_since is None):
            rest = min(2 * self._resting(item), REST_LIMIT) if probing else self._rest
            reason = f"its probe {incident} failed" if probing else why
            fresh |= {"open_since": stamp(now), "reason": reason, "rest_seconds": int(rest.total_seconds()), "opened_by": incident}
            fresh |= {"probe": None, "probe_until": None}
        return fresh

    def _closed(self, item: Mapping[str, Any], key: str, *, by: str, reason: str) -> dict[str, Any]:
        kept = {name: value for name, value in item.items() if name not in _OPEN}
        return kept | {
            "incident_id": key, "record_type": "breaker", "version": int(item.get("version", 0)) + 1, "failures": 0,
            "recent": item.get("recent", []), "closed_by": by, "closed_at": stamp(self._clock.now()), "close_reason": reason,
        }  # fmt: skip

    def _resting(self, item: Mapping[str, Any]) -> timedelta:
        return timedelta(seconds=int(item.get("rest_seconds", self._rest.total_seconds())))

    def _verdict(self, failures: int, recent: tuple[str, ...]) -> str:
        if failures >= self._in_a_row:
            return f"{failures} recoveries in a row failed"
        bad = sum(mark.split("|")[1] == "bad" for mark in recent)
        if len(recent) >= _ENOUGH and bad / len(recent) >= _SHARE:
            return f"{bad} of the last {len(recent)} recoveries failed"
        return ""

    def _state(self, item: Mapping[str, Any]) -> BreakerState:
        now = self._clock.now()
        since, closed_at = stamp(now - _WINDOW), item.get("closed_at") or ""
        opened = unstamp(item["open_since"]) if item.get("open_since") else None
        probing = opened is not None and (item.get("probe_until") or "") > stamp(now)
        by = item.get("closed_by") or ""
        return BreakerState(
            version=int(item.get("version", 0)),
            failures=item.get("failures", 0),
            recent=tuple(mark for mark in item.get("recent", []) if mark >= since and mark.partition("|")[0] > closed_at),
            open_since=opened,
            reason=item.get("reason") or "",
            opened_by=(item.get("opened_by") or "") if opened else "",
            probe_at=opened + self._resting(item) if opened else None,
            probe=(item.get("probe") or "") if probing else "",
            closed=f"by {by} at {closed_at}: {item.get('close_reason', '')}" if by else "",
        )


def _key(action_id: str) -> str:
    return f"BREAKER#{action_id}"
