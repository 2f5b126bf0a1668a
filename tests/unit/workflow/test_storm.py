"""Many resources failing together: few actions, one page, and a human decides."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from aiops_daemon.incidents.storm import MOST
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.event import Resource
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.model.notice import Notice, NoticeKind
from aiops_daemon.model.verdict import Classification
from aiops_daemon.workflow.worker import Workers
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import Fleet, stopped
from tests.durability.test_crash_points import approve_all


async def fail_together(fleet: Fleet, workers: Workers, count: int, *, apart: float = 0, first: int = 0) -> list[str]:
    ids = []
    for n in range(first, first + count):
        ids.append(await fleet.admit(workers, stopped(f"i-{n:017x}", f"e{n}", fleet.clock.now())))
        fleet.clock.advance(apart)
    return ids


def pages(fleet: Fleet) -> Counter[NoticeKind]:
    return Counter(notice.kind for _, notice in fleet.world.delivered)


def the_page(fleet: Fleet) -> Notice:
    (notice,) = (notice for _, notice in fleet.world.delivered if notice.kind is NoticeKind.STORM)
    return notice


async def test_two_hundred_failures_are_four_recoveries_and_one_storm_page() -> None:
    fleet = Fleet()
    one, two = fleet.workers("one"), fleet.workers("two")
    ids = await fail_together(fleet, one, 200)
    await two.drain()
    await one.drain()
    states = Counter([(await fleet.incident(one)).workflow_state for one in ids])
    assert states == {State.COMPLETED: 4, State.AWAITING_APPROVAL: 196}
    assert sum(fleet.world.starts.values()) == 4
    assert pages(fleet) == {NoticeKind.RECOVERED: 4, NoticeKind.STORM: 1}
    assert len(fleet.memory.items["STORM#123456789012"]["seen"]) <= MOST
    assert two.tools.metrics.guards.storms._value.get() + one.tools.metrics.guards.storms._value.get() == 1


async def test_the_page_names_its_members_and_how_to_answer() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await fail_together(fleet, workers, 5)
    await workers.drain()
    page = the_page(fleet)
    assert page.subject.startswith("[AIOps] Storm: 5 resources in account 123456789012")
    assert dict(page.facts)["Members so far"].count("ec2:instance#i-") == 5
    assert "approve" in page.actions[0]
    assert f'aiops-daemon incidents approve --storm {page.incident_id} --reason "..."' in page.actions
    assert f"aiops-daemon incidents list --storm {page.incident_id}" in page.actions


async def test_a_member_says_on_its_record_who_speaks_for_it_and_stays_silent_when_refused() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    ids = await fail_together(fleet, workers, 7)
    await workers.drain()
    leader = the_page(fleet).incident_id
    member = await fleet.incident(next(one for one in ids[4:] if one != leader))
    assert f"storm {leader}" in member.audit[-1].note
    assert "folded" in member.audit[-1].note
    await fleet.settle(workers, seconds=3600)
    assert pages(fleet) == {NoticeKind.RECOVERED: 4, NoticeKind.STORM: 1, NoticeKind.STOPPED: 1}, "only the leader's refusal is announced"


async def test_an_approved_member_recovers() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    ids = await fail_together(fleet, workers, 6)
    await workers.drain()
    await approve_all(fleet, workers)
    await fleet.settle(workers)
    assert {(await fleet.incident(one)).workflow_state for one in ids} == {State.COMPLETED}


@pytest.mark.parametrize(("apart", "storm"), [(14, True), (16, False)])
async def test_five_resources_within_a_minute_are_a_storm_and_four_are_not(apart: float, storm: bool) -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await fail_together(fleet, workers, 5, apart=apart)
    await workers.drain()
    assert (NoticeKind.STORM in pages(fleet)) is storm


async def test_one_resource_that_fails_again_and_again_is_no_storm() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    for n in range(8):
        await fleet.admit(workers, stopped(event_id=f"e{n}"))
    await fleet.settle(workers)
    assert NoticeKind.STORM not in pages(fleet)


async def test_a_storm_lasts_while_members_come_and_ends_after_the_calm() -> None:
    fleet = Fleet(storm_calm_minutes=10)
    workers = fleet.workers()
    await fail_together(fleet, workers, 5)
    await workers.drain()
    late: list[str] = []
    for n in range(3):  # each within ten minutes of the one before
        fleet.clock.advance(500)
        late += await fail_together(fleet, workers, 1, first=10 + n)
        await workers.drain()
    assert {(await fleet.incident(one)).workflow_state for one in late} == {State.AWAITING_APPROVAL}
    fleet.clock.advance(601)
    (after,) = await fail_together(fleet, workers, 1, first=20)
    await workers.drain()
    assert (await fleet.incident(after)).workflow_state is State.COMPLETED
    assert pages(fleet)[NoticeKind.STORM] == 1


async def test_tampering_with_another_service_keeps_its_own_page() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await fail_together(fleet, workers, 5)
    await workers.drain()
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"classification": Classification.TAMPERING, "action_id": None})
    trail = stopped(event_id="trail").model_copy(update={"resource": Resource(type="cloudtrail:trail", id="audit")})
    await fleet.admit(workers, trail)
    await fleet.admit(workers, stopped("i-tampered", "t2"))
    await workers.drain()
    assert pages(fleet)[NoticeKind.REVIEW] == 1, "the trail's; the instance belongs to the storm"


class NoStorms(MemoryTable):
    async def update(self, key: str, expression: str, condition: str, values: Any, names: Any = None) -> dict[str, Any]:
        if key.startswith("STORM#"):
            raise RetryLater("throttled")
        return await super().update(key, expression, condition, values, names)


async def test_nothing_runs_while_the_storm_item_cannot_be_read() -> None:
    fleet = Fleet()
    fleet.memory = fleet.table = NoStorms()
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped())
    await fleet.settle(workers, seconds=700)
    assert (await fleet.incident(incident_id)).outcome is Outcome.FAILED
    assert not fleet.world.starts
    assert pages(fleet) == {NoticeKind.FAILED: 1}


class DiesAfterOpening(MemoryTable):
    """The process dies right after it opened the storm."""

    died = False

    async def update(
        self, key: str, expression: str, condition: str, values: Any, names: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        after = await super().update(key, expression, condition, values, names)
        if key.startswith("STORM#") and "leader" in expression and not self.died:
            self.died = True
            raise KeyboardInterrupt
        return after


async def test_a_leader_that_dies_before_its_page_pages_even_when_its_resource_is_well_again() -> None:
    fleet = Fleet()
    fleet.memory = fleet.table = DiesAfterOpening()
    workers = fleet.workers()
    await fail_together(fleet, workers, 5)
    with pytest.raises(KeyboardInterrupt):
        await workers.drain()
    leader: Incident = await fleet.incident(fleet.memory.items["STORM#123456789012"]["leader"])
    fleet.world.healthy[leader.resource_id] = True
    fleet.clock.advance(31)
    await fleet.workers("second").drain()
    assert the_page(fleet).incident_id == leader.incident_id


class Raced(MemoryTable):
    """Right before one of our writes to the storm's item, another daemon writes to it."""

    def __init__(self, ours: str, theirs: dict[str, Any]) -> None:
        super().__init__()
        self.ours, self.theirs = ours, theirs
        self.raced = 0

    def _race(self, key: str, text: str) -> None:
        if key.startswith("STORM#") and self.ours in text and not self.raced:
            self.raced += 1
            self.items[key] |= self.theirs | {"version": self.items[key]["version"] + 1}

    async def update(self, key: str, expression: str, condition: str, values: Any, names: Any = None) -> dict[str, Any]:
        self._race(key, expression)
        return await super().update(key, expression, condition, values, names)

    async def put(self, item: Any, condition: str | None = None, values: Any = None) -> None:
        self._race(item["incident_id"], f"put {condition}")
        await super().put(item, condition, values)


