"""`incidents list|show|approve|reject`: what happened, why, and a person's word."""

import asyncio
import json
import re
import uuid
from datetime import timedelta
from typing import Annotated, Literal

import typer

from aiops_daemon.cli.desk import Why, at_desk
from aiops_daemon.cli.errors import UsageError
from aiops_daemon.cli.rows import Row, print_rows
from aiops_daemon.model.errors import InvalidInput
from aiops_daemon.model.incident import Incident, State

app = typer.Typer(no_args_is_help=True, help="Incidents: list, show, approve, reject.")
_STORM_REACH = timedelta(days=7)  # an approval waits 24 hours unless the settings say otherwise
_STORM_MEMBERS = 5000
_COLUMNS = ("incident", "at (UTC)", "state", "outcome", "resource", "event", "note")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
Output = Annotated[Literal["table", "json", "jsonl"], typer.Option(help="table for people, json or jsonl for programs")]


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only this state.", case_sensitive=False)] = None,
    since: Annotated[str, typer.Option(help="How far back: 30m, 12h, 7d, 2w.")] = "24h",
    kind: Annotated[str | None, typer.Option("--type", help="Resource type: ec2, or ec2:instance.")] = None,
    storm: Annotated[str | None, typer.Option(help="Only members of this storm: the leader's id, from its page.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    output: Output = "table",
) -> None:
    """Newest first, from the indexes."""
    reach, most = period(since), _STORM_MEMBERS if storm else limit
    found = asyncio.run(
        at_desk(lambda desk: desk.history.listed(state=state, resource_type=kind and kind.lower(), since=reach, limit=most))
    )
    found = [one for one in found if storm in {None, _leader(one)}][:limit]
    if output == "table":
        _table(found)
        return
    rows = [summary(incident) for incident in found]
    print(json.dumps(rows, indent=2) if output == "json" else "\n".join(json.dumps(row) for row in rows))


@app.command()
def show(incident_id: str, output: Output = "table") -> None:
    """Everything about one incident: steps, states, times, reasons."""
    incident = asyncio.run(at_desk(lambda desk: desk.journal.load(incident_id)))
    if incident is None:
        raise InvalidInput(f"there is no incident {incident_id}")
    if output != "table":
        print(incident.model_dump_json(indent=2 if output == "json" else None))
        return
    from aiops_daemon.cli.timeline import render

    render(incident)


Which = Annotated[str | None, typer.Argument(help="One incident; or --storm.")]
Storm = Annotated[
    str | None, typer.Option("--storm", help="Every incident of this storm that awaits approval: the leader's id, from its page.")
]


@app.command()
def approve(
    reason: Why,
    incident_id: Which = None,
    storm: Storm = None,
    override: Annotated[bool, typer.Option("--override", help="Also where a breaker or a budget holds it back.")] = False,
) -> None:
    """Let the plan of an incident that awaits approval run."""
    _decide(incident_id, storm, "approve", reason, override=override)


@app.command()
def reject(reason: Why, incident_id: Which = None, storm: Storm = None) -> None:
    """End an incident that awaits approval without acting."""
    _decide(incident_id, storm, "reject", reason)


def decision_body(incident_id: str, decision: str, by: str, reason: str, *, override: bool = False) -> str:
    """The message that carries a person's word, straight to the queue."""
    said = {"incident_id": incident_id, "decision": decision, "by": by, "reason": reason, "signal_id": uuid.uuid4().hex}
    return json.dumps({"aiops_decision": said | ({"override": "yes"} if override else {})})


def period(text: str) -> timedelta:
    """7d, 12h ... as a time span."""
    match = re.fullmatch(r"(\d{1,4})([mhdw])", text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no period for --since: write 30m, 12h, 7d or 2w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def summary(incident: Incident) -> dict[str, object]:
    """One incident as one row."""
    return {
        "incident_id": incident.incident_id,
        "at": incident.incident_timestamp.isoformat(),
        "state": incident.workflow_state.value,
        "outcome": incident.outcome,
        "resource": incident.resource_key,
        "event": incident.event.name,
        "classification": incident.event_classification,
        "duration_seconds": incident.recovery_duration_seconds,
        "note": incident.audit[-1].note if incident.audit else "",
    }


def _decide(incident_id: str | None, storm: str | None, decision: str, reason: str, *, override: bool = False) -> None:
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.cli.daemon import put_on_queue
    from aiops_daemon.settings import load

    if (incident_id is None) is (storm is None):
        raise UsageError("name one incident, or a storm with --storm")
    settings = load()

    async def go() -> list[str]:
        asked = [await _asked(incident_id)] if incident_id is not None else await _members(str(storm))
        async with AwsSession(settings.aws) as clients:
            by = await clients.caller()
        await put_on_queue(settings, *(decision_body(one, decision, by, reason, override=override) for one in asked))
        return asked

    asked = asyncio.run(go())
    print(f"{decision} sent for {', '.join(asked)}; `aiops-daemon incidents show {asked[0]}` tells what came of it")


async def _asked(incident_id: str) -> str:
    incident = await at_desk(lambda desk: desk.journal.load(incident_id))
    if incident is None:
        raise InvalidInput(f"there is no incident {incident_id}")
    if incident.workflow_state is not State.AWAITING_APPROVAL:
        raise InvalidInput(f"{incident_id} awaits no approval: it is {incident.workflow_state}")
    return incident_id


async def _members(storm: str) -> list[str]:
    """The incidents of a storm that wait for a person, its leader among them."""
    waiting = await at_desk(lambda desk: desk.history.listed(state=State.AWAITING_APPROVAL, since=_STORM_REACH, limit=_STORM_MEMBERS))
    members = [incident.incident_id for incident in waiting if _leader(incident) == storm]
    if not members:
        raise InvalidInput(f"no incident of storm {storm} awaits approval")
    return members


def _leader(incident: Incident) -> object:
    found = incident.results.get("storm")
    return found.get("leader") if isinstance(found, dict) else None


def _table(found: list[Incident]) -> None:
    if not found:
        print("no incidents")
        return
    print_rows(_COLUMNS, [_row(incident) for incident in found], first=3)


def _row(incident: Incident) -> Row:
    row = summary(incident) | {"at": incident.incident_timestamp.strftime("%m-%d %H:%M:%S")}
    cells = [str(row[name] or "") for name in ("incident_id", "at", "state", "outcome", "resource", "event", "note")]
    return Row(cells, f"{cells[4]}, {cells[5]}" + (f", {cells[3]}" if cells[3] else "") + f": {cells[6]}")
