"""The storm at the gate: whoever is in it asks a human, one incident speaks for all, and the others' pages are folded into its page."""

from datetime import timedelta

from pydantic import JsonValue

from aiops_daemon.incidents.storm import Storm, Storms
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.verdict import Classification, Verdict
from aiops_daemon.ports import Clock, Table
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.settings import WorkflowSettings

log = logger("storm")


def storms(settings: WorkflowSettings, table: Table, clock: Clock) -> Storms:
    """The guard rail as the settings want it."""
    return Storms(
        table,
        clock,
        resources=settings.storm_resources,
        window=timedelta(seconds=settings.storm_seconds),
        calm=timedelta(minutes=settings.storm_calm_minutes),
    )


async def speaks_for_a_storm(run: Run) -> bool:
    """An earlier owner may have opened a storm and died before it was announced: then this incident must not end in any other way."""
    return run.interrupted and await run.tools.storms.led_by(run.incident)


async def join_storm(run: Run) -> Storm | None:
    """Count this incident; the storm that it is in. Whoever is not sure (the item cannot be read) does not act: the error propagates."""
    storm = await run.tools.storms.join(run.incident)
    if storm is not None and storm.fresh:
        run.tools.metrics.guards.storms.inc()
        log.warning(LogEvent.STORM, leader=storm.leader, members=len(storm.members), account=run.event.account)
    return storm


def page(run: Run, storm: Storm) -> NoticeKind | None:
    """STORM for the leader, nothing for its members. Tampering elsewhere keeps its own page: a storm must not be a place to hide in."""
    if storm.leader == run.incident.incident_id:
        return NoticeKind.STORM
    verdict = run.result("verdict", Verdict)
    tampering = verdict is not None and verdict.classification is Classification.TAMPERING
    return NoticeKind.REVIEW if tampering and run.event.resource.service != storm.service else None


def words(run: Run, storm: Storm) -> str:
    """Why a human is asked, for the record."""
    if storm.leader == run.incident.incident_id:
        return f"storm: {len(storm.members)} resources failed together in account {run.event.account}"
    folded = "" if page(run, storm) else "; its page is folded into the storm's"
    return f"storm {storm.leader} since {storm.opened_at}{folded}"


def on_record(run: Run, storm: Storm) -> dict[str, JsonValue]:
    """results["storm"]."""
    members: list[JsonValue] = [*storm.members]
    return {"leader": storm.leader, "opened_at": storm.opened_at, "members": members, "folded": page(run, storm) is None}


def folded(run: Run) -> bool:
    """Whether the storm's leader was announced in this incident's place: then its refusal is not announced either."""
    return run.raw("storm").get("folded") is True
