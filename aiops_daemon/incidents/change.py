"""What one transition changes, and how it (or several at once) is put into an update expression."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.model.incident import TERMINAL, OutboxEntry, Outcome, State


@dataclass(frozen=True, slots=True)
class Change:
    """One transition: the new state, why, and what it records."""

    to: State
    note: str
    results: Mapping[str, JsonValue] = field(default_factory=dict)
    outbox: Iterable[OutboxEntry] = ()
    classification: str | None = None
    outcome: Outcome | None = None
    success: bool | None = None
    duration_seconds: float | None = None


def outbox_key(entry: OutboxEntry) -> str:
    """One entry per notice and channel."""
    return f"{entry.notice_id}/{entry.channel}"


def outbox_writes(entries: Iterable[OutboxEntry]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for entry in entries:
        alias = f"n{len(names)}"
        names[alias] = outbox_key(entry)
        values[alias] = entry.model_dump_json()
    return values, names, [f"outbox.#{alias} = :{alias}" for alias in names]


def nested(changes: Iterable[Change]) -> dict[tuple[str, str], str]:
    """(attribute, key) -> JSON text; one write may not name a path twice, so the later change wins."""
    written: dict[tuple[str, str], str] = {}
    for change in changes:
        written |= {("results", key): json.dumps(value) for key, value in change.results.items()}
        written |= {("outbox", outbox_key(entry)): entry.model_dump_json() for entry in change.outbox}
    return written


def columns(changes: Iterable[Change], now: datetime) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for change in changes:
        found = {
            "event_classification": change.classification,
            "outcome": change.outcome.value if change.outcome else None,
            "success": change.success,
            "recovery_duration_seconds": change.duration_seconds,
            "ended_at": stamp(now) if change.to in TERMINAL else None,
        }
        written |= {name: value for name, value in found.items() if value is not None}
    return written
