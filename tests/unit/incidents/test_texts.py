"""Stored texts that are parsed when asked for."""

import json

import pytest

from aiops_daemon.incidents.record import from_item, to_item
from aiops_daemon.incidents.texts import Results, Trail
from aiops_daemon.model.incident import State
from tests.doubles.world import Fleet, stopped


def test_results_are_read_like_the_values_that_they_say() -> None:
    results = Results({"plan": '{"steps": [1]}', "errors": "2"})
    assert results == {"plan": {"steps": [1]}, "errors": 2}
    assert (results["errors"], results.get("none", 0), len(results), list(results)) == (2, 0, 2, ["plan", "errors"])


def test_what_nobody_asks_for_is_not_parsed() -> None:
    results = Results({"good": "1", "broken": "{"})
    assert "broken" in results
    assert results["good"] == 1
    with pytest.raises(ValueError, match="EOF while parsing"):
        assert results["broken"]


async def test_the_trail_is_a_sequence_of_entries_and_a_record_says_it_all_as_json() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    key = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    item = fleet.memory.items[key]
    trail = Trail(item["audit"])
    assert [entry.seq for entry in trail] == list(range(1, len(trail) + 1))
    assert trail[-1].state is State.COMPLETED
    assert [entry.state for entry in trail[:2]] == [State.DETECTING, State.ANALYZING]
    assert trail == list(trail)
    assert trail != "COMPLETED"
    incident = from_item(item)
    said = json.loads(incident.model_dump_json())
    assert [entry["note"] for entry in said["audit"]] == [entry.note for entry in trail]
    assert said["results"]["plan"]["steps"][0]["id"] == "restore"
    assert to_item(incident)["results"] == {key: json.dumps(json.loads(text)) for key, text in item["results"].items()}


async def test_an_event_that_was_read_before_is_not_read_again() -> None:
    fleet = Fleet()
    key = await fleet.admit(fleet.workers(), stopped())
    event = stopped()
    assert from_item(fleet.memory.items[key], event).event is event
