"""The incident as a table item and back. Nested values travel as JSON text: smaller and four times cheaper than nested attributes."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiops_daemon.incidents.stamps import stamp, unstamp
from aiops_daemon.incidents.texts import Results, Trail
from aiops_daemon.model.event import Event
from aiops_daemon.model.incident import Incident, OutboxEntry, Signal

# Index -> its hash and range key; all of them carry whole items.
INDEXES = {
    "resource-timestamp-index": ("resource_key", "incident_timestamp"),
    "resource-type-index": ("resource_type", "incident_timestamp"),
    "workflow-state-index": ("workflow_state", "incident_timestamp"),
    "open-index": ("open", "due_at"),
}
OPEN = "1"  # the one partition of the sparse open-index
KEPT = timedelta(days=400)  # expires_at: tidiness only, never correctness


def to_item(incident: Incident) -> dict[str, Any]:
    """The whole record, as the journal writes it at birth."""
    return {
        "incident_id": incident.incident_id,
        "incident_timestamp": stamp(incident.incident_timestamp),
        "workflow_version": incident.workflow_version,
        "workflow_state": incident.workflow_state.value,
        "resource_type": incident.resource_type,
        "resource_id": incident.resource_id,
        "resource_key": incident.resource_key,
        "correlation_id": incident.correlation_id,
        "event_name": incident.event.name,
        "event_details": incident.event.model_dump_json(exclude_defaults=True),
        "owner": incident.owner,
        "fence": incident.fence,
        "seq": incident.seq,
        "takeovers": incident.takeovers,
        "open": None if incident.due_at is None else OPEN,
        "due_at": None if incident.due_at is None else stamp(incident.due_at),
        "results": {key: json.dumps(value) for key, value in incident.results.items()},
        "signals": {key: said.model_dump_json(exclude_defaults=True) for key, said in incident.signals.items()},
        "outbox": {key: entry.model_dump_json() for key, entry in incident.outbox.items()},
        "audit": [entry.model_dump_json() for entry in incident.audit],
        "event_classification": incident.event_classification,
        "outcome": incident.outcome,
        "success": incident.success,
        "recovery_duration_seconds": incident.recovery_duration_seconds,
        "closed_at": None if incident.closed_at is None else stamp(incident.closed_at),
        "expires_at": int((incident.incident_timestamp + KEPT).timestamp()),
    }


def from_item(item: Mapping[str, Any], event: Event | None = None) -> Incident:
    """The record of an item; attributes that newer code wrote are ignored. `event` where it was read before: it never changes."""
    return Incident(
        **{name: item[name] for name in _PLAIN if name in item},
        incident_timestamp=unstamp(item["incident_timestamp"]),
        event=event or Event.model_validate_json(item["event_details"]),
        due_at=unstamp(item["due_at"]) if item.get("due_at") else None,
        closed_at=unstamp(item["closed_at"]) if item.get("closed_at") else None,
        results=Results(item.get("results", {})),
        signals={key: Signal.model_validate_json(text) for key, text in item.get("signals", {}).items()},
        outbox={key: OutboxEntry.model_validate_json(text) for key, text in item.get("outbox", {}).items()},
        audit=Trail(item.get("audit", [])),
    )


_PLAIN = (
    "incident_id", "workflow_version", "workflow_state", "resource_type", "resource_id", "resource_key", "correlation_id", "owner",
    "fence", "seq", "takeovers", "event_classification", "outcome", "success", "recovery_duration_seconds",
)  # fmt: skip
