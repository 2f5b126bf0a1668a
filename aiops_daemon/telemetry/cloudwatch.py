"""CloudWatch metrics under AIOps/DevOpsAgent: the few that alarms are built on, sent once a minute in one call.

Counts go as what was added since the last call. A breaker goes as it stands: every minute while it is open, and once more when it
closes; an alarm takes silence for closed, so that a quiet daemon sends nothing.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from prometheus_client.samples import Sample

from aiops_daemon.model.errors import AiopsError
from aiops_daemon.ports import AwsClients, Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.minute import MINUTE, stopped_within

_NAMESPACE = "AIOps/DevOpsAgent"
_SENT = {
    "aiops_messages_received_total": "MessagesReceived",
    "aiops_messages_parked_total": "MessagesParked",
    "aiops_incidents_opened_total": "IncidentsOpened",
    "aiops_incidents_closed_total": "IncidentsClosed",
    "aiops_cooldowns_total": "Cooldowns",
    "aiops_recovery_seconds_count": "Recoveries",
    "aiops_recovery_seconds_sum": "RecoverySeconds",
    "aiops_workflow_errors_total": "WorkflowErrors",
}
_BREAKER = "aiops_breaker_open"
_log = logger("cloudwatch")


class CloudWatchMetrics:
    """Sends what changed since the last time; a failed call loses nothing, the next one carries it."""

    def __init__(self, clients: AwsClients, metrics: Metrics, clock: Clock) -> None:
        self._clients = clients
        self._metrics = metrics
        self._clock = clock
        self._sent: dict[tuple[str, str], float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, and once more at the end."""
        while not stop.is_set():
            await stopped_within(MINUTE, stop)
            await self.flush()

    async def flush(self) -> None:
        """One PutMetricData with every count that moved and every breaker that is or was open."""
        samples = [sample for family in self._metrics.registry.collect() for sample in family.samples]
        counts = {key: value for key, value in _totals(samples).items() if value != self._sent.get(key, 0.0)}
        stands = {(_BREAKER, sample.labels["kind"]): sample.value for sample in samples if sample.name == _BREAKER}
        breakers = {key: value for key, value in stands.items() if value or self._sent.get(key)}
        if not counts and not breakers:
            return
        stamp = self._clock.now()
        data = [self._count(key, value, stamp) for key, value in counts.items()]
        data += [_datum("BreakerOpen", "Kind", kind, value, stamp) for (_, kind), value in breakers.items()]
        try:
            client = await self._clients.client("cloudwatch")
            await client.put_metric_data(Namespace=_NAMESPACE, MetricData=data[:1000])
        except AiopsError as error:
            _log.warning(LogEvent.METRICS_NOT_SENT, error=str(error))
            return
        self._sent.update(counts | breakers)

    def _count(self, key: tuple[str, str], value: float, stamp: datetime) -> dict[str, object]:
        name, outcome = key
        unit = "Seconds" if name.endswith("_sum") else "Count"
        return _datum(_SENT[name], "Outcome", outcome, value - self._sent.get(key, 0.0), stamp, unit)


def _totals(samples: Iterable[Sample]) -> dict[tuple[str, str], float]:
    totals: dict[tuple[str, str], float] = {}
    for sample in samples:
        if sample.name in _SENT:
            key = (sample.name, sample.labels.get("outcome", ""))
            totals[key] = totals.get(key, 0.0) + sample.value
    return totals


def _datum(name: str, dimension: str, value: str, number: float, stamp: datetime, unit: str = "Count") -> dict[str, object]:
    dimensions = [{"Name": dimension, "Value": value}] if value else []
    return {"MetricName": name, "Dimensions": dimensions, "Value": number, "Timestamp": stamp, "Unit": unit}
