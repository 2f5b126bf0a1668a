"""The series of one group, bucket after bucket: departures begin, change, end; series come, go and become one."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from aiops_daemon.logwatch.baseline import DAY, HOUR
from aiops_daemon.logwatch.counts import BucketCounts
from aiops_daemon.logwatch.findings import Kind
from aiops_daemon.logwatch.monitor import Departure, GroupMonitor

MONDAY = 4 * DAY  # the epoch was a Thursday
LAG = 2
Change = Callable[[int, Counter[str]], None]


def nothing(bucket: int, counts: Counter[str]) -> None:
    """As ever."""


class Log:
    """One monitor, fed with templates a (20 lines a bucket) and b (5), and what a test changes about them."""

    def __init__(self, seed: int = 1, adopt_after: int = 7 * DAY) -> None:
        self.rng = np.random.default_rng(seed)
        self.monitor = GroupMonitor(MONDAY, threshold=3.5, lag=LAG, adopt_after=adopt_after)
        self.recent = [BucketCounts() for _ in range(LAG + 1)]
        self.onsets: list[tuple[int, str, Departure]] = []
        self.ended: list[tuple[int, str, Departure]] = []

    def run(self, first: int, last: int, change: Change = nothing) -> None:
        """Buckets from the Monday on, `last` not included."""
        for bucket in range(first, last):
            templates = Counter({"a": int(self.rng.poisson(20)), "b": int(self.rng.poisson(5))})
            change(bucket, templates)
            levels = Counter({"INFO": templates.total()})
            counts = BucketCounts(templates, levels, template_levels=dict.fromkeys(templates, "INFO"))
            self.recent = [*self.recent[1:], counts]
            step = self.monitor.step(self.recent)
            self.onsets += [(bucket, self.monitor.keys[d.row], d) for d in step.onsets]
            self.ended += [(bucket, self.monitor.keys[d.row] if d.row < len(self.monitor.keys) else "", d) for d in step.ended]

    def told(self, key: str) -> list[tuple[int, Kind]]:
        return [(bucket, d.kind) for bucket, row, d in self.onsets if row == key]


def put(template: str, lines: int, *buckets: int) -> Change:
    def change(bucket: int, counts: Counter[str]) -> None:
        if bucket in buckets:
            counts[template] = lines

    return change


def test_a_spike_is_told_in_its_bucket_and_ends_when_it_has_been_calm() -> None:
    log = Log()
    log.run(0, 8 * DAY)
    log.run(8 * DAY, 8 * DAY + 60, put("a", 90, *range(8 * DAY + 10, 8 * DAY + 14)))
    assert log.told("a") == [(8 * DAY + 10, Kind.SPIKE)]
    [(bucket, _, departure)] = [end for end in log.ended if end[1] == "a"]
    assert departure.last_hot_end == MONDAY + 8 * DAY + 14
    assert bucket <= 8 * DAY + 24


@pytest.mark.parametrize(("lines", "kind"), [(0, Kind.SILENCE), (3, Kind.DROP)])
def test_what_falls_is_told_once_it_is_final(lines: int, kind: Kind) -> None:
    log = Log()
    log.run(0, 8 * DAY)
    log.run(8 * DAY, 8 * DAY + 40, put("a", lines, *range(8 * DAY + 10, 8 * DAY + 40)))
    [(bucket, named)] = log.told("a")
    assert named is kind
    assert 12 + LAG <= bucket - 8 * DAY <= 24


def test_in_the_first_three_days_one_bucket_may_be_a_job_and_two_are_not() -> None:
    once, twice = Log(), Log()
    for log in (once, twice):
        log.run(0, 2 * DAY)
    once.run(2 * DAY, 2 * DAY + 36, put("a", 200, 2 * DAY + 10))
    assert not once.onsets
    twice.run(2 * DAY, 2 * DAY + 36, put("a", 200, 2 * DAY + 10, 2 * DAY + 11))
    assert twice.told("a") == [(2 * DAY + 11, Kind.SPIKE)]
    known = Log()
    known.run(0, 4 * DAY)
    known.run(4 * DAY, 4 * DAY + 36, put("a", 200, 4 * DAY + 10))
    assert known.told("a") == [(4 * DAY + 10, Kind.SPIKE)]


def test_a_job_on_the_first_day_does_not_become_what_its_whole_hour_writes() -> None:
    log = Log()
    log.run(0, DAY, put("a", 1000, HOUR * 10 + 6))
    log.run(DAY, DAY + 11 * HOUR)
    assert not [d for _, _, d in log.onsets if not d.rising]
    assert log.monitor.baseline.profile(log.monitor.index["a"])[10] < 12 * 20 * 1.3


def test_a_new_template_is_news_for_an_hour() -> None:
    log = Log()
    log.run(0, 3 * DAY)
    log.run(3 * DAY, 3 * DAY + 20, put("c", 5, *range(3 * DAY + 4, 3 * DAY + 8)))
    assert log.told("new") == [(3 * DAY + 4, Kind.NEW)]


def test_what_lasts_is_adopted_as_the_new_normal() -> None:
    log = Log(adopt_after=2 * DAY)
    log.run(0, 5 * DAY)
    log.run(5 * DAY, 7 * DAY + 100, put("a", 100, *range(5 * DAY + 10, 7 * DAY + 100)))
    adopted = [bucket for bucket, key, d in log.ended if key == "a" and d.adopted]
    assert [bucket // DAY for bucket in adopted] == [7]
    assert len(log.told("a")) == 1, "and is no departure any more"


def test_two_templates_that_are_one_add_up() -> None:
    log = Log()
    log.run(0, 2 * DAY)
    rows = log.monitor.index
    a, b = (
        float(log.monitor.baseline.expected(MONDAY + 2 * DAY)[rows["a"]]),
        float(log.monitor.baseline.expected(MONDAY + 2 * DAY)[rows["b"]]),
    )
    log.monitor.merge("b", "a")
    assert "b" not in log.monitor.index
    assert float(log.monitor.baseline.expected(MONDAY + 2 * DAY)[log.monitor.index["a"]]) == pytest.approx(a + b, rel=0.15)
    log.run(2 * DAY, 2 * DAY + 36, lambda _, counts: counts.update({"a": counts.pop("b")}))
    assert not log.onsets
    log.monitor.merge("unknown", "a")
    log.monitor.merge("a", "renamed")
    assert log.monitor.keys[log.monitor.index["renamed"]] == "renamed"
    assert "a" not in log.monitor.index


def test_a_series_that_goes_takes_its_departure_along_and_is_no_news_when_it_returns() -> None:
    log = Log()
    log.run(0, 3 * DAY)
    log.run(3 * DAY, 3 * DAY + 12, put("b", 80, *range(3 * DAY + 10, 3 * DAY + 12)))
    assert {d.row for d in log.monitor.active.values()} >= {log.monitor.index["b"]}
    log.monitor.forget(["a"])
    assert log.monitor.active[log.monitor.index["b"]].row == log.monitor.index["b"]
    log.monitor.forget(["b", "unknown"])
    assert log.monitor.index.keys() & {"a", "b"} == set()
    log.run(3 * DAY + 12, 3 * DAY + 30)
    assert not log.told("new")


def test_levels_that_are_counted_in_another_way_begin_anew() -> None:
    log = Log()
    log.run(0, 2 * DAY)
    log.monitor.restart_levels()
    row = log.monitor.index["level:INFO"]
    assert log.monitor.baseline.age(log.monitor.bucket + 1)[row] == 0
    assert log.monitor.baseline.age(log.monitor.bucket + 1)[log.monitor.index["a"]] == 2 * DAY


def test_what_nobody_read_is_no_silence() -> None:
    log = Log()
    log.run(0, 3 * DAY)
    log.run(3 * DAY, 3 * DAY + 12, put("a", 200, *range(3 * DAY + 9, 3 * DAY + 12)))
    open_before = set(log.monitor.active)
    ended = log.monitor.skip_to(MONDAY + 4 * DAY)
    assert {d.row for d in ended} == open_before != set()
    assert not log.monitor.active
    log.onsets.clear()
    log.recent = [BucketCounts() for _ in range(LAG + 1)]
    log.run(4 * DAY, 4 * DAY + 36)
    assert not log.onsets
    assert log.monitor.warm_up_left() == 0
