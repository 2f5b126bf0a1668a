"""What earlier incidents teach, and the lists that people ask for."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.history import SIMILAR_READS, IncidentHistory, summarise
from aiops_daemon.incidents.record import to_item
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.model.verdict import History
from tests.doubles.world import Fleet, stopped

DAY = timedelta(days=1)


async def finished(fleet: Fleet, count: int) -> list[Incident]:
    workers = fleet.workers()
    ids = []
    for n in range(count):
        ids.append(await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}")))
        await workers.drain()
        fleet.clock.advance(3600)
    return [await fleet.incident(one) for one in ids]


async def test_similar_incidents_are_counted_newest_first() -> None:
    fleet = Fleet()
    done = await finished(fleet, 3)
    history = await IncidentHistory(fleet.memory, fleet.clock).similar(stopped())
    assert [one.incident_id for one in history.incidents] == [one.incident_id for one in reversed(done)]
    assert (history.count, history.success_rate) == (3, 1.0)
    assert history.incidents[0].actions == ("ec2.start",)
    other = await IncidentHistory(fleet.memory, fleet.clock).similar(stopped().model_copy(update={"name": "TerminateInstances"}))
    assert other == History()
    fleet.clock.advance(91 * 86400)
    assert (await IncidentHistory(fleet.memory, fleet.clock).similar(stopped())).count == 0


async def test_a_storm_of_open_incidents_is_not_read_through_for_each_of_them() -> None:
    fleet = Fleet()
    await finished(fleet, 1)
    workers = fleet.workers()
    for n in range(SIMILAR_READS - 1):
        await fleet.admit(workers, stopped(f"i-{n:017x}", f"open{n}"))
        fleet.clock.advance(1)
    history = IncidentHistory(fleet.memory, fleet.clock)
    assert (await history.similar(stopped())).count == 1
    await fleet.admit(workers, stopped(event_id="one too many"))
    assert (await history.similar(stopped())).count == 0


async def test_the_summary_knows_rate_duration_and_the_commonest_cause() -> None:
    (base,) = await finished(Fleet(), 1)

    def past(outcome: Outcome, seconds: float | None, cause: object) -> dict[str, Any]:
        results = dict(base.results) | {"rules": {"root_cause": cause}, "plan": {"steps": "none"}}
        item = to_item(base.model_copy(update={"outcome": outcome, "results": results}))
        return item | {"recovery_duration_seconds": seconds}

    history = summarise(
        [
            past(Outcome.VERIFIED, 10, "oom"),
            past(Outcome.ROLLED_BACK, 20, "oom"),
            past(Outcome.SELF_HEALED, None, "disk"),
            past(Outcome.COOLDOWN, None, "not taught"),
        ]
    )
    assert (history.count, history.success_rate, history.average_duration_seconds) == (3, 0.667, 15)
    assert history.common_root_cause == "oom"
    bare = to_item(base.model_copy(update={"results": {}, "recovery_duration_seconds": None}))
    assert summarise([bare]).average_duration_seconds is None
    assert summarise([bare]).incidents[0].actions == ()


@pytest.mark.parametrize(
    ("state", "kind", "found"),
    [
        (None, None, 2),
        (State.COMPLETED, None, 2),
        (State.FAILED, None, 0),
        (State.COMPLETED, "ec2", 2),
        (State.COMPLETED, "rds", 0),
        (None, "ec2:instance", 2),
        (None, "rds:db", 0),
        (None, "ec2", 2),
    ],
)
async def test_lists_by_state_and_type(state: State | None, kind: str | None, found: int) -> None:
    fleet = Fleet()
    done = await finished(fleet, 2)
    history = IncidentHistory(fleet.memory, fleet.clock)
    listed = await history.listed(state=state, resource_type=kind, since=DAY)
    assert [one.incident_id for one in listed] == [one.incident_id for one in reversed(done)][:found]
    assert len(await history.listed(since=timedelta(minutes=90))) == 1
