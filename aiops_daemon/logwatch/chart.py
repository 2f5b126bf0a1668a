"""Counts against their baseline, for the terminal and as SVG. Drawn here: no plotting library, no files of others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from itertools import pairwise

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.findings import Alert
from aiops_daemon.logwatch.group import GroupAnalysis
from aiops_daemon.logwatch.group_series import HISTORY

_BARS = " ▁▂▃▄▅▆▇█"
_MAX_POINTS = 432  # a day and a half
_AFTER = 12  # buckets shown after the end


@dataclass
class Trace:
    """One series around one alert: lines and expected lines per bucket, from `first` on."""

    alert: Alert
    key: str
    first: int
    counts: list[float]
    expected: list[float]
    upper: list[float]
    left: int = _AFTER


@dataclass
class Traces:
    """Follows the cause of every alert; hand `observe` to LogAnalysis and tell it of opened alerts."""

    traces: dict[str, Trace] = field(default_factory=dict)
    limit: int = 24

    def observe(self, group: GroupAnalysis) -> None:
        for trace in self.traces.values():
            alive = len(trace.counts) < _MAX_POINTS and trace.left > 0
            if alive and trace.alert.cause.log_group == group.name:
                trace.left -= trace.alert.closed
                _append(trace, group)

    def opened(self, alert: Alert, group: GroupAnalysis) -> None:
        if len(self.traces) >= self.limit or alert.alert_id in self.traces or group.monitor is None:
            return
        key = group.row_key(alert.cause.template_id)
        row = group.monitor.index[key]
        first = max(0, HISTORY - 1 - (group.monitor.bucket - group.monitor.start))
        counts, expected = group.monitor.counts[row, first:], group.monitor.expected[row, first:]
        spread = float(group.monitor.baseline.dispersion(group.monitor.bucket)[row, 0])
        self.traces[alert.alert_id] = Trace(
            alert, key, group.monitor.bucket - len(counts) + 1, counts.tolist(), expected.tolist(),
            [_upper(e, spread) for e in expected.tolist()],
        )  # fmt: skip


def _upper(expected: float, spread: float) -> float:
    return float(expected + 3.5 * (expected + spread * expected**2) ** 0.5)


def _append(trace: Trace, group: GroupAnalysis) -> None:
    monitor = group.monitor
    if monitor is None or trace.key not in monitor.index:
        return
    row = monitor.index[trace.key]
    expected = float(monitor.expected[row, -1])
    trace.counts.append(float(monitor.counts[row, -1]))
    trace.expected.append(expected)
    trace.upper.append(_upper(expected, float(monitor.baseline.dispersion(monitor.bucket)[row, 0])))


def clock(seconds: int, form: str = "%Y-%m-%d %H:%M") -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(form)


def terminal(trace: Trace, width: int = 72) -> list[str]:
    """Three lines: counts as bars, the expectation below on the same scale, and the times."""
    counts, expected = _narrow(trace.counts, width), _narrow(trace.expected, width)
    top = max(*counts, *expected, 1.0)
    since = (trace.alert.cause.since // BUCKET_SECONDS - trace.first) * len(counts) // max(1, len(trace.counts))
    mark = " " * max(0, min(since, len(counts) - 1)) + "^ onset"
    start, end = trace.first * BUCKET_SECONDS, (trace.first + len(trace.counts)) * BUCKET_SECONDS
    return [
        f"lines    |{_bars(counts, top)}| {max(trace.counts):.0f} at most",
        f"expected |{_bars(expected, top)}| {max(trace.expected):.1f} at most",
        f"          {mark}   {clock(start)} .. {clock(end)} UTC",
    ]


def _narrow(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    edges = [i * len(values) // width for i in range(width + 1)]
    return [max(values[a:b]) for a, b in pairwise(edges)]


def _bars(values: Sequence[float], top: float) -> str:
    return "".join(_BARS[min(8, round(8 * value / top))] for value in values)


_WIDTH, _PANEL, _LEFT, _TOP = 960, 190, 60, 34


def svg(traces: Sequence[Trace]) -> str:
    """One panel per alert: lines as bars, the expectation as a line, the band up to 3.5 deviations, onset and alert marked."""
    height = max(1, len(traces)) * _PANEL + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    if not traces:
        parts.append('<text x="20" y="40">No alerts.</text>')
    for i, trace in enumerate(traces):
        parts += _panel(trace, i * _PANEL)
    return "\n".join([*parts, "</svg>\n"])


def _panel(trace: Trace, top: int) -> list[str]:
    cause, count = trace.alert.cause, len(trace.counts)
    highest = max(*trace.counts, *trace.upper, 1.0)
    step = (_WIDTH - _LEFT - 20) / max(1, count)
    floor = top + _PANEL - 30
    scale = (_PANEL - _TOP - 40) / highest

    def x(bucket: float) -> float:
        return round(_LEFT + (bucket - trace.first) * step, 1)

    def y(value: float) -> float:
        return round(floor - value * scale, 1)

    title = f"{cause.kind.upper()} {clock(trace.alert.at)} UTC  {cause.log_group}: {cause.template}"[:130]
    band = [(x(trace.first + i), y(v)) for i, v in enumerate(trace.upper)]
    under = [(x(trace.first + count - 1), y(0)), (x(trace.first), y(0))]
    line = [(x(trace.first + i), y(v)) for i, v in enumerate(trace.expected)]
    bars = [
        f'<rect x="{x(trace.first + i)}" y="{y(v)}" width="{max(0.5, step - 0.6):.1f}" height="{floor - y(v):.1f}" fill="#4878a8"/>'
        for i, v in enumerate(trace.counts)
        if v > 0
    ]
    return [
        f'<text x="{_LEFT}" y="{top + 16}" font-weight="bold">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="{top + 31}" fill="#555">{escape(cause.how_unusual)}</text>',
        f'<polygon points="{_points(band + under)}" fill="#e8e8e0"/>',
        *bars,
        f'<polyline points="{_points(line)}" fill="none" stroke="#d08020" stroke-width="1.5"/>',
        _mark(x(cause.since / BUCKET_SECONDS), top + _TOP + 4, floor, "#b03030", "onset"),
        _mark(x(trace.alert.at / BUCKET_SECONDS), top + _TOP + 4, floor, "#301080", "alert"),
        f'<text x="4" y="{y(highest) + 4}" fill="#555">{highest:.0f}</text><text x="4" y="{floor}" fill="#555">0</text>',
        f'<text x="{_LEFT}" y="{floor + 16}" fill="#555">{clock(trace.first * BUCKET_SECONDS)}</text>',
        f'<text x="{_WIDTH - 20}" y="{floor + 16}" fill="#555" text-anchor="end">'
        f"{clock((trace.first + count) * BUCKET_SECONDS)} UTC</text>",
    ]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a},{b}" for a, b in points)


def _mark(at: float, top: int, floor: int, colour: str, text: str) -> str:
    return (
        f'<line x1="{at}" y1="{top}" x2="{at}" y2="{floor}" stroke="{colour}" stroke-dasharray="4 3"/>'
        f'<text x="{at + 3}" y="{top + (10 if text == "onset" else 22)}" fill="{colour}" font-size="10">{text}</text>'
    )
