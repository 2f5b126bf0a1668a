"""From an alert of the log watch to an incident: the same record, outbox and policy as every other event.

The onset opens a `log-anomaly` incident, whose notices reach every channel through the outbox; updates and the end are in the log and
metrics only, so that one episode is one page. Where the settings map the group to a resource and an action, the incident is about that
resource: its claim, cooldown, budget, protection, windows and probe hold as for every other failure of it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from aiops_daemon.events.arn import resource_of
from aiops_daemon.logwatch.advice import advice
from aiops_daemon.logwatch.announcer import FollowUp
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import RISING, Alert, Urgency
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.logwatch.remedies import LogAction
from aiops_daemon.model.event import Event, EventKind, Resource
from aiops_daemon.model.incident import Incident, incident_id
from aiops_daemon.model.plan import STEP, StepRecord, StepStatus
from aiops_daemon.model.verdict import Classification
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.worker import Workers

_log = logger("foresee")
_SEVERITY = {"low": 3.0, "normal": 6.0, "high": 8.0}


class Warnings:
    """Called by the log watch for every change of an alert, at least once; the incident id makes repeats harmless."""

    def __init__(
        self, admission: Admission, workers: Workers, clock: Clock, *, account: str, region: str, actions: Sequence[LogAction] = ()
    ) -> None:
        self._admission, self._workers, self._clock = admission, workers, clock
        self._account, self._region, self._actions = account, region, actions

    async def __call__(self, change: Change, alert: Alert, record: Record) -> None:
        """Raises RetryLater when the incident could not be recorded: the log watch tells it again."""
        _log.info(LogEvent.LOG_ALERT, change=change, alert_id=alert.alert_id, group=alert.cause.log_group, why=alert.cause.how_unusual)
        if change is not Change.OPENED or alert.muted:
            return
        event = self._event(alert, record)
        admitted = await self._admission.admit(event, self._admission.judge(event), self._workers.owner_if_room())
        if admitted.held is not None:
            self._workers.start(admitted.held)
        elif admitted.known is None:
            self._workers.nudge()

    async def became_of(self, alert: Alert) -> FollowUp:
        """Where the warning is about a resource: what our own incident did there, and whether another one says that it failed."""
        if remedy(self._actions, alert) is None:
            return FollowUp()
        event = self._event(alert, Record(0, 0, 0, None, None))
        tools = self._workers.tools
        ours = await tools.journal.load(incident_id(event))
        since = timedelta(seconds=max(0.0, self._clock.now().timestamp() - alert.at))
        others = await tools.history.listed(resource_type=event.resource.type, since=since)
        failures = [int(one.event.occurred_at.timestamp()) for one in others if _tells_of_failure(one, event)]
        return FollowUp(acted=ours is not None and _acted(ours), failed_at=min(failures, default=None))

    def _event(self, alert: Alert, record: Record) -> Event:
        event = log_event(alert, record, account=self._account, region=self._region, now=self._clock.now())
        return aimed(event, alert, remedy(self._actions, alert))


def _acted(incident: Incident) -> bool:
    steps = [StepRecord.model_validate(value) for key, value in incident.results.items() if key.startswith(STEP)]
    return any(step.status is StepStatus.DONE for step in steps)


def _tells_of_failure(incident: Incident, warned: Event) -> bool:
    event = incident.event
    same = (event.resource, event.account, event.region) == (warned.resource, warned.account, warned.region)
    grave = incident.event_classification in {Classification.FAILURE, Classification.TAMPERING}
    return same and grave and event.kind is not EventKind.LOG_ANOMALY


def log_event(alert: Alert, record: Record, *, account: str, region: str, now: datetime) -> Event:
    """The alert as an event; its facts are what people and a model read."""
    cause = alert.cause
    why, first = advice(alert)
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
        "likely cause": why,
        "recommended": first,
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


def remedy(actions: Sequence[LogAction], alert: Alert) -> LogAction | None:
    """The first line that fits the cause. Only a failure that is yet to come (something rises), and that no deploy explains."""
    cause = alert.cause
    if cause.kind not in RISING or alert.urgency is Urgency.LOW:
        return None
    same_group = [finding for finding in alert.findings if finding.log_group == cause.log_group]
    texts = [text for finding in same_group for text in (finding.template, *finding.samples)]  # the cause may be "(level ERROR)"
    return next((action for action in actions if action.fits(cause.log_group, texts)), None)


def aimed(event: Event, alert: Alert, action: LogAction | None) -> Event:
    """The same warning about the resource that the settings name, with what they allow."""
    resource = resource_of(action.resource) if action else None
    if action is None or resource is None:
        return event
    account, region = action.resource.split(":")[4], action.resource.split(":")[3]
    facts: dict[str, JsonValue] = {
        **event.facts,
        "log group": event.resource.id,
        "configured action": action.action,
        "needs approval": action.approve,
        "calibrated probability": alert.probability,
    }
    if action.at_most is not None:
        facts["at most"] = action.at_most
    if action.instance_classes:
        facts["instance classes"] = list(action.instance_classes)
    return event.model_copy(update={"resource": resource, "account": account, "region": region, "facts": facts})
