"""From an alert of the log watch to an incident: the same record, outbox and policy as every other event.

The onset opens a `log-anomaly` incident, whose notices reach every channel through the outbox; updates and the end are in the log and
metrics only, so that one episode is one page.
"""

from datetime import UTC, datetime

from pydantic import JsonValue

from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.model.event import Event, EventKind, Resource
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.worker import Workers

log = logger("foresee")
_SEVERITY = {"low": 3.0, "normal": 6.0, "high": 8.0}


class Warnings:
    """Called by the log watch for every change of an alert, at least once; the incident id makes repeats harmless."""

    def __init__(self, admission: Admission, workers: Workers, clock: Clock, *, account: str, region: str) -> None:
        self._admission, self._workers, self._clock = admission, workers, clock
        self._account, self._region = account, region

    async def __call__(self, change: Change, alert: Alert, record: Record) -> None:
        """Raises RetryLater when the incident could not be recorded: the log watch tells it again."""
        log.info("log alert", change=change, alert_id=alert.alert_id, group=alert.cause.log_group, why=alert.cause.how_unusual)
        if change is not Change.OPENED or alert.muted:
            return
        event = log_event(alert, record, account=self._account, region=self._region, now=self._clock.now())
        admitted = await self._admission.admit(event, self._admission.judge(event), self._workers.owner_if_room())
        if admitted.held is not None:
            self._workers.start(admitted.held)
        elif admitted.known is None:
            self._workers.nudge()


def log_event(alert: Alert, record: Record, *, account: str, region: str, now: datetime) -> Event:
    """The alert as an event; its facts are what people and a model read."""
    cause = alert.cause
    forecast = f"{alert.probability:.0%} within the hour" if alert.probability is not None else alert.no_forecast
    facts: dict[str, JsonValue] = {
        "what": cause.template,
        "how unusual": cause.how_unusual,
        "since": datetime.fromtimestamp(cause.since, UTC).isoformat(),
        "probability of failure": forecast,
        "affected groups": ", ".join(alert.groups) or cause.log_group,
        "urgency": alert.urgency.value,
        "sample": cause.samples[0][:300] if cause.samples else "",
        "recent deploy": alert.deploy.name if alert.deploy else "none",
        "my record": str(record),
    }
    if alert.lead_seconds is not None:
        facts["expected in"] = f"{alert.lead_seconds // 60} minutes"
    return Event(
        event_id=alert.alert_id,
        source="aiops.logwatch",
        detail_type="Log anomaly",
        kind=EventKind.LOG_ANOMALY,
        name=f"log-anomaly {cause.kind}",
        resource=Resource(type="logs:log-group", id=cause.log_group),
        account=account,
        region=region,
        occurred_at=datetime.fromtimestamp(alert.at, UTC),
        received_at=now,
        severity=_SEVERITY[alert.urgency.value],
        facts=facts,
    )
