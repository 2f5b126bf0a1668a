"""Tables that earlier versions left behind: a worker of this version carries every one of them to its end."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon.model.incident import WORKFLOW_VERSION
from aiops_daemon.model.notice import Notice
from tests.doubles.invariants import check
from tests.doubles.world import Fleet
from tests.durability.test_crash_points import RAILS, STORIES, STORM, approve_all

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))
STORY = {story.name: story for story in (*STORIES, STORM, *RAILS)}


def restored(path: Path) -> tuple[Fleet, dict[str, Any]]:
    """A fleet on the recorded table, in the world as it was at that moment."""
    record = json.loads(path.read_text(encoding="utf-8"))
    story = STORY[record["story"]]
    fleet = Fleet(**{"soak_seconds": 10} | dict(story.settings))
    story.prepare(fleet)
    fleet.memory.items = record["items"]
    for item in fleet.memory.items.values():
        item.update({name: frozenset(item[name]) for name in ("seen", "payers") if name in item})
    world = record["world"]
    fleet.clock.at = datetime.fromisoformat(world["now"])
    fleet.world.healthy = world["healthy"]
    fleet.world.starts, fleet.world.polls = Counter(world["starts"]), Counter(world["polls"])
    for notice_id, incident_id, kind in world["delivered"]:
        notice = Notice(notice_id=notice_id, incident_id=incident_id, kind=kind, severity=5, subject="told before", summary="")
        fleet.world.delivered.append(("sns", notice))
    return fleet, record | {"told": len(fleet.world.delivered)}


def test_there_are_histories_of_every_version_at_many_states() -> None:
    assert {path.name.partition("-")[0] for path in HISTORIES} == {f"v{n}" for n in range(1, WORKFLOW_VERSION + 1)}
    assert len(HISTORIES) > 20


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_new_worker_carries_it_to_its_end(path: Path) -> None:
    fleet, record = restored(path)
    incidents = sum(key.startswith("inc-") for key in fleet.memory.items)
    worker = fleet.workers("of-this-version")
    for _ in range(40):
        fleet.clock.advance(31)
        await worker.drain()
        await approve_all(fleet, worker)
        if not fleet.open():
            break
    fleet.memory.writes.clear()  # I9 needs the claims' writes, which were made before the recording
    check(fleet, incidents=incidents)
    ends = {item["workflow_state"] for key, item in fleet.memory.items.items() if key.startswith("inc-")}
    assert ends <= STORY[record["story"]].ends


@pytest.mark.parametrize("path", [path for path in HISTORIES if "recovery-" in path.stem], ids=lambda path: path.stem)
async def test_an_incident_of_a_newer_version_is_left_alone(path: Path) -> None:
    fleet, record = restored(path)
    for key, item in fleet.memory.items.items():
        if key.startswith("inc-"):
            item["workflow_version"] = WORKFLOW_VERSION + 1
    before = json.dumps(fleet.memory.items, default=sorted)
    fleet.clock.advance(3600)
    await fleet.workers("too-old").drain()
    assert json.dumps(fleet.memory.items, default=sorted) == before
    assert len(fleet.world.delivered) == record["told"]
