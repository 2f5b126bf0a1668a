"""Broken variants of the durable core that the suite must catch. A mutant that survives is a hole in the suite."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.budgets import Budget, CostBudget
from aiops_daemon.incidents.claims import Claim, Claims
from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.incidents.storm import Storm, Storms
from aiops_daemon.model.incident import Incident
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.workflow import call as call_module
from aiops_daemon.workflow import execute as execute_module
from aiops_daemon.workflow.notices import compose
from aiops_daemon.workflow.run import Run
from tests.doubles.faults import Fault, Faults
from tests.doubles.invariants import check
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import Fleet, stopped
from tests.durability import test_rail_races as races
from tests.durability.test_crash_points import STORIES, Story, tell

Mutant = Callable[[pytest.MonkeyPatch], None]


def query_then_write_claim(patch: pytest.MonkeyPatch) -> None:
    """The old system's cooldown: look first, write afterwards, whoever may have written in between."""
    looked: dict[str, Claim] = {}

    async def claim(self: Claims, key: str, holder: str, period: timedelta) -> Claim:
        item = looked.get(key) or self._read(key, await self._table.get(key) or {}, holder)
        looked[key] = item  # both racers read before either writes
        if item.holder not in {"", holder} and item.until > self._clock.now():
            return item
        until = self._clock.now() + period
        await self._table.put({"incident_id": key, "holder": holder, "until": stamp(until)})
        return Claim(key, holder, until, mine=True)

    async def charge(self: Claims, key: str, holder: str, hold: timedelta, most: int | None = None) -> Claim:
        return Claim(key, holder, self._clock.now() + hold, mine=True)

    async def cool_down(self: Claims, key: str, holder: str, period: timedelta, *, frozen: str | None = None) -> None:
        return

    patch.setattr(Claims, "claim", claim)
    patch.setattr(Claims, "charge", charge)
    patch.setattr(Claims, "cool_down", cool_down)


def no_fence(patch: pytest.MonkeyPatch) -> None:
    """Writes name neither owner nor fence nor sequence."""
    inner = Journal._conditional

    async def conditional(self: Journal, held: Held, expression: str, condition: str, values: Any, names: Any) -> Any:
        kept = {key: value for key, value in values.items() if key not in {"owner", "fence", "seq", "state"}}
        kept["fence"] = held.incident.fence
        aliases = {key: value for key, value in names.items() if f"#{key}" in expression}
        return await inner(
            self, held, expression + " ", "attribute_exists(incident_id) AND fence <> :fence OR fence = :fence", kept, aliases
        )

    patch.setattr(Journal, "_conditional", conditional)


def random_token(patch: pytest.MonkeyPatch) -> None:
    """A new idempotency token per attempt."""
    inner = call_module.call_for

    def call_for(*arguments: Any) -> Any:
        return replace(inner(*arguments), token=uuid.uuid4().hex)

    patch.setattr(execute_module, "call_for", call_for)


def acknowledge_before_record(patch: pytest.MonkeyPatch) -> None:
    """The message is gone before the incident is written: an error loses it."""
    inner = Journal.open

    async def open_(self: Journal, incident: Incident) -> Incident | None:
        try:
            return await inner(self, incident)
        except BaseException:  # noqa: BLE001  # that is the mutant
            return None

    patch.setattr(Journal, "open", open_)


def release_of_a_claim_that_is_not_mine(patch: pytest.MonkeyPatch) -> None:
    """Whoever loses the claim frees it on the way out."""
    inner = Claims.claim

    async def claim(self: Claims, key: str, holder: str, period: timedelta) -> Claim:
        found = await inner(self, key, holder, period)
        if not found.mine:
            item = await self._table.get(key) or {}
            await self._table.put(dict(item) | {"until": "0"})
        return found

    patch.setattr(Claims, "claim", claim)


def notification_without_outbox(patch: pytest.MonkeyPatch) -> None:
    """The incident is closed and then announced: whoever dies in between leaves it silent."""

    def nothing(self: Run, kind: Any) -> list[Any]:
        return []

    async def finish(run: Run) -> None:
        await run.tools.journal.close(run.held)
        if run.incident.outcome in {"verified", "rolled-back"}:
            notice = compose(run.incident, NoticeKind.RECOVERED)
            for channel in run.tools.notifiers:
                await channel.deliver(notice)

    patch.setattr(Run, "_outbox", nothing)
    patch.setattr("aiops_daemon.workflow.worker.finish", finish)


def breaker_without_condition(patch: pytest.MonkeyPatch) -> None:
    """Whoever writes last wins: failures are lost, two are the probe, a closing forgets what came meanwhile."""

    async def put(self: Breaker, fresh: Any, seen: Any) -> bool:
        await self._table.put(fresh)
        return True

    patch.setattr(Breaker, "_put", put)


def budget_that_is_read_then_written(patch: pytest.MonkeyPatch) -> None:
    """Look what is left, then take it."""

    async def spend(self: Budget, who: str, scope: str) -> bool:
        key = f"BUDGET#{self.name}#{scope}"
        payers = (await self._table.get(key) or {}).get("payers", frozenset())
        if len(payers) >= self.limit and who not in payers:
            return False
        await self._table.put({"incident_id": key, "payers": payers | {who}})
        return True

    patch.setattr(Budget, "spend", spend)


