"""The busiest patterns of a group in plain words, for people who look into `aiops-patterns`."""

import numpy as np
from pydantic import JsonValue

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.group import GroupAnalysis
from aiops_daemon.logwatch.group_series import HISTORY

_MOST = 50


def busiest(group: GroupAnalysis) -> list[dict[str, JsonValue]]:
    """id, text, level, lines ever, expected lines per bucket now, its standard deviation, last seen (seconds)."""
    monitor = group.monitor
    if monitor is None:
        return []
    rows = monitor.baseline.rows
    expected = monitor.baseline.expected(monitor.bucket)
    spread = monitor.baseline.dispersion(monitor.bucket)[:, 0]
    deviation = np.sqrt(expected + spread * expected**2)
    last = monitor.bucket - (HISTORY - 1) + np.where(monitor.counts > 0, np.arange(HISTORY), -1).max(axis=1)
    seen = monitor.counts.max(axis=1, initial=0.0) > 0
    out: list[dict[str, JsonValue]] = []
    for row in np.argsort(-rows.total)[:_MOST].tolist():
        key = monitor.keys[row]
        out.append(
            {
                "id": key,
                "text": group.text(key)[:300],
                "level": group.level(key),
                "count": int(rows.total[row]),
                "mean": round(float(expected[row]), 4),
                "deviation": round(float(deviation[row]), 4),
                "last_seen": int(last[row]) * BUCKET_SECONDS if seen[row] else None,
            }
        )
    return out
