"""The demo's second flow: four days of an application's log in the embedded CloudWatch Logs, at whose end a connection pool runs dry.

The lines are made (seeded), put into the embedded logs, read back by the log watch's own reader and judged by event time by the same
analysis that runs live, since nobody wants to wait four days for a baseline.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.logwatch.drawing.chart import Trace
    from aiops_daemon.logwatch.findings import Alert
    from aiops_daemon.ports import Clock

GROUP = "/shop/orders"
BUCKET = 300
DAYS = 4
THURSDAY = 15 * 3600  # the epoch began on a Thursday
RAMP_BUCKETS = 18  # the pool fills up for an hour and a half, then requests fail
_TALK = (
    "INFO GET /orders/{n} 200 in {n} ms",
    "INFO order {n} placed by customer {n}",
    "INFO cache miss for session {n}",
    "INFO payment {n} accepted",
)
EXHAUSTED = "ERROR connection pool exhausted: no connection to orders-db within {n} ms"
FAILED = "CRITICAL database unavailable: 30 requests in a row failed"


@dataclass(frozen=True)
class Foreseen:
    """What came of it: `lead_minutes` from the warning to the failure; None: there was no warning before it."""

    lead_minutes: int | None
    false_alarms: int
    what: str
    how_unusual: str
    chart: tuple[str, ...]
    traces: "tuple[Trace, ...]" = ()


def lines(end: int, seed: int = 11) -> Iterator[tuple[int, str]]:
    """(milliseconds, line) of the log up to `end` (seconds, a multiple of 300); the failure is in the last bucket."""
    rng = random.Random(seed)  # noqa: S311  # seeded, so that every demo tells the same story
    buckets = DAYS * 86_400 // BUCKET
    for bucket in range(buckets):
        start = end - (buckets - bucket) * BUCKET
        busy = 6 + 3 * math.sin(2 * math.pi * (start % 86_400) / 86_400)
        texts = [rng.choice(_TALK) for _ in range(_poisson(rng, busy))]
        left = buckets - 1 - bucket
        growing = 5.0 * (RAMP_BUCKETS - left) / RAMP_BUCKETS if left < RAMP_BUCKETS else 0.03
        texts += [EXHAUSTED] * _poisson(rng, growing)
        if left == 0:
            texts += [FAILED] * 12
        for at in sorted(rng.randrange(start * 1000, (start + BUCKET) * 1000) for _ in texts):
            yield at, texts.pop(rng.randrange(len(texts))).replace("{n}", str(rng.randrange(1, 9999)))


def story_end(now: int) -> int:
    """The last Thursday 15:00 UTC: its lines keep their hours and weekdays, so that the demo tells the same story whenever it is run."""
    return now - (now - THURSDAY) % (7 * 86_400)


async def foresee(clients: "AwsSession", clock: "Clock") -> Foreseen:
    """Write, read back, judge."""
    from aiops_daemon.logwatch.analysis import LogAnalysis
    from aiops_daemon.logwatch.backtest import Backtest, Event
    from aiops_daemon.logwatch.drawing.chart import Traces, terminal
    from aiops_daemon.logwatch.episodes import Change
    from aiops_daemon.logwatch.lines import Line
    from aiops_daemon.logwatch.reader import LogReader
    from aiops_daemon.logwatch.settings import LogWatchSettings
    from aiops_daemon.logwatch.templates import TemplateMiner
    from aiops_daemon.telemetry.redaction import redact

    end = story_end(int(clock.now().timestamp()))
    await _write(clients, list(lines(end)))
    logs = await clients.client("logs")
    read: list[Line] = []
    await LogReader(logs, clock, random.Random(0)).read(GROUP, (end - DAYS * 86_400) * 1000, end * 1000, read.extend, most=200_000)  # noqa: S311  # jitter
    settings = LogWatchSettings()
    traces = Traces()
    analysis = LogAnalysis(settings, miner=lambda: TemplateMiner(settings.max_templates), redact=redact, observe=traces.observe)
    opened: list[Alert] = []
    for change, alert in Backtest(analysis).run(Event(GROUP, line) for line in sorted(read, key=lambda line: line.at_ms)):
        if change is Change.OPENED:
            opened.append(alert)
            traces.opened(alert, analysis.group(alert.cause.log_group))
    charts = {trace.alert.alert_id: terminal(trace) for trace in traces.traces.values()}
    return replace(_told(opened, end - BUCKET, charts), traces=tuple(traces.traces.values()))


def _told(opened: "list[Alert]", failure: int, charts: dict[str, list[str]]) -> Foreseen:
    began = failure - RAMP_BUCKETS * BUCKET
    right = [alert for alert in opened if began <= alert.at <= failure]
    if not right:
        return Foreseen(None, len(opened), "nothing", "", ())
    first = right[0]
    return Foreseen(
        lead_minutes=(failure - first.at) // 60,
        false_alarms=len([alert for alert in opened if alert.at < began]),
        what=first.cause.template,
        how_unusual=first.cause.how_unusual,
        chart=tuple(charts.get(first.alert_id, ())),
    )


async def _write(clients: "AwsSession", made: list[tuple[int, str]]) -> None:
    logs = await clients.client("logs")
    await logs.create_log_group(logGroupName=GROUP)
    await logs.create_log_stream(logGroupName=GROUP, logStreamName="app-1")
    for first in range(0, len(made), 2000):
        batch = [{"timestamp": at, "message": f"{_iso(at)} {text}"} for at, text in made[first : first + 2000]]
        await logs.put_log_events(logGroupName=GROUP, logStreamName="app-1", logEvents=batch)


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _poisson(rng: random.Random, mean: float) -> int:
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