def money_without_receipts(patch: pytest.MonkeyPatch) -> None:
    """Look what is left, reserve, and take the difference off whenever somebody says what it cost."""

    async def reserve(self: CostBudget, dollars: float) -> str | None:
        spent = (await self._table.get("BUDGET#money") or {}).get("spent", 0)
        if spent + int(dollars * 1e6) > self._limit:
            return None
        await self._table.put({"incident_id": "BUDGET#money", "spent": spent + int(dollars * 1e6)})
        return f"0#{self._ids()}#{int(dollars * 1e6)}"

    patch.setattr(CostBudget, "reserve", reserve)


def settled_as_often_as_said(patch: pytest.MonkeyPatch) -> None:
    """A settlement that is sent again is taken off again: the budget under-counts."""

    async def settle(self: CostBudget, receipt: str, dollars: float) -> None:
        window, _, amount = receipt.split("#")
        more = int(dollars * 1e6) - int(amount)
        await self._table.update(self._key(int(window)), "ADD spent :more", "attribute_exists(spent)", {"more": more})

    patch.setattr(CostBudget, "settle", settle)


def storm_of_reports(patch: pytest.MonkeyPatch) -> None:
    """Counts reports instead of the resources that they are about."""

    def together(self: Storms, marks: Any, at: Any) -> tuple[str, ...]:
        return tuple(sorted(mark.split("|", 2)[1] for mark in marks))

    patch.setattr(Storms, "_together", together)


def storm_of_one_process(patch: pytest.MonkeyPatch) -> None:
    """Each process counts what it sees itself."""
    inner = Storms.__init__

    def init(self: Storms, table: Any, clock: Any, **more: Any) -> None:
        inner(self, MemoryTable(), clock, **more)

    patch.setattr(Storms, "__init__", init)


def storm_led_by_whoever_comes(patch: pytest.MonkeyPatch) -> None:
    """The leader is written without asking whether there is one."""

    async def open_(self: Storms, key: str, incident: Incident, members: tuple[str, ...]) -> Storm:
        me = incident.incident_id
        item = {**(await self._table.get(key) or {}), "leader": me, "service": "ec2", "opened_at": "now", "until": "9"}
        await self._table.put(item)
        return Storm(leader=me, opened_at="now", service="ec2", members=members, fresh=True)

    patch.setattr(Storms, "_open", open_)


async def _sweep(story: Story) -> None:
    quiet = Faults()
    fleet = Fleet()
    await tell(fleet, story, quiet)
    check(fleet, incidents=story.events)
    for fault in Fault:
        for at in range(1, len(quiet.calls) + 1):
            fleet = Fleet()
            await tell(fleet, story, Faults(at, fault))
            check(fleet, incidents=story.events)


async def _three_in_a_row() -> None:
    """The third failure comes after the second lost the claim."""
    fleet = Fleet()
    workers = fleet.workers()
    for n in range(3):
        fleet.world.healthy.clear()
        await fleet.admit(workers, stopped(event_id=f"e{n}"))
        await fleet.settle(workers, seconds=1)
    check(fleet, incidents=3)


async def _replaced_worker() -> None:
    """A paused worker wakes up after its lease, in the middle of its run."""
    fleet = Fleet()
    fleet.world.polls_needed = 2
    old, new = fleet.workers("old"), fleet.workers("new")
    await fleet.admit(old, stopped())
    (seen,) = await old.tools.journal.due(1)
    held = await old.take(seen)
    assert held is not None
    fleet.clock.advance(31)
    await new.drain()
    await old._work(held)
    await fleet.settle(new)
    check(fleet, incidents=1)


async def _everything() -> None:
    for story in STORIES:
        await _sweep(story)
    await _three_in_a_row()
    await _replaced_worker()


MUTANTS = [
    query_then_write_claim, no_fence, random_token, acknowledge_before_record, release_of_a_claim_that_is_not_mine,
    notification_without_outbox,
]  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_mutant_recovers_where_nothing_goes_wrong(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it is no mutant but a crash, which everything catches."""
    mutant(monkeypatch)
    fleet = Fleet()
    await tell(fleet, STORIES[0], Faults())
    check(fleet, incidents=1)
    assert [item["outcome"] for key, item in fleet.memory.items.items() if key.startswith("inc-")] == ["verified"]


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_the_suite_catches(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    with pytest.raises(Exception):  # noqa: B017, PT011  # an invariant or a crash: caught is caught
        await _everything()


@pytest.mark.parametrize(
    ("mutant", "race"),
    [
        (breaker_without_condition, races.two_failures_are_two),
        (breaker_without_condition, races.one_probe_in_the_whole_fleet),
        (breaker_without_condition, races.closing_what_somebody_reopens),
        (budget_that_is_read_then_written, races.a_budget_of_two_is_two),
        (money_without_receipts, races.the_money_is_spent_once),
        (settled_as_often_as_said, races.the_money_is_spent_once),
        (storm_of_reports, races.one_resource_makes_no_storm),
        (storm_of_one_process, races.a_storm_belongs_to_the_fleet),
        (storm_led_by_whoever_comes, races.one_leader),
    ],
)
async def test_a_race_catches(mutant: Mutant, race: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    """By an assertion of that very race, which the unbroken rail passes in test_rail_races.py."""
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        await race()


async def test_the_unbroken_core_passes_the_same() -> None:
    await _three_in_a_row()
    await _replaced_worker()
