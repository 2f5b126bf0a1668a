"""A history that breaks nothing, for the tests that spoil it."""

import json

import pytest

from aiops_daemon.model.incident import State
from tests.chaos.cloud import Effect, History, Write
from tests.chaos.judge import Seen
from tests.doubles.world import START, Fleet, stopped

INSTANCE = "i-0123456789abcdef0"
POISON = "not json"


@pytest.fixture
async def good() -> Seen:
    """One recovery by one daemon, as the double would have seen it."""
    fleet = Fleet()
    workers = fleet.workers("1.1")
    name = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    at = START.timestamp()
    writes = [Write(at + number, "1.1", item) for number, item in enumerate(fleet.memory.writes)]
    executing = next(write for write in writes if write.item.get("workflow_state") == State.EXECUTING)
    history = History(writes=writes)
    history.effects.append(
        Effect(executing.at + 0.5, "1.1", "StartInstances", INSTANCE, True, ((State.EXECUTING, "1.1", name),), executing.at + 0.5, "first")
    )
    history.told[name, "recovered", "sns"] = 1
    history.deleted.append((writes[0].at + 0.5, "1.1", json.dumps({"id": "e1"})))
    return Seen(history, [fleet.memory.items[name]], [], [(POISON, "not JSON")])
