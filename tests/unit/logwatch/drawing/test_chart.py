"""The chart of an alert: on the terminal, and as SVG that a browser can read."""

from dataclasses import replace
from xml.etree import ElementTree

from aiops_daemon.logwatch.analysis import LogAnalysis
from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.drawing.chart import Trace, Traces, terminal
from aiops_daemon.logwatch.drawing.picture import picture, svg
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Finding, Kind, Urgency
from aiops_daemon.logwatch.lines import Line
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.templates import TemplateMiner

FIRST = 1_767_571_200 // BUCKET_SECONDS  # Monday 2026-01-05 00:00 UTC
SVG = "{http://www.w3.org/2000/svg}"


def alert(onset: int = 4, template: str = "pool <*> is full") -> Alert:
    at = (FIRST + onset + 1) * BUCKET_SECONDS
    cause = Finding(at, "/shop", Kind.RAMP, template, "t1", 16, 2.0, 5.0, (FIRST + onset) * BUCKET_SECONDS, 0)
    return Alert("log-1", at, [cause], Urgency.NORMAL, groups=["/shop"])


def trace(counts: list[float], onset: int = 4) -> Trace:
    return Trace(alert(onset), "t1", FIRST, counts, [2.0] * len(counts), [7.0] * len(counts))


def test_terminal_shows_counts_and_expectation_on_one_scale_and_the_onset() -> None:
    lines, expected, times = terminal(trace([2, 0, 2, 1, 16, 8]))
    assert lines == "lines    |▁ ▁ █▄| 16 at most"
    assert expected == "expected |▁▁▁▁▁▁| 2.0 at most"
    assert times.index("^") == lines.index("█")
    assert times.endswith("2026-01-05 00:00 .. 2026-01-05 00:30 UTC")


def test_a_long_chart_is_narrowed_and_keeps_its_peak() -> None:
    counts = [1.0] * 432
    counts[217] = 50.0
    lines, _, times = terminal(trace(counts, onset=217), width=72)
    bars = lines.split("|")[1]
    assert len(bars) == 72
    assert bars.count("█") == 1
    assert times.index("^") == lines.index("█")


def test_an_onset_before_the_chart_is_marked_at_its_edge() -> None:
    assert terminal(trace([1.0, 2.0], onset=-50))[2].index("^") == 10


def test_svg_is_well_formed_and_has_a_panel_per_alert() -> None:
    odd = Trace(alert(template='<script>&"quoted"'), "t1", FIRST, [2, 0, 9], [2.0] * 3, [7.0] * 3)
    root = ElementTree.fromstring(svg(picture([trace([2, 0, 2, 1, 16, 8]), odd])))  # noqa: S314  # our own text
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert texts.count("onset") == texts.count("alert") == 2
    assert any('<script>&"quoted"' in text for text in texts)
    bars = [element for element in root.iter(f"{SVG}rect") if element.get("fill") == "#4878a8"]
    assert len(bars) == 7, "a bar for each bucket with lines"
    heights = [float(bar.get("height", "0")) for bar in bars[:5]]
    assert max(heights) == heights[3]
    assert heights[4] == max(heights) / 2


def test_svg_without_alerts_says_so() -> None:
    assert "No alerts." in svg(picture([]))


def test_traces_follow_an_alert_for_an_hour_after_its_end() -> None:
    traces = Traces()
    analysis = LogAnalysis(LogWatchSettings(), miner=TemplateMiner, observe=traces.observe)
    told: list[tuple[Change, Alert]] = []
    for number in range(240):
        at_ms = (FIRST + number) * BUCKET_SECONDS * 1000
        lines = [Line(at_ms + i, f"order {i} placed", "INFO", "") for i in range(10 + number % 3)]
        lines += [Line(at_ms + i, "pool exhausted", "ERROR", "") for i in range(40 if 150 <= number < 156 else 0)]
        analysis.feed("/shop", lines)
        for change, found in analysis.advance((FIRST + number + 1) * BUCKET_SECONDS + 60):
            told.append((change, found))
            if change is Change.OPENED:
                traces.opened(found, analysis.group("/shop"))
                traces.opened(found, analysis.group("/shop"))
    assert [change for change, _ in told if change is not Change.UPDATED] == [Change.OPENED, Change.CLOSED]
    (followed,) = traces.traces.values()
    bad = [i for i, count in enumerate(followed.counts) if count]
    assert len(bad) == 6
    assert bad[0] + followed.first == FIRST + 150
    assert len(followed.counts) == len(followed.expected) == len(followed.upper)
    assert followed.left == 0
    assert followed.first + len(followed.counts) < FIRST + 239, "it stops an hour after the end"
    assert all(upper > expected for upper, expected in zip(followed.upper, followed.expected, strict=True) if expected)


def test_traces_are_limited_and_need_a_baseline() -> None:
    group = LogAnalysis(LogWatchSettings(), miner=TemplateMiner).group("/shop")
    traces = Traces(limit=1)
    traces.opened(alert(), group)
    assert traces.traces == {}, "no line was read yet"
    group.feed([Line(FIRST * BUCKET_SECONDS * 1000, "order placed", "INFO", "")])
    traces.opened(alert(), group)
    traces.opened(replace(alert(), alert_id="log-2"), group)
    assert list(traces.traces) == ["log-1"]
