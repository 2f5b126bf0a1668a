"""Guard rails that the whole fleet shares: kill switch and budgets. State under conditional writes; every doubt stops action."""

from datetime import UTC, datetime, timedelta

from aiops_daemon.incidents.stamps import stamp
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
        self.scopes: set[str] = set()  # whose budgets this process has spent of: one entry an account

    async def spend(self, who: str, scope: str) -> bool:
        """False: nothing left in this window. Windows are aligned to the epoch."""
        if self.limit <= 0:
            return False  # an empty set has no size, so the condition below would let the first one in
        self.scopes.add(scope)
        window, seconds = window_now(self._clock, self._window)
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
        window, seconds = window_now(self._clock, self._window)
        return datetime.fromtimestamp(window + seconds, UTC)

    async def used(self, scope: str) -> float:
        """The share that is spent in this window."""
        window, _ = window_now(self._clock, self._window)
        item = await self._table.get(f"BUDGET#{self.name}#{scope}#{window}") or {}
        return len(item.get("payers", ())) / self.limit if self.limit > 0 else 1.0


def window_now(clock: Clock, window: timedelta) -> tuple[int, int]:
    """When the present window began (Unix time), and how many seconds it has."""
    seconds = int(window.total_seconds())
    now = int(clock.now().timestamp())
    return now - now % seconds, seconds
