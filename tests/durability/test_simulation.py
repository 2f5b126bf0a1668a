"""A seeded fleet on one clock: several workers, many incidents, faults and deaths at random. A failure replays from its seed."""

import random
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.stamps import unstamp
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.model.notice import NoticeKind
from tests.doubles.faults import Fault, Faults, Killed
from tests.doubles.invariants import check
from tests.doubles.world import Fleet, stopped
from tests.durability.test_crash_points import approve_all, disturbed

BREAKER = "BREAKER#ec2.start"
HOLD = timedelta(seconds=300 + 900 + 3 * 30, minutes=10)  # a step, its verification, its undo
INCIDENTS = 12
RESOURCES = 5


@pytest.mark.parametrize("seed", range(40))
async def test_a_fleet_under_random_faults_converges_with_every_invariant(seed: int) -> None:
    rng = random.Random(seed)
    fleet = Fleet(recoveries_per_account_and_hour=100, soak_seconds=rng.choice([0, 10]))
    fleet.world.polls_needed = rng.choice([0, 2])
    fleet.world.heals = rng.random() < 0.8
    if rng.random() < 0.3:
        fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"confidence": 0.65})
    waiting = [stopped(f"i-{rng.randrange(RESOURCES):017x}", f"e{n}") for n in range(INCIDENTS)]
    waiting += rng.sample(waiting, 3)  # duplicates
    rng.shuffle(waiting)
    workers = [disturbed(fleet, _faults(rng), f"w{n}") for n in range(3)]
    for _ in range(400):
        at = rng.randrange(len(workers))
        try:
            if waiting and rng.random() < 0.6:
                await fleet.admit(workers[at], waiting[0])
                waiting.pop(0)
            else:
                await workers[at].drain()
        except (Killed, BaseExceptionGroup):
            workers[at] = disturbed(fleet, _faults(rng), f"w{at}")
        except AiopsError:
            pass
        fleet.clock.advance(rng.choice([0, 1, 10, 35]))
    quiet = fleet.workers("quiet")
    for event in waiting:
        await fleet.admit(quiet, event)
    for _ in range(60):
        await quiet.drain()
        await approve_all(fleet, quiet, override=True)  # several failed: the breaker may be open
        if not fleet.open():
            break
        fleet.clock.advance(301)
    _count_each_recovery_alone(fleet)
    check(fleet, incidents=INCIDENTS)


@pytest.mark.parametrize("seed", range(25))
async def test_a_sick_kind_of_action_is_tried_by_one_probe_at_a_time(seed: int) -> None:
    """Recoveries fail for a while, then help again: the breaker opens, is probed, opens again, and is closed by a probe."""
    rng = random.Random(seed)
    fleet = Fleet(
        recoveries_per_account_and_hour=1000, storm_resources=1000, breaker_failures=2, breaker_rest_minutes=2, breaker_probe="auto"
    )
    fleet.world.polls_needed = rng.choice([0, 2])
    workers = [disturbed(fleet, _faults(rng), f"w{n}") for n in range(3)]
    sick = rng.randrange(30, 90)
    for n in range(120):
        fleet.world.heals = n > sick
        at = rng.randrange(len(workers))
        try:
            if rng.random() < 0.25:
                await fleet.admit(workers[at], stopped(f"i-{n:017x}", f"e{n}", fleet.clock.now()))
            await workers[at].drain()
        except (Killed, BaseExceptionGroup):
            workers[at] = disturbed(fleet, _faults(rng), f"w{at}")
        except AiopsError:
            pass
        fleet.clock.advance(rng.choice([0, 10, 35, 60]))
    quiet = fleet.workers("quiet")
    for n in range(200, 600):
        await quiet.drain()
        await approve_all(fleet, quiet, override=True)
        if "open_since" not in fleet.memory.items.get(BREAKER, {}) and not fleet.open():
            break
        if not fleet.open():
            await fleet.admit(quiet, stopped(f"i-{n:017x}", f"e{n}", fleet.clock.now()))
        fleet.clock.advance(61)
    check(fleet, incidents=sum(key.startswith("inc-") for key in fleet.memory.items))
    assert "open_since" not in fleet.memory.items[BREAKER], "a probe that helped closes it"
    _one_probe_at_a_time(fleet)
    openers = {item["opened_by"] for item in fleet.memory.writes if item.get("opened_by")}
    assert openers, "the story never came to its point"
    assert {notice.incident_id for _, notice in fleet.world.delivered if notice.kind is NoticeKind.BREAKER} <= openers


def _one_probe_at_a_time(fleet: Fleet) -> None:
    """Another one only after the last was counted, gave up, or had its whole time."""
    before: dict[str, Any] = {}
    for item in (item for item in fleet.memory.writes if item["incident_id"] == BREAKER):
        if item.get("probe") and before.get("probe") and item["probe"] != before["probe"]:
            since = unstamp(item["probe_until"]) - HOLD
            assert since >= unstamp(before["probe_until"]), f"{item['probe']} while {before['probe']} was the probe"
        before = item


def _faults(rng: random.Random) -> Faults:
    return Faults(rng.randrange(5, 80), rng.choice(list(Fault)))


def _count_each_recovery_alone(fleet: Fleet) -> None:
    """Cooldowns end during a simulation, so a resource may rightly be recovered again; each token still acts once."""
    assert all(count <= 1 for count in fleet.world.starts.values())
    fleet.world.starts.clear()
