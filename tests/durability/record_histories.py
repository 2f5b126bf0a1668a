"""Writes tests/durability/histories/: whole tables as this version leaves them, one at each state of a story.

`python -m tests.durability.record_histories`, once for each workflow_version, before it is raised. Recorded ones are never written again:
they are what daemons of that version left behind, and every later version has to carry on from there.
"""

import asyncio
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from aiops_daemon.model.incident import TERMINAL, WORKFLOW_VERSION
from tests.doubles.faults import Faults
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import Fleet
from tests.durability.test_crash_points import RAILS, STORIES, STORM, Story, tell

HISTORIES = Path(__file__).parent / "histories"


class Snapshots(MemoryTable):
    """Keeps the whole table as it was after each write to an incident."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet: Fleet
        self.taken: list[tuple[str, dict[str, Any]]] = []

    async def put(self, item: Any, *rest: Any) -> None:
        await super().put(item, *rest)
        self._take(item["incident_id"])

    async def update(self, key: str, *rest: Any) -> dict[str, Any]:
        after = await super().update(key, *rest)
        self._take(key)
        return after

    def _take(self, key: str) -> None:
        if not key.startswith("inc-"):
            return
        world = self.fleet.world
        told = [[notice.notice_id, notice.incident_id, notice.kind] for _, notice in world.delivered]
        seen = {
            "now": self.fleet.clock.now().isoformat(), "healthy": world.healthy, "starts": world.starts, "polls": world.polls,
            "delivered": told,
        }  # fmt: skip
        self.taken.append((self.items[key]["workflow_state"], deepcopy({"items": self.items, "world": seen})))


async def snapshots(story: Story) -> dict[str, dict[str, Any]]:
    """State -> the table: the first of a terminal state (its outbox is still open), the last of any other."""
    fleet = Fleet(**{"soak_seconds": 10} | dict(story.settings))
    table = Snapshots()
    table.fleet, fleet.memory, fleet.table = fleet, table, table
    await tell(fleet, story, Faults())
    chosen: dict[str, dict[str, Any]] = {}
    for state, taken in table.taken:
        if state not in TERMINAL or state not in chosen:
            chosen[state] = taken
    return chosen


def main() -> None:
    HISTORIES.mkdir(exist_ok=True)
    for story in (*STORIES, STORM, *RAILS):
        for state, taken in asyncio.run(snapshots(story)).items():
            name = f"v{WORKFLOW_VERSION}-{story.name.replace(' ', '-')}-{state.lower()}.json"
            path = HISTORIES / name
            if not path.exists():
                text = json.dumps({"story": story.name, **taken}, indent=1, sort_keys=True, default=sorted)
                path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
