"""B7 in small: two daemons of three are killed in the middle of a recovery, one while it plans and one while it acts; the third goes on."""

from pathlib import Path

import pytest

from aiops_daemon.model.incident import State
from tests.chaos.cloud import Write
from tests.chaos.takeover import ALLOWED_SECONDS, Bench, taken
from tests.doubles.world import START, Fleet, stopped

LEASE, SCAN = 5.0, 0.5  # five seconds are the shortest lease that the settings allow


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_killed_while_it_plans_or_acts_its_successor_goes_on_within_lease_and_scan_and_a_second(tmp_path: Path) -> None:
    bench = Bench(LEASE, SCAN, tmp_path)
    async with bench.running():
        found = await bench.kill_in(State.PLANNING, State.EXECUTING)
    assert [one.state for one in found] == [State.PLANNING, State.EXECUTING]
    for one in found:
        assert not one.parked, "nobody was killed at work"
        assert one.seconds > one.due_seconds, f"taken before the lease was over: {one}"
        assert one.late <= SCAN + ALLOWED_SECONDS, one


async def _writes() -> list[Write]:
    """One recovery, whose first worker died after it had planned; its lease ended 30 s later."""
    fleet = Fleet()
    first, second = fleet.workers("1.1"), fleet.workers("2.1")
    await fleet.admit(first, stopped())
    (seen,) = await first.tools.journal.due(1)
    assert await first.take(seen) is not None
    died = len(fleet.memory.writes)
    fleet.clock.advance(31)
    await fleet.settle(second)
    writes = [(item, "1.1" if number < died else "2.1") for number, item in enumerate(fleet.memory.writes)]
    return [Write(START.timestamp(), by, item) for item, by in writes if item["incident_id"].startswith("inc-")]


async def test_how_late_a_takeover_is_comes_from_the_stamps_on_the_record() -> None:
    writes = await _writes()
    last = [write for write in writes if write.by == "1.1"][-1]
    one = taken("recovery", writes, last)
    assert one is not None
    assert (one.due_seconds, one.seconds, one.late) == (30, 31, 1)


async def test_what_nobody_went_on_with_is_late_without_end() -> None:
    writes = await _writes()
    last = [write for write in writes if write.by == "1.1"][-1]
    by_the_dead = [Write(write.at, "1.1", write.item) for write in writes]
    for left in (writes[: writes.index(last) + 1], by_the_dead):
        one = taken("recovery", left, left[writes.index(last)])
        assert one is not None
        assert one.late == float("inf")


async def test_what_was_closed_has_no_successor() -> None:
    writes = await _writes()
    assert taken("recovery", writes, writes[-1]) is None
