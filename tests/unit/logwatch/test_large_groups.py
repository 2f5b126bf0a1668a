"""Groups too large to read: Logs Insights counts them, exactly, from the first window that is too large until they are small again."""

import random
from itertools import pairwise
from typing import Any

import pytest

from aiops_daemon.logwatch.findings import Kind
from tests.doubles.cloudwatch import Clock, Dynamo, Event, Logs
from tests.doubles.log_watching import BUCKET, START, Told, counted, group_of, newest_final, ticks, truth, watch

SMALL, LARGE = 20, 1500  # lines a bucket
LIMIT: dict[str, Any] = {"max_lines_per_window": 1000}  # the least that the settings allow


def lines(buckets: int, large: range, seed: int = 1) -> list[Event]:
    rng = random.Random(seed)
    out = []
    for bucket in range(buckets):
        for i in range(LARGE if bucket in large else SMALL):
            at = (START + bucket * BUCKET) * 1000 + rng.randrange(BUCKET * 1000)
            late = rng.randrange(0, 480_000) if rng.random() < 0.05 else 0
            level = "ERROR error" if rng.random() < 0.1 else "INFO"
            out.append(Event(f"b{bucket}-{i}", "s", at, f"{level} request {i} done", at + late))
    return out


@pytest.mark.parametrize("whole_last_second", [True, False])
async def test_over_and_back_every_line_is_counted_once(whole_last_second: bool) -> None:
    """A day of quiet first, so that the watch is past its warm-up; then one that is seventy-five times as busy for an hour."""
    logs = Logs(Clock(START + 290 * BUCKET), random.Random(1), lines(340, range(300, 312)), page=5000, whole_last_second=whole_last_second)
    told = Told()
    w = watch(logs, Dynamo(), told, history_seconds=86_400, **LIMIT)
    by_insights: list[bool] = []
    for i in range(289, 335):
        await ticks(logs, 1, w, first=i)
        group = group_of(w)
        by_insights.append(group.by_insights)
        end = newest_final(w)
        found = {b: n for b, n in counted(w).items() if b <= end}
        assert found == {b: n for b, n in truth(logs, end).items() if b in found}, f"after tick {i}"
        assert group.open.too_late == 0
    assert 10 <= by_insights.index(True) <= 13, "once the buckets that are open together are too large"
    assert not by_insights[-1], "small again"
    assert sum(a != b for a, b in pairwise(by_insights)) == 2, "over once and back once"
    assert [alert.cause.kind for alert in told.opened()] == [Kind.SPIKE], "and no news because another reader has other names"


async def test_no_query_asks_for_more_than_an_hour_and_each_window_is_asked_once() -> None:
    logs = Logs(Clock(START), random.Random(2), lines(60, range(60)), page=5000)
    w = watch(logs, Dynamo(), Told(), history_seconds=4 * 3600, **LIMIT)
    logs.clock.seconds = START + 50 * BUCKET + 65
    await w.tick()
    assert max(end - start for start, end, _ in logs.queries) <= 3600
    asked = len(logs.queries)
    await w.tick()
    assert len(logs.queries) == asked, "the window is done"
    assert counted(w)[newest_final(w)] == truth(logs, newest_final(w))[newest_final(w)]


async def test_too_large_in_the_middle_of_a_catch_up_forgets_nothing_before() -> None:
    logs = Logs(Clock(START), random.Random(3), lines(60, range(30, 42)), page=5000)
    w = watch(logs, Dynamo(), Told(), **LIMIT)
    await ticks(logs, 6, w)
    logs.clock.seconds = START + 58 * BUCKET + 65  # hours later
    await w.tick()
    end = newest_final(w)
    assert {b: n for b, n in counted(w).items() if b <= end} == dict(truth(logs, end))
    assert group_of(w).by_insights
