"""What one seed did, as one line."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiops_daemon.incidents.kill_switch import SWITCH
from aiops_daemon.incidents.record import from_item
from tests.chaos.cloud import History
from tests.chaos.hands import met_the_switch


@dataclass
class Report:
    """What one seed did."""

    seed: int
    kills: int = 0
    stops: int = 0
    takeovers: int = 0
    duplicates: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    incidents: int = 0
    recoveries: Counter[str] = field(default_factory=Counter)  # by type of resource
    redriven: int = 0  # messages that SQS gave up on
    builds: int = 0
    switched: int = 0  # times that the kill switch was set
    met: int = 0  # incidents that it ended in the middle
    opened: int = 0  # breakers
    ends: Counter[str] = field(default_factory=Counter)
    notifications: int = 0
    own_exits: int = 0  # a daemon that left by itself
    converged_seconds: float = 0.0
    broken: list[str] = field(default_factory=list)

    def line(self) -> str:
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        ends = ", ".join(f"{count} {name}" for name, count in sorted(self.ends.items()))
        kinds = ", ".join(f"{count} {name}" for name, count in sorted(self.recoveries.items()))
        return (
            f"seed {self.seed}: {self.kills} kills, {self.stops} stops, {self.takeovers} takeovers, {self.duplicates} duplicates; "
            f"faults: {faults or 'none'}; {self.incidents} incidents ({ends}), {self.recoveries.total()} recoveries "
            f"({kinds}), {self.builds} builds, {self.redriven} redriven, switch set {self.switched} times ({self.met} stopped by it), "
            f"{self.opened} breakers opened, "
            f"{self.notifications} notifications; converged {self.converged_seconds:.1f} s after the last fault; "
            f"{len(self.broken)} invariants broken"
        )

    def saw(self, history: History, items: Iterable[Mapping[str, Any]]) -> None:
        """The counts of the end."""
        items = list(items)
        acted = {write.item["incident_id"] for write in history.writes if write.item.get("workflow_state") == "EXECUTING"}
        self.incidents = len(items)
        self.takeovers = sum(item["takeovers"] for item in items)
        self.ends = Counter(item.get("outcome", "open") for item in items)
        self.recoveries = Counter(item["resource_type"] for item in items if item["incident_id"] in acted)
        self.builds = len(history.builds)
        self.switched = sum(write.item["incident_id"] == SWITCH and write.item["stopped"] for write in history.writes)
        self.opened = len({write.item["incident_id"] for write in history.writes if write.item.get("open_since")})
        self.met = sum(met_the_switch(from_item(item)) for item in items)
        self.notifications = history.told.total()
