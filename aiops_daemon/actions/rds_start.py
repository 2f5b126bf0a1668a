"""Start a database instance or an Aurora cluster that somebody stopped."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.evidence import DB_ID, bare_id, refused, words
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.errors import GiveUp, NotPermitted
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded
from aiops_daemon.ports import ActionCall

# RDS-EVENT-0087: the DB instance has been stopped; RDS-EVENT-0150: the DB cluster stopped (RDS user guide, event categories)
_STOPPED = frozenset({"stopdbinstance", "stopdbcluster", "stopped", "stopping", "rds-event-0087", "rds-event-0150"})
_ON_ITS_WAY = frozenset(
    {"starting", "stopping", "configuring-enhanced-monitoring", "backing-up", "modifying", "rebooting", "upgrading", "maintenance"}
)
_DONE = {"start": _ON_ITS_WAY - {"stopping"} | {"available"}, "stop": frozenset({"stopping", "stopped"})}  # what an order leads to


class RdsStart:
    """StartDBInstance has no token: the state is read first, so that a second start is a look."""

    spec = ActionSpec(
        id="rds.start",
        title="Start the database",
        resource_types=("rds:db", "rds:cluster"),
        effect=Effect.REVERSIBLE,
        timeout_seconds=1800,
        success="the database is available",
        undoable=True,
        permissions=(
            "rds:DescribeDBInstances",
            "rds:DescribeDBClusters",
            "rds:StartDBInstance",
            "rds:StartDBCluster",
            "rds:StopDBInstance",
            "rds:StopDBCluster",
        ),
    )

    def __init__(self, settings: ActionSettings) -> None:
        self._settings = settings

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        if reason := refused(event):
            return reason
        if not words(event) & _STOPPED:
            return "the event does not say that the database was stopped"
        database = bare_id(event, DB_ID)
        if database is None:
            return f"{event.resource.id[:80]!r} is no database identifier"
        return {"database_id": database, "cluster": event.resource.type == "rds:cluster"}

    async def start(self, call: ActionCall) -> Progress:
        if await _status(call) == "stopped":
            await _order(call, "start")
            return Running(handle={"started": True}, again_in_seconds=self._settings.poll_seconds, note="starting")
        return await self.poll(call, {"started": False})

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        status = await _status(call)
        if status == "available":
            result: dict[str, JsonValue] = {"database_id": call.parameters["database_id"], "started": bool(handle.get("started"))}
            return Succeeded(result=result, note="available")
        if status == "stopped" and not handle.get("started"):  # it was still stopping when `start` looked
            return await self.start(call)
        if status in _ON_ITS_WAY or status == "stopped":
            acts = not handle.get("started")  # once it has stopped, the look starts it
            return Running(handle=dict(handle), again_in_seconds=self._settings.poll_seconds, note=status, acts_next=acts)
        return Failed(reason=f"the database is {status}")

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        if not result.get("started"):
            return Succeeded(note="it was not this step that started the database")
        await _order(call, "stop")
        return Succeeded(note="stopped again, as it was found")


async def _status(call: ActionCall) -> str:
    rds: Any = await call.client("rds")
    database = call.parameters["database_id"]
    if call.parameters["cluster"]:
        return str((await rds.describe_db_clusters(DBClusterIdentifier=database))["DBClusters"][0]["Status"])
    return str((await rds.describe_db_instances(DBInstanceIdentifier=database))["DBInstances"][0]["DBInstanceStatus"])


async def _order(call: ActionCall, verb: str) -> None:
    """Refused where the state is the wrong one by now: an order that was given, and whose reply was lost, looks like that."""
    try:
        await _ordered(call, verb)
    except NotPermitted:
        raise
    except GiveUp:
        if await _status(call) not in _DONE[verb]:
            raise


async def _ordered(call: ActionCall, verb: str) -> None:
    rds: Any = await call.client("rds")
    database = call.parameters["database_id"]
    match verb, bool(call.parameters["cluster"]):
        case "start", True:
            await rds.start_db_cluster(DBClusterIdentifier=database)
        case "start", False:
            await rds.start_db_instance(DBInstanceIdentifier=database)
        case _, True:
            await rds.stop_db_cluster(DBClusterIdentifier=database)
        case _:
            await rds.stop_db_instance(DBInstanceIdentifier=database)
