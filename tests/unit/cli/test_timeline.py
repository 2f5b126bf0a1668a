"""The seven steps as `incidents show` tells them."""

import pytest

from aiops_daemon.cli.timeline import stages
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.incident import State
from aiops_daemon.model.plan import Failed
from tests.doubles.world import Fleet, stopped


async def told(fleet: Fleet, *, settle: bool = True) -> dict[str, tuple[str, float | None]]:
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await (fleet.settle(workers) if settle else workers.drain())
    return {name: (state, seconds) for name, state, seconds in stages(await fleet.incident(incident_id))}


async def test_a_recovery_that_took_its_time_shows_where() -> None:
    fleet = Fleet(soak_seconds=10)
    fleet.world.polls_needed = 2
    rows = await told(fleet)
    assert [state for state, _ in rows.values()] == ["done"] * 7
    assert (rows["execute"][1] or 0) >= 10
    assert (rows["verify"][1] or 0) >= 10
    assert rows["analyze"][1] == 0


async def test_what_waits_for_a_human_waits_in_plan_and_nothing_after_it_is_claimed() -> None:
    fleet = Fleet()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.5})
    rows = await told(fleet, settle=False)
    assert rows["plan"][0] == "waiting"
    assert {rows[name][0] for name in ("execute", "verify")} == {"skipped"}
    assert (rows["notify"][0], rows["learn"][0]) == ("done", "waiting")


async def test_the_step_that_failed_is_named_as_such() -> None:
    fleet = Fleet()
    fleet.world.start_answer = Failed(reason="no capacity")
    rows = await told(fleet)
    assert (rows["plan"][0], rows["execute"][0], rows["verify"][0]) == ("done", "failed", "skipped")


@pytest.mark.parametrize("state", [State.FAILED, State.COMPLETED])
async def test_a_notice_that_does_not_get_through_leaves_notify_waiting(state: State) -> None:
    fleet = Fleet()
    fleet.sns.fails = RetryLater("topic down")
    fleet.world.start_answer = Failed(reason="no capacity") if state is State.FAILED else None
    rows = await told(fleet, settle=False)
    assert rows["notify"][0] == "waiting"


async def test_a_cooldown_skips_everything_after_detect() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await fleet.admit(workers, stopped(event_id="e1"))
    second = await fleet.admit(workers, stopped(event_id="e2"))
    await fleet.settle(workers, seconds=1)
    rows = {name: state for name, state, _ in stages(await fleet.incident(second))}
    assert rows == {
        "detect": "done", "analyze": "skipped", "plan": "skipped", "execute": "skipped", "verify": "skipped", "notify": "skipped",
        "learn": "done",
    }  # fmt: skip
