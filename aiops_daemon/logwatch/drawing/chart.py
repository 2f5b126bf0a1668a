"""Counts against their baseline around an alert: followed while they happen, and drawn on the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
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


def clock(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


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