LATER = "2026-03-02T09:00:00.000000Z"


async def test_of_two_that_open_a_storm_at_once_one_leads() -> None:
    theirs = {"leader": "inc-theirs", "service": "ec2", "opened_at": LATER, "until": LATER}
    fleet = Fleet()
    fleet.memory = fleet.table = raced = Raced("SET leader", theirs)
    workers = fleet.workers()
    ids = await fail_together(fleet, workers, 5)
    await workers.drain()
    assert raced.raced == 1
    assert NoticeKind.STORM not in pages(fleet), "theirs is the page"
    notes = [(await fleet.incident(one)).audit[-1].note for one in ids]
    assert sum("storm inc-theirs" in note for note in notes) == 1
    assert workers.tools.metrics.guards.storms._value.get() == 0


async def test_a_new_storm_is_not_prolonged_by_a_member_of_the_old_one() -> None:
    theirs = {"leader": "inc-theirs", "service": "ec2", "opened_at": LATER, "until": LATER}
    fleet = Fleet()
    fleet.memory = fleet.table = raced = Raced("SET #until", theirs)
    workers = fleet.workers()
    await fail_together(fleet, workers, 5)
    await workers.drain()
    fleet.clock.advance(500)
    await fail_together(fleet, workers, 1, first=10)
    await workers.drain()
    assert raced.raced == 1
    assert raced.items["STORM#123456789012"]["until"] == LATER


async def test_tidying_never_undoes_what_another_wrote() -> None:
    fleet = Fleet()
    fleet.memory = fleet.table = raced = Raced("put version", {"until": LATER})
    workers = fleet.workers()
    await fail_together(fleet, workers, MOST + 20)
    await workers.drain()
    assert raced.raced == 1
    assert raced.items["STORM#123456789012"]["until"] == LATER
    assert len(raced.items["STORM#123456789012"]["seen"]) <= MOST


async def test_the_item_that_every_member_writes_stays_small() -> None:
    """DynamoDB takes 1,000 write units of 1 KB a second for one item: at 3 KB some 300 incidents of one account join in a second."""
    fleet = Fleet()
    workers = fleet.workers()
    sizes = []
    for n in range(MOST * 2):
        await fail_together(fleet, workers, 1, first=n)
        await workers.drain()
        sizes.append(len(json.dumps(fleet.memory.items["STORM#123456789012"], default=sorted)))
    assert 2_000 < max(sizes) < 3_500


async def test_marks_that_carry_an_incident_as_earlier_code_wrote_them_count_the_same() -> None:
    fleet = Fleet()
    workers = fleet.workers()
    await fail_together(fleet, workers, 3)
    await workers.drain()
    item = fleet.memory.items["STORM#123456789012"]
    item["seen"] = frozenset(mark.replace("||", "|inc-00000000000000000000|") for mark in item["seen"])
    await fail_together(fleet, workers, 2, first=10)
    await workers.drain()
    assert fleet.memory.items["STORM#123456789012"]["leader"], "five distinct resources"
