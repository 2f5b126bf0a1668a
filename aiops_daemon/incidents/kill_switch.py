"""The kill switch: one item for the whole fleet, and an SSM parameter for those who stop things from a console, a pipeline or Terraform.

The parameter's value is `run` or `stop: <reason>`. Whatever else it says, and whatever hides it, is a stop: it was named in the settings so
that it can stop the daemon, and one that is missing, misspelt or denied cannot be what somebody meant by "run".
"""

from dataclasses import dataclass
from typing import Any

from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.model.errors import GiveUp
from aiops_daemon.ports import AwsClients, Clock, Table

SWITCH = "SWITCH"
PERMISSIONS = frozenset({"ssm:GetParameter"})


@dataclass(frozen=True, slots=True)
class Stop:
    """The kill switch as somebody set it, by whichever of its sources."""

    by: str
    reason: str
    at: str

    @property
    def why(self) -> str:
        """For the record and for people."""
        return f"kill switch set by {self.by} at {self.at}: {self.reason}"


class SwitchParameter:
    """One parameter of the daemon's own account and region. An error that may pass propagates, and nothing runs until it has."""

    def __init__(self, clients: AwsClients, name: str, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self.name = name

    async def stopped(self) -> Stop | None:
        """Read before every step, never cached."""
        ssm = await self._clients.client("ssm")
        who = f"SSM parameter {self.name}"
        try:
            found: dict[str, Any] = (await ssm.get_parameter(Name=self.name))["Parameter"]
        except GiveUp as error:
            return Stop(by=who, reason=f"it cannot be read, which is a stop: {error}", at=stamp(self._clock.now()))
        said = str(found.get("Value", "")).strip()
        if said.lower() == "run":
            return None
        changed = found.get("LastModifiedDate")
        at = stamp(changed) if changed is not None else "?"
        verb, _, reason = said.partition(":")
        if verb.strip().lower() != "stop":
            return Stop(by=who, reason="its value is neither `run` nor `stop: reason`, which is a stop", at=at)
        return Stop(by=f"{who} (version {found.get('Version', '?')})", reason=reason.strip()[:300] or "no reason given", at=at)


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
