"""The journal's refusals and second thoughts; its behaviour under any order is in tests/durability."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.change import Change
from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.record import from_item, to_item
from aiops_daemon.incidents.stamps import stamp, unstamp
from aiops_daemon.model.errors import AiopsError, LostOwnership
from aiops_daemon.model.incident import Incident, Outcome, Signal, State
from aiops_daemon.workflow.worker import Workers
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import Fleet, stopped


async def held_by(workers: Workers, fleet: Fleet) -> Held:
    await fleet.admit(workers, stopped())
    (seen,) = await workers.tools.journal.due(1)
    held = await workers.take(seen)
    assert held is not None
    return held


def word(fleet: Fleet, signal_id: str = "s1") -> Signal:
    return Signal(signal_id=signal_id, decision="approve", by="ann", reason="", at=fleet.clock.now())


async def test_a_move_that_the_state_machine_does_not_know_is_refused() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    held = await held_by(workers, fleet)
    with pytest.raises(AiopsError, match="no transition"):
        await workers.tools.journal.transition(held, Change(State.EXECUTING, "too early"))
    with pytest.raises(AiopsError, match="no end"):
        await workers.tools.journal.close(held)


async def test_several_changes_are_one_write_and_an_audit_entry_each() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    held = await held_by(workers, fleet)
    before = held.incident.seq
    await workers.tools.journal.transition(
        held,
        Change(State.ANALYZING, "judged", results={"verdict": 1, "rules": 2}, classification="FAILURE"),
        Change(State.PLANNING, "planned", results={"plan": 3, "rules": 4}),
    )
    trail = held.incident.audit[-2:]
    assert [(entry.state, entry.note) for entry in trail] == [(State.ANALYZING, "judged"), (State.PLANNING, "planned")]
    assert len({entry.entry_id for entry in held.incident.audit}) == len(held.incident.audit)
    assert (held.incident.seq, held.incident.workflow_state) == (before + 1, State.PLANNING)
    assert (held.incident.results["rules"], held.incident.event_classification) == (4, "FAILURE")  # the later one wins
    with pytest.raises(AiopsError, match="EXECUTING to COMPLETED"):
        await workers.tools.journal.transition(held, Change(State.EXECUTING, "go"), Change(State.COMPLETED, "too early"))


async def test_what_is_no_incident_is_not_loaded() -> None:
    fleet = Fleet()
    journal = fleet.tools().journal
    fleet.memory.items["SWITCH"] = {"incident_id": "SWITCH", "stopped": True}
    assert await journal.load("SWITCH") is None
    assert await journal.load("inc-none") is None


async def test_an_incident_taken_by_somebody_faster_is_not_ours() -> None:
    fleet = Fleet()
    one, two = fleet.workers("one"), fleet.workers("two")
    await fleet.admit(one, stopped())
    (seen,) = await one.tools.journal.due(1)
    assert await one.take(seen) is not None
    assert await two.take(seen) is None


async def test_a_signal_reaches_parked_and_worked_on_incidents_but_no_closed_ones() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    held = await held_by(workers, fleet)
    identity = held.incident.incident_id
    journal = workers.tools.journal
    busy = await journal.signal(identity, word(fleet))
    assert busy is not None
    assert busy.owner == held.owner
    await journal.park(held, fleet.clock.now() + timedelta(hours=1))
    assert held.incident.due_at == fleet.clock.now(), "the signal came before the park: it must not wait an hour"
    parked = await journal.signal(identity, word(fleet, "s2"))
    assert parked is not None
    assert set(parked.signals) == {"s1", "s2"}
    await fleet.settle(workers)
    assert await journal.signal(identity, word(fleet, "s3")) is None
    assert await journal.signal("inc-none", word(fleet)) is None


class ClosesMeanwhile(MemoryTable):
    async def update(self, key: str, expression: str, condition: str, values: Any, names: Any = None) -> dict[str, Any]:
        if "attribute_not_exists(#owner)" not in condition and "signal" in values:
            self.items[key].pop("open")
        return await super().update(key, expression, condition, values, names)


async def test_an_incident_that_closes_while_the_signal_is_on_its_way_does_not_hear_it() -> None:
    fleet = Fleet()
    fleet.memory = fleet.table = ClosesMeanwhile()
    workers = fleet.workers()
    held = await held_by(workers, fleet)
    assert await workers.tools.journal.signal(held.incident.incident_id, word(fleet)) is None


class ParksMeanwhile(MemoryTable):
    """Its owner parks it between the two tries of a signal."""

    parks: Any = None

    async def update(self, key: str, expression: str, condition: str, values: Any, names: Any = None) -> dict[str, Any]:
        if "attribute_exists(#owner)" in condition and self.parks is not None:
            parks, self.parks = self.parks, None
            await parks()
        return await super().update(key, expression, condition, values, names)


async def test_a_word_that_comes_in_the_moment_of_the_park_is_not_slept_over() -> None:
    fleet = Fleet()
    fleet.memory = fleet.table = table = ParksMeanwhile()
    workers = fleet.workers()
    held = await held_by(workers, fleet)
    journal = workers.tools.journal

    async def parks() -> None:
        await journal.park(held, fleet.clock.now() + timedelta(hours=24))

    table.parks = parks
    heard = await journal.signal(held.incident.incident_id, word(fleet))
    assert heard is not None
    assert (heard.owner, set(heard.signals), heard.due_at) == (None, {"s1"}, fleet.clock.now())


async def test_a_park_after_the_fence_is_refused_even_when_a_signal_came() -> None:
    fleet = Fleet()
    one, two = fleet.workers("one"), fleet.workers("two")
    held = await held_by(one, fleet)
    fleet.clock.advance(31)
    (seen,) = await two.tools.journal.due(1)
    assert await two.take(seen) is not None
    await two.tools.journal.signal(seen.incident_id, word(fleet))
    with pytest.raises(LostOwnership):
        await one.tools.journal.park(held, fleet.clock.now())


async def test_a_record_survives_the_table() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    identity = await fleet.admit(workers, stopped())
    await fleet.settle(workers)
    incident: Incident = await fleet.incident(identity)
    assert incident.outcome is Outcome.VERIFIED
    item = {name: value for name, value in to_item(incident).items() if value is not None}
    again = from_item(item | {"recovery_duration_seconds": incident.recovery_duration_seconds, "of_newer_code": 1})
    assert again == incident


def test_stamps_sort_as_text_and_come_back() -> None:
    at = stopped().occurred_at
    later = at + timedelta(microseconds=1)
    assert stamp(at) < stamp(later)
    assert unstamp(stamp(later)) == later
