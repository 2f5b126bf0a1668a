"""The crash-point sweep: every call of a whole story fails in every way, a second worker finishes, and every invariant holds.

Deterministic and in memory. The stories are the shapes that a recovery can take; each is first run undisturbed to learn its calls.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from aiops_daemon.model.errors import AiopsError
from aiops_daemon.model.event import Event
from aiops_daemon.model.incident import Incident, Signal, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.workflow.worker import Workers
from tests.doubles.faults import Fault, Faults, Faulty, FaultyTable, Killed
from tests.doubles.invariants import check
from tests.doubles.world import Fleet, stopped


@dataclass(frozen=True)
class Story:
    name: str
    prepare: Callable[[Fleet], None]
    ends: frozenset[State]
    approve: bool = False
    events: int = 1
    resources: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    holds: Callable[[Fleet], None] = lambda fleet: None  # what more must hold at its end


def _doubtful(fleet: Fleet) -> None:
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})


def _useless(fleet: Fleet) -> None:
    fleet.world.heals = False


def _slow(fleet: Fleet) -> None:
    fleet.world.polls_needed = 2


STORIES = (
    Story("recovery", lambda fleet: None, frozenset({State.COMPLETED})),
    Story("approval", _doubtful, frozenset({State.COMPLETED}), approve=True),
    Story("failed recovery with undo", _useless, frozenset({State.ROLLED_BACK})),
    Story("parked wait", _slow, frozenset({State.COMPLETED})),
    Story("duplicate failure", lambda fleet: None, frozenset({State.COMPLETED, State.COOLDOWN}), events=2),
)
# Longer than the others, so the mutants are spared it.
STORM = Story(
    "storm", lambda fleet: None, frozenset({State.COMPLETED}), approve=True, events=3, resources=3, settings={"storm_resources": 2}
)


def _rested(fleet: Fleet) -> None:
    """A breaker that is open, and whose rest is over."""
    fleet.memory.items["BREAKER#ec2.start"] = {
        "incident_id": "BREAKER#ec2.start", "record_type": "breaker", "version": 3, "failures": 3, "recent": [],
        "open_since": "2026-03-02T01:00:00.000000Z", "reason": "3 recoveries in a row failed", "rest_seconds": 3600, "opened_by": "inc-x",
    }  # fmt: skip


def _one_page_for_the_breaker(fleet: Fleet) -> None:
    paged = {notice.notice_id for _, notice in fleet.world.delivered if notice.kind is NoticeKind.BREAKER}
    breaker = fleet.memory.items["BREAKER#ec2.start"]
    assert paged == {f"{breaker['opened_by']}.breaker"}, f"the breaker opened once: {paged}"
    assert (breaker["failures"], len(breaker["recent"])) == (1, 1), "one failure counts once"


def _closed_by_one_probe(fleet: Fleet) -> None:
    probes = {item["probe"] for item in fleet.memory.writes if item.get("probe")}
    assert len(probes) == 1, f"one probe: {probes}"
    assert fleet.memory.items["BREAKER#ec2.start"]["closed_by"] in probes


def _late_in_the_hour(fleet: Fleet) -> None:
    fleet.clock.advance(50 * 60)


def _one_recovery_an_hour(fleet: Fleet) -> None:
    spent = {key: item["payers"] for key, item in fleet.memory.items.items() if key.startswith("BUDGET#recoveries#")}
    assert [len(payers) for payers in spent.values()] == [1, 1], spent


def _in_two_phases(fleet: Fleet) -> None:
    fleet.world.two_phases = True


def _asked_with_the_plan(fleet: Fleet) -> None:
    _doubtful(fleet)
    _in_two_phases(fleet)
    fleet.action.spec = fleet.action.spec.model_copy(update={"plans_first": True})


def _stale_once(fleet: Fleet) -> None:
    _asked_with_the_plan(fleet)
    fleet.world.stale = 1


def _asked(times: int) -> Callable[[Fleet], None]:
    def holds(fleet: Fleet) -> None:
        (item,) = [item for key, item in fleet.memory.items.items() if key.startswith("inc-")]
        told = [note for note in map(str, item["audit"]) if "Manual Review Required" in note]
        assert len(told) == times, told
        assert all("the plan: 1 to create" in note for note in told), told
        assert len(item["signals"]) == times

    return holds


# The guard rails' own writes; the mutants are spared these too.
RAILS = (
    Story("two phases", _in_two_phases, frozenset({State.COMPLETED})),  # between them the kill switch is asked
    Story("asked with the plan", _asked_with_the_plan, frozenset({State.COMPLETED}), approve=True, holds=_asked(1)),
    Story("a stale plan is asked again", _stale_once, frozenset({State.COMPLETED}), approve=True, holds=_asked(2)),
    Story("breaker opens", _useless, frozenset({State.ROLLED_BACK}), settings={"breaker_failures": 1}, holds=_one_page_for_the_breaker),
    Story("probe", _rested, frozenset({State.COMPLETED}), settings={"breaker_probe": "auto"}, holds=_closed_by_one_probe),
    Story("approved probe", _rested, frozenset({State.COMPLETED}), approve=True, holds=_closed_by_one_probe),
    Story(
        "approval that waits for its budget", _late_in_the_hour, frozenset({State.COMPLETED}), approve=True, events=2, resources=2,
        settings={"recoveries_per_account_and_hour": 1}, holds=_one_recovery_an_hour,
    ),
)  # fmt: skip


def disturbed(fleet: Fleet, faults: Faults, name: str) -> Workers:
    """A worker whose every call to the outside goes through `faults`."""
    tools = fleet.tools(FaultyTable(fleet, faults))
    vars(tools)["actions"] = {key: Faulty(action, faults, ("start", "poll", "undo")) for key, action in tools.actions.items()}
    vars(tools)["probes"] = {key: Faulty(probe, faults, ("look",)) for key, probe in tools.probes.items()}
    vars(tools)["notifiers"] = tuple(Faulty(channel, faults, ("deliver",)) for channel in tools.notifiers)
    return Workers(tools, name)


async def tell(fleet: Fleet, story: Story, faults: Faults) -> None:
    """The first worker meets the fault; a second, healthy one goes on after it."""
    story.prepare(fleet)
    first = disturbed(fleet, faults, "first")
    events = [stopped(f"i-{n % story.resources:017x}", f"e{n}") for n in range(story.events)]
    worker = first
    for event in events:
        worker = await survive(fleet, worker, partial(_admit, fleet, event))
    for _ in range(80):
        worker = await survive(fleet, worker, _drain)
        if story.approve:
            await approve_all(fleet, worker)
        if not fleet.open():
            return
        fleet.clock.advance(31)


async def _admit(fleet: Fleet, event: Event, worker: Workers) -> None:
    await fleet.admit(worker, event)


async def _drain(worker: Workers) -> None:
    await worker.drain()


async def survive(fleet: Fleet, worker: Workers, work: Callable[[Workers], Awaitable[None]]) -> Workers:
    """Do it, as often as a queue or a scan would; a death makes the successor go on. Returns whoever is alive."""
    for _ in range(3):
        try:
            await work(worker)
        except (Killed, BaseExceptionGroup):  # a TaskGroup wraps what kills its task
            worker = fleet.workers("second")
        except AiopsError:
            continue
        else:
            break
    return worker


def _answered(incident: Incident) -> bool:
    heard = incident.results.get("heard")
    known = str(heard) if "asks" in incident.results else ""  # asked again with another plan, it needs another word
    return any(repr(key) not in known for key in incident.signals)


async def approve_all(fleet: Fleet, worker: Workers, *, override: bool = False) -> None:
    for key in fleet.open():
        incident = await fleet.incident(key)
        if incident.workflow_state is State.AWAITING_APPROVAL and not _answered(incident):
            said = Signal(
                signal_id=f"s{len(incident.signals) + 1}",
                decision="approve",
                by="ann",
                reason="drill",
                at=fleet.clock.now(),
                override=override,
            )
            await fleet.workers("operator").tools.journal.signal(key, said)


async def calls_of(story: Story) -> list[str]:
    faults = Faults()
    fleet = Fleet(**story.settings)
    await tell(fleet, story, faults)
    check(fleet, incidents=story.events)
    return faults.calls


@pytest.mark.parametrize("story", [*STORIES, STORM, *RAILS], ids=lambda story: story.name)
@pytest.mark.parametrize("fault", Fault)
async def test_every_call_may_fail_in_every_way(story: Story, fault: Fault) -> None:
    calls = await calls_of(story)
    assert len(calls) > 10
    for at in range(1, len(calls) + 1):
        fleet = Fleet(**story.settings)
        try:
            await tell(fleet, story, Faults(at, fault))
            check(fleet, incidents=story.events)
            storms = {notice.incident_id for _, notice in fleet.world.delivered if notice.kind is NoticeKind.STORM}
            assert len(storms) == (story is STORM), f"one storm, one page: {storms}"
            states = {item["workflow_state"] for key, item in fleet.memory.items.items() if key.startswith("inc-")}
            assert states <= story.ends, states
            story.holds(fleet)
        except AssertionError as error:
            raise AssertionError(f"{story.name}: call {at} ({calls[at - 1]}) {fault}: {error}") from error
