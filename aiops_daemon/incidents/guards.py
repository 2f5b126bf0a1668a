"""Guard rails that the whole fleet shares: kill switch, budgets, breaker. State under conditional writes; every doubt stops action."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiops_daemon.incidents.stamps import stamp, unstamp
from aiops_daemon.incidents.stop import Stop
from aiops_daemon.incidents.switch_parameter import SwitchParameter
from aiops_daemon.model.errors import ConditionFailed
from aiops_daemon.ports import Clock, Table

SWITCH = "SWITCH"


class KillSwitch:
    """One item for the whole fleet, and an SSM parameter where one is configured: either stops. What cannot be read runs nothing."""

    def __init__(self, table: Table, clock: Clock, parameter: SwitchParameter | None = None) -> None:
        self._table = table
        self._clock = clock
        self._parameter = parameter

    async def stopped(self) -> Stop | None:
        """Read before every step, never cached. An error propagates."""
        item = await self._table.get(SWITCH)
        if not item or not item.get("stopped", True):  # an item that does not say so is a stop
            return None if self._parameter is None else await self._parameter.stopped()
        return Stop(by=str(item.get("by", "?")), reason=str(item.get("reason", "?")), at=str(item.get("at", "?")))

    async def set(self, *, stopped: bool, by: str, reason: str) -> None:
        """`aiops-daemon stop|start`."""
        await self._table.put(
            {
                "incident_id": SWITCH,
                "stopped": stopped,
                "by": by,
                "reason": reason,
                "at": stamp(self._clock.now()),
                "record_type": "switch",
            }
        )


class Budget:
    """At most `limit` different users of a budget in one window: a set, so that paying twice is paying once."""

    def __init__(self, table: Table, clock: Clock, *, name: str, limit: int, window: timedelta) -> None:
        self._table = table
        self._clock = clock
        self.name = name
        self.limit = limit
        self._window = window

    async def spend(self, who: str, scope: str) -> bool:
        """False: nothing left in this window. Windows are aligned to the epoch."""
        if self.limit <= 0:
            return False  # an empty set has no size, so the condition below would let the first one in
        seconds = int(self._window.total_seconds())
        now = int(self._clock.now().timestamp())
        window = now - now % seconds
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


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`open_since` set: no automatic action of this kind."""

    failures: int = 0
    recent: tuple[str, ...] = ()  # outcomes of the last hour, "ok" or "bad" with their times
    open_since: datetime | None = None
    reason: str = ""


class Breaker:
    """Per action id: 3 failed recoveries in a row, or 30 % of at least `enough` in an hour, stop automatic action of that kind."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        *,
        in_a_row: int = 3,
        share: float = 0.3,
        enough: int = 5,
        window: timedelta = timedelta(hours=1),
    ) -> None:
        self._table = table
        self._clock = clock
        self._in_a_row = in_a_row
        self._share = share
        self._enough = enough
        self._window = window
        self._seen: dict[str, Mapping[str, Any]] = {}  # one entry per action

    async def look(self, action_id: str) -> BreakerState:
        """The breaker now."""
        key = f"BREAKER#{action_id}"
        item = await self._table.get(key) or {}
        self._seen[key] = item
        return self._state(item)

    async def record(self, action_id: str, *, incident: str, good: bool) -> BreakerState:
        """Count one finished recovery, once per incident; a success closes nothing that a human has to close."""
        key = f"BREAKER#{action_id}"
        while True:
            known = self._seen.pop(key, None)  # usually still true; where not, the condition says so
            item = dict(await self._table.get(key) or {} if known is None else known)
            seen = self._state(item)
            if any(mark.endswith(f"|{incident}") for mark in item.get("recent", [])):
                return seen
            now = self._clock.now()
            mark = f"{stamp(now)}|{'ok' if good else 'bad'}|{incident}"
            failures = 0 if good else seen.failures + 1
            recent = (*seen.recent, mark)[-100:]
            why = self._verdict(failures, recent)
            fresh: dict[str, object] = {
                "incident_id": key, "record_type": "breaker", "version": item.get("version", 0) + 1, "failures": failures,
                "recent": list(recent),
                "open_since": item.get("open_since") or (stamp(now) if why else None), "reason": item.get("reason") or why,
            }  # fmt: skip
            try:
                if item:
                    await self._table.put(fresh, "version = :seen", {"seen": item["version"]})
                else:
                    await self._table.put(fresh, "attribute_not_exists(incident_id)")
            except ConditionFailed:
                continue  # somebody else counted at the same moment: look again
            return self._state(fresh)

    async def reset(self, action_id: str, by: str) -> None:
        """A human closes it."""
        key = f"BREAKER#{action_id}"
        item = await self._table.get(key) or {}
        version = int(item.get("version", 0)) + 1
        await self._table.put(
            {"incident_id": key, "record_type": "breaker", "version": version, "failures": 0, "recent": [], "closed_by": by}
        )

    def _verdict(self, failures: int, recent: tuple[str, ...]) -> str:
        if failures >= self._in_a_row:
            return f"{failures} recoveries in a row failed"
        bad = sum(mark.split("|")[1] == "bad" for mark in recent)
        if len(recent) >= self._enough and bad / len(recent) >= self._share:
            return f"{bad} of the last {len(recent)} recoveries failed"
        return ""

    def _state(self, item: object) -> BreakerState:
        row = dict(item)  # type: ignore[call-overload]  # any Mapping
        since = stamp(self._clock.now() - self._window)
        opened = row.get("open_since")
        return BreakerState(
            failures=row.get("failures", 0),
            recent=tuple(mark for mark in row.get("recent", []) if mark >= since),
            open_since=unstamp(opened) if opened else None,
            reason=row.get("reason") or "",
        )
