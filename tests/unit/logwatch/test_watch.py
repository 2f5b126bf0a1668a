"""No line missed, none doubled: late, repeated, same-millisecond and paged events, restarts, two tasks, throttling."""

import random

import pytest

from tests.doubles.cloudwatch import Clock, Dynamo, Event, Logs
from tests.doubles.log_watching import BUCKET, START, Told, counted, events, group_of, newest_final, runs, series_of, ticks, truth, watch


@pytest.mark.parametrize("seed", range(8))
async def test_late_repeated_and_paged_events_are_counted_once(seed: int) -> None:
    rng = random.Random(seed)
    clock = Clock(START + BUCKET + 65)
    logs = Logs(clock, rng, events(rng, 90, 6), page=rng.choice((1, 3, 50)), throttle=0.1)
    w = watch(logs, Dynamo(), Told())
    await ticks(logs, 22, w)
    monitor = series_of(w)
    assert monitor.bucket >= START // BUCKET + 20
    final = monitor.bucket - 2
    found = counted(w)
    assert {b: n for b, n in found.items() if b <= final} == dict(truth(logs, final))
    late = group_of(w).open
    assert late.late > 0
    assert late.too_late == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("where", ["STATE#", "GROUP#", "BOOK"])
async def test_a_crash_in_mid_tick_neither_misses_nor_doubles(seed: int, where: str) -> None:
    rng = random.Random(seed)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 90, 4))
    dynamo, told = Dynamo(), Told()
    w = watch(logs, dynamo, told)
    for i in range(20):
        logs.clock.seconds = START + (i + 1) * BUCKET + 65
        if i % 4 == 2:
            dynamo.fail_on = where
            await w.tick()
            w = watch(logs, dynamo, told, owner=f"task-{i}")  # the process is gone, another one starts
        await w.tick()
    await ticks(logs, 22, w)
    final = newest_final(w)
    assert {b: n for b, n in counted(w).items() if b <= final} == dict(truth(logs, final))


async def test_two_tasks_do_each_window_once_and_go_on_from_each_others_state() -> None:
    rng = random.Random(5)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 90, 4))
    dynamo = Dynamo()
    one, two = watch(logs, dynamo, Told(), "task-1"), watch(logs, dynamo, Told(), "task-2")
    for i in range(20):
        logs.clock.seconds = START + (i + 1) * BUCKET + 65
        await (one if i % 3 else two).tick()
        calls = logs.calls
        await (two if i % 3 else one).tick()
        assert logs.calls == calls, "the second task reads nothing in a window that is done"
    latest = one if one._cache["/app/a"][0] > two._cache.get("/app/a", (0, None))[0] else two
    final = newest_final(latest)
    assert {b: n for b, n in counted(latest).items() if b <= final} == dict(truth(logs, final))


async def test_a_lost_reply_is_not_mistaken_for_another_task() -> None:
    rng = random.Random(3)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 4))
    for where in ("GROUP#", "JOB#", "BOOK"):
        dynamo = Dynamo(lose_reply_on=where)
        w = watch(logs, dynamo, Told())
        logs.clock.seconds = START + 2 * BUCKET + 65
        await w.tick()
        assert runs(w, "ok") == 1, where


async def test_missed_ticks_are_caught_up_and_older_ones_skipped() -> None:
    rng = random.Random(4)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 300, 2, late=0))
    dynamo = Dynamo()
    w = watch(logs, dynamo, Told(), catch_up_seconds=14_400)
    await w.tick()
    logs.clock.seconds = START + 180 * 60 + 65  # three hours of outage
    await w.tick()
    final = newest_final(w)
    assert {b: n for b, n in counted(w).items() if b <= final} == dict(truth(logs, final))
    logs.clock.seconds = START + 3 * 86_400 + 65  # three days: only four hours are read, nothing is made up
    await w.tick()
    monitor = series_of(w)
    assert not monitor.active, "the gap is no silence"
    assert int(monitor.reset[0]) == (START + 3 * 86_400 + 65 - 14_400) // BUCKET


async def test_a_group_too_large_to_read_is_counted_by_insights_and_comes_back() -> None:
    rng = random.Random(6)
    logs = Logs(Clock(START + BUCKET + 65), rng, events(rng, 60, 400, late=0), page=10_000)
    logs.events += [
        Event(f"x{i}", "s", (START + 3600 + i * 60) * 1000, "ERROR error writing", (START + 3600 + i * 60) * 1000) for i in range(120)
    ]
    w = watch(logs, Dynamo(), Told(), max_lines_per_window=1000)
    for i in range(20):
        logs.clock.seconds = START + (i + 1) * BUCKET + 65
        await w.tick()
    assert logs.insights > 3
    found = counted(w)
    for b in range(START // BUCKET + 1, START // BUCKET + 16):
        assert found[b] == truth(logs, b)[b]
    group = group_of(w)
    assert not group.by_insights, "it has become small again"
    assert group.monitor is not None
    assert not group.monitor.active
