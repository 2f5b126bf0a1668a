"""The demo's log: the pool that runs dry is warned about before it fails, and nothing in the days before it is."""

import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from aiops_daemon.cli import demo_logs
from aiops_daemon.cli.demo_logs import BUCKET, DAYS, EXHAUSTED, FAILED, GROUP, RAMP_BUCKETS, foresee, lines, story_end
from aiops_daemon.logwatch.drawing.picture import picture, svg
from tests.doubles.cloudwatch import Clock, Event, Logs

START = 1_767_571_200  # Monday 2026-01-05 00:00 UTC


class Written(Logs):
    """CloudWatch Logs that can be written to, too."""

    async def create_log_group(self, **_: Any) -> None: ...
    async def create_log_stream(self, **_: Any) -> None: ...
    async def put_log_events(self, **parameters: Any) -> None:
        first = len(self.events)
        self.events += [
            Event(f"e{first + i}", parameters["logStreamName"], event["timestamp"], event["message"], 0)
            for i, event in enumerate(parameters["logEvents"])
        ]


class Clients:
    def __init__(self, logs: Written) -> None:
        self.logs = logs

    async def client(self, service: str) -> Written:
        assert service == "logs"
        return self.logs


def test_the_log_is_in_order_and_ends_in_the_failure() -> None:
    made = list(lines(START))
    times = [at for at, _ in made]
    assert all(before <= after for before, after in pairwise(times))
    assert (START - DAYS * 86_400) * 1000 <= times[0] < times[-1] < START * 1000
    failures = [at for at, text in made if text == FAILED]
    assert len(failures) == 12
    assert min(failures) >= (START - BUCKET) * 1000
    ramp = (START - RAMP_BUCKETS * BUCKET) * 1000
    exhausted = [at >= ramp for at, text in made if text.startswith(EXHAUSTED.split("{")[0])]
    assert 0 < exhausted.count(False) < 80
    assert exhausted.count(True) > 20
    assert made == list(lines(START)), "the same story every time"
    assert made != list(lines(START, seed=12))


@pytest.mark.parametrize(("seed", "hour"), [(11, 9), (1, 14), (5, 3), (7, 22)])
async def test_the_failure_is_foreseen_without_a_false_alarm(seed: int, hour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START + hour * 3600 + 17)
    logs = Written(clock, random.Random(seed), groups=(GROUP,), page=5_000)
    monkeypatch.setattr(demo_logs, "lines", lambda end: lines(end, seed=seed))
    monkeypatch.setattr(demo_logs, "story_end", lambda now: now // BUCKET * BUCKET)  # other hours than the demo's own
    found = await foresee(Clients(logs), clock)  # type: ignore[arg-type]  # a double with the one method that is called
    assert found.false_alarms == 0
    assert found.lead_minutes is not None
    assert 10 <= found.lead_minutes <= RAMP_BUCKETS * BUCKET // 60
    # with seed 5 the total of the error lines departs one bucket before the template: its lines are nearly all of them
    assert found.what.startswith("connection pool exhausted") or (seed, found.what) == (5, "(level ERROR)")
    assert "standard deviations above normal" in found.how_unusual
    assert found.chart[0].startswith("lines    |")
    assert len(found.traces) == 1
    assert "onset</text>" in svg(picture(found.traces))


async def test_the_story_is_the_same_whenever_it_is_told() -> None:
    told = []
    for now in (
        START + 17,
        START + 3 * 86_400 + 15 * 3600,
        1_795_572_025,
    ):  # the last: a moment at which the log's own hours gave a false alarm
        logs = Written(Clock(now), random.Random(1), groups=(GROUP,), page=5_000)
        found = await foresee(Clients(logs), Clock(now))  # type: ignore[arg-type]  # a double with the one method that is called
        told.append((found.lead_minutes, found.false_alarms, found.what, found.how_unusual))
        end = story_end(now)
        assert now - 7 * 86_400 < end <= now
        assert end % BUCKET == 0
        assert datetime.fromtimestamp(end, UTC).strftime("%A %H:%M") == "Thursday 15:00"
    assert told == [told[0]] * 3
    assert told[0][1] == 0


async def test_a_calm_log_is_not_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(START + 17)
    calm = [(at, text) for at, text in lines(START - BUCKET) if text != FAILED and not text.startswith("ERROR")]
    monkeypatch.setattr(demo_logs, "lines", lambda end: calm)
    found = await foresee(Clients(Written(clock, random.Random(1), page=5_000)), clock)  # type: ignore[arg-type]  # as above
    assert (found.lead_minutes, found.false_alarms, found.what, found.chart) == (None, 0, "nothing", ())
