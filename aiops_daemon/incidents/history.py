"""What happened before: similar finished incidents, and the lists that people ask for. Always an index, never a scan."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from aiops_daemon.incidents.record import from_item
from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.incidents.texts import Results
from aiops_daemon.model.event import Event
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.model.verdict import History, PastIncident
from aiops_daemon.ports import Clock, Table

_SIMILAR, _HORIZON = 10, timedelta(days=90)
SIMILAR_READS = 200  # one page: in a storm thousands of open incidents of the same type lie before the first that ended
_LESSON = "incident_id, incident_timestamp, resource_id, outcome, recovery_duration_seconds, results.#plan, results.#rules"
_TAUGHT = frozenset({Outcome.VERIFIED, Outcome.PARTIAL, Outcome.FAILED, Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED, Outcome.SELF_HEALED})


class IncidentHistory:
    """Reads of the incident table's indexes."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def similar(self, event: Event) -> History:
        """Finished incidents of the same resource type and kind of event, newest first, with what they teach."""
        items = await self._table.query(
            "resource-type-index",
            "resource_type = :type AND incident_timestamp >= :since",
            {"type": event.resource.type, "since": stamp(self._clock.now() - _HORIZON), "name": event.name},
            filter_by="event_name = :name AND attribute_exists(ended_at) AND attribute_exists(success)",
            limit=_SIMILAR,
            reads=SIMILAR_READS,
            only=_LESSON,
            names={"plan": "plan", "rules": "rules"},
        )
        return summarise(items)

    async def listed(
        self, *, state: State | None = None, resource_type: str | None = None, since: timedelta, limit: int = 100
    ) -> list[Incident]:
        """Incidents of one state, or of one resource type, or all, newest first."""
        after = stamp(self._clock.now() - since)
        if state is not None:
            return await self._by_state(state, after, resource_type, limit)
        if resource_type is not None and ":" in resource_type:
            items = await self._table.query(
                "resource-type-index",
                "resource_type = :type AND incident_timestamp >= :since",
                {"type": resource_type, "since": after},
                limit=limit,
            )
            return [from_item(item) for item in items]
        found = [incident for each in State for incident in await self._by_state(each, after, resource_type, limit)]
        newest = {incident.incident_id: incident for incident in sorted(found, key=lambda incident: incident.seq)}  # moved while we read
        return sorted(newest.values(), key=lambda incident: incident.incident_timestamp, reverse=True)[:limit]

    async def count(self, state: State, most: int) -> int:
        """How many incidents are in this state, up to `most`."""
        of = {"state": state.value}
        return len(await self._table.query("workflow-state-index", "workflow_state = :state", of, limit=most, only="incident_id"))

    async def _by_state(self, state: State, after: str, resource_type: str | None, limit: int) -> list[Incident]:
        values: dict[str, Any] = {"state": state.value, "since": after}
        extra: dict[str, Any] = {}
        if resource_type is not None:  # `ec2` means every ec2:...
            values["type"] = resource_type
            extra["filter_by"] = "begins_with(resource_type, :type)"
        items: list[Mapping[str, Any]] = await self._table.query(
            "workflow-state-index", "workflow_state = :state AND incident_timestamp >= :since", values, limit=limit, **extra
        )
        return [from_item(item) for item in items]


def summarise(items: Iterable[Mapping[str, Any]]) -> History:
    """Count, success rate, average duration and the commonest root cause of finished incidents."""
    past = tuple(_past(item) for item in items if item.get("outcome") in _TAUGHT)
    if not past:
        return History()
    durations = [one.duration_seconds for one in past if one.duration_seconds is not None]
    causes = Counter(one.root_cause for one in past if one.root_cause)
    good = sum(one.outcome in {Outcome.VERIFIED, Outcome.SELF_HEALED} for one in past)
    return History(
        incidents=past,
        count=len(past),
        success_rate=round(good / len(past), 3),
        average_duration_seconds=round(sum(durations) / len(durations), 3) if durations else None,
        common_root_cause=causes.most_common(1)[0][0] if causes else "",
    )


def _past(item: Mapping[str, Any]) -> PastIncident:
    results = Results(item.get("results", {}))
    plan, rules = results.get("plan"), results.get("rules")
    steps = plan.get("steps", []) if isinstance(plan, dict) else []
    return PastIncident(
        incident_id=item["incident_id"],
        at=item["incident_timestamp"],
        resource_id=item["resource_id"],
        outcome=item["outcome"],
        actions=tuple(str(step["action_id"]) for step in steps if isinstance(step, dict)) if isinstance(steps, list) else (),
        duration_seconds=item.get("recovery_duration_seconds"),
        root_cause=str(rules.get("root_cause", "")) if isinstance(rules, dict) else "",  # the rules' words: model text never comes back
    )
