"""What a backtest makes of times: gaps, broken clocks, lines that carry none."""

from collections.abc import Iterator

import pytest

from aiops_daemon.logwatch.analysis import LogAnalysis
from aiops_daemon.logwatch.backtest import Backtest, Event, read_events
from aiops_daemon.logwatch.lines import Line
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.templates import TemplateMiner

START_MS = 1_767_571_200_000
DAY_MS = 86_400_000


def events(first_ms: int, count: int, step_ms: int = 60_000) -> Iterator[Event]:
    for i in range(count):
        yield Event("g", Line(first_ms + i * step_ms, "tick", "INFO", "tick"))


def backtest() -> Backtest:
    return Backtest(LogAnalysis(LogWatchSettings(), miner=TemplateMiner))


@pytest.mark.parametrize(("days", "began_anew"), [(8, False), (20, True)])
def test_a_gap_that_all_lines_agree_on_is_real_and_after_two_weeks_nothing_is_known(days: int, began_anew: bool) -> None:
    work = backtest()
    alerts = list(work.run([*events(START_MS, 200), *events(START_MS + days * DAY_MS, 200)]))
    monitor = work.analysis.groups["g"].monitor
    assert monitor is not None
    assert (monitor.start * 300_000 >= START_MS + days * DAY_MS) is began_anew
    assert (work.lines, work.set_aside) == (400, 0)
    assert not began_anew or alerts == []


def test_a_gap_at_the_very_end_counts_as_well() -> None:
    work = backtest()
    list(work.run([*events(START_MS, 200), *events(START_MS + 8 * DAY_MS, 3)]))
    assert work.lines == 203


def test_a_few_lines_from_the_future_are_set_aside() -> None:
    work = backtest()
    list(work.run([*events(START_MS, 100), *events(START_MS + 900 * DAY_MS, 7), *events(START_MS + 6_000_000, 100)]))
    assert (work.lines, work.set_aside) == (200, 7)


@pytest.mark.parametrize(
    "line",
    [
        "[1, 2]", '{"timestamp": true, "message": "x"}', '{"timestamp": "now", "message": "x"}', '{"timestamp": 1}', '{"message": "x"}',
        '{"timestamp": 1, "message": ""}', "{" * 5000, "no time at all",
    ],
)  # fmt: skip
def test_what_has_no_time_is_no_event(line: str) -> None:
    assert list(read_events([line], "g", 2026)) == []


def test_a_record_of_several_lines_in_one_json_event_is_one_event() -> None:
    (event,) = read_events(['{"timestamp": 1767571200000, "message": "ERROR boom\\n\\tat a.B(C.java:1)", "logGroup": "/x"}'], "g", 2026)
    assert (event.log_group, event.line.message, event.line.level) == ("/x", "boom", "ERROR")
    assert event.line.raw.endswith("at a.B(C.java:1)")
