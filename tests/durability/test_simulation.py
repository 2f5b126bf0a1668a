"""A seeded fleet on one clock: several workers, many incidents, faults and deaths at random. A failure replays from its seed."""

import random

import pytest

from aiops_daemon.model.errors import AiopsError
from tests.doubles.faults import Fault, Faults, Killed
from tests.doubles.invariants import check
from tests.doubles.world import Fleet, stopped
from tests.durability.test_crash_points import approve_all, disturbed

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


def _faults(rng: random.Random) -> Faults:
    return Faults(rng.randrange(5, 80), rng.choice(list(Fault)))


def _count_each_recovery_alone(fleet: Fleet) -> None:
    """Cooldowns end during a simulation, so a resource may rightly be recovered again; each token still acts once."""
    assert all(count <= 1 for count in fleet.world.starts.values())
    fleet.world.starts.clear()
