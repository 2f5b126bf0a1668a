"""The next larger class for a database whose logs foretell a failure: one step up a ladder that the operator wrote, after approval.

A change of class is an outage of minutes, so the rules never let it run by itself. ModifyDBInstance has no token: the class that was
found is on the record before the order (`acts_next`), and the order names an absolute class, so that a repeat is no second step.
`ApplyImmediately` would apply whatever else is pending, so a database with other pending changes is left to a person.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.evidence import DB_ID, bare_id, configured_for
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.errors import GiveUp, NotPermitted
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded
from aiops_daemon.ports import ActionCall

_BROKEN = frozenset({"failed", "storage-full", "incompatible-parameters", "incompatible-network", "inaccessible-encryption-credentials"})


class RdsScaleUp:
    """Undo orders the class that was found."""

    spec = ActionSpec(
        id="rds.scale_up",
        title="Give the database the next larger class",
        resource_types=("rds:db",),
        effect=Effect.REVERSIBLE,
        timeout_seconds=3600,
        success="the database is available with the larger class",
        undoable=True,
        permissions=("rds:DescribeDBInstances", "rds:ModifyDBInstance"),
    )

    def __init__(self, settings: ActionSettings) -> None:
        self._settings = settings

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        if reason := configured_for(event, self.spec.id):
            return reason
        database, ladder = bare_id(event, DB_ID), event.facts.get("instance classes")
        if database is None or not isinstance(ladder, list):
            return f"{event.resource.id[:80]!r} is no database identifier, or the ladder of classes is missing"
        return {"database_id": database, "ladder": ladder}

    async def start(self, call: ActionCall) -> Progress:
        """Only looks: what it found is recorded, and the order follows from the record."""
        database = await _describe(call)
        found, ladder = str(database["DBInstanceClass"]), call.parameters["ladder"]
        if database["DBInstanceStatus"] != "available":
            return Failed(reason=f"the database is {database['DBInstanceStatus']}: its class is changed only while it is available")
        if pending := sorted(_pending(database)):
            return Failed(reason=f"other changes are pending ({', '.join(pending)}) and would be applied with it: a person decides")
        if not isinstance(ladder, list) or found not in ladder[:-1]:
            return Failed(reason=f"{found} has no step above it in the configured ladder")
        larger = ladder[ladder.index(found) + 1]
        return Running(
            handle={"class_before": found, "class": larger}, again_in_seconds=0.01, note=f"{found} found, {larger} next", acts_next=True
        )

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        database = await _describe(call)
        found, status = database["DBInstanceClass"], str(database["DBInstanceStatus"])
        wanted = handle["class"]
        if not handle.get("ordered"):
            pending = _pending(database)
            if found == handle["class_before"] and not pending:
                await _order(call, str(wanted))
            elif found != wanted and pending.get("DBInstanceClass") != wanted:
                return Failed(reason=f"somebody else changes the database ({found}, {status}): a person decides")
            return self._running({**handle, "ordered": True}, f"{wanted} ordered")
        if status in _BROKEN:
            return Failed(reason=f"the database is {status}", result=dict(handle))
        if found == wanted and status == "available":
            return Succeeded(result=dict(handle), note=f"available as {wanted}, {handle['class_before']} before")
        return self._running(handle, f"{found}, {status}")

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        database = await _describe(call)
        pending, before = _pending(database), str(result["class_before"])
        if database["DBInstanceClass"] != result["class"]:
            return Succeeded(note="somebody has changed the class since: left as it is")
        if pending.get("DBInstanceClass") == before:
            return Succeeded(note=f"{before} is ordered already")
        if pending:
            return Failed(reason=f"other changes are pending ({', '.join(sorted(pending))}) and would be applied with it")
        await _order(call, before)
        return Succeeded(note=f"{result['class_before']} ordered, as it was found")

    def _running(self, handle: Mapping[str, JsonValue], note: str) -> Running:
        return Running(handle=dict(handle), again_in_seconds=self._settings.poll_seconds, note=note)


async def _describe(call: ActionCall) -> Mapping[str, Any]:
    rds = await call.client("rds")
    found: Mapping[str, Any] = (await rds.describe_db_instances(DBInstanceIdentifier=call.parameters["database_id"]))["DBInstances"][0]
    return found


async def _order(call: ActionCall, wanted: str) -> None:
    """Refused where the database is being changed: an order that was given, and whose reply was lost, looks like that."""
    rds = await call.client("rds")
    name = call.parameters["database_id"]
    try:
        await rds.modify_db_instance(DBInstanceIdentifier=name, DBInstanceClass=wanted, ApplyImmediately=True)
    except NotPermitted:
        raise
    except GiveUp:
        if _pending(await _describe(call)).get("DBInstanceClass") != wanted:
            raise


def _pending(database: Mapping[str, Any]) -> Mapping[str, Any]:
    pending: Mapping[str, Any] = database.get("PendingModifiedValues") or {}
    return pending
