"""Makes docs/metrics.md (`python -m aiops_daemon.telemetry.reference > docs/metrics.md`); a test compares the two."""

import sys

from prometheus_client.metrics import MetricWrapperBase

from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.metrics import Metrics

_HEAD = """# Metrics and log events

Made from `aiops_daemon/telemetry/metrics.py` and `log_events.py`; do not edit by hand. Beside these metrics come `process_*` and
`python_*`.
"""


def reference(metrics: Metrics) -> str:
    """A section for each group and a row for each metric, in the order of declaration."""
    lines = [_HEAD]
    for name, group in vars(metrics).items():
        rows = [_row(metric) for metric in vars(group).values() if isinstance(metric, MetricWrapperBase)]
        if name != "registry":
            title = (type(group).__doc__ or "").strip()
            lines += [f"## {title}\n", "| metric | type | labels | meaning |", "|---|---|---|---|", *rows, ""]
    lines += ["## Log events", "", "The field `event` of a log line.", "", *(f"- {event}" for event in LogEvent)]
    return "\n".join(lines).rstrip() + "\n"


def _row(metric: MetricWrapperBase) -> str:
    described = metric.describe()
    family = next(iter(described))
    suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
    labels = ", ".join(metric._labelnames) or "-"
    return f"| `{family.name}{suffix}` | {family.type} | {labels} | {family.documentation} |"


if __name__ == "__main__":
    sys.stdout.write(reference(Metrics()))
