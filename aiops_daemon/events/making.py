"""From a reader's findings to Events: one per resource, with everything that the envelope knows."""

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from aiops_daemon.events.arn import MAX_ID
from aiops_daemon.events.tree import pruned, shown
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import UNKNOWN, Actor, Event, EventKind, Parked, Recognized, Resource

_MAX_RESOURCES = 1000
_HIDDEN = frozenset({"...", "REDACTED", "HIDDEN_DUE_TO_SECURITY_REASONS", "***"})  # placeholders for an id
_TYPE = re.compile(r"[a-z0-9][a-z0-9._-]*(?::[a-z0-9][a-z0-9._-]*)?")  # it becomes a key, a label and a file name


def usable(identifier: str) -> bool:
    """An id may not be a placeholder, nor carry what no AWS id carries."""
    text = identifier.strip()
    return bool(text) and len(text) <= MAX_ID and text.isprintable() and text not in _HIDDEN


def _typed(resource: Resource) -> Resource:
    """Parts of a type may come from the message: one that does not look like a type is none."""
    good = len(resource.type) <= 100 and _TYPE.fullmatch(resource.type)
    return resource if good else Resource(type=UNKNOWN, id=resource.id)


def made(
    envelope: Envelope,
    kind: EventKind,
    name: str,
    resources: Iterable[Resource],
    *,
    fallback: str = UNKNOWN,
    facts: Mapping[str, JsonValue] | None = None,
    actor: Actor | None = None,
    severity: float | None = None,
    **more: str | bool | None,
) -> Recognized | Parked:
    """One event per distinct resource; one on an unknown resource of type `fallback` where none is named."""
    distinct = {one.key: one for resource in resources if usable(resource.id) for one in [_typed(resource)]}
    if len(distinct) > _MAX_RESOURCES:
        return Parked(reason=f"too many resources: one message names {len(distinct)}, {_MAX_RESOURCES} is the most that is read")
    found = list(distinct.values()) or [_typed(Resource(type=fallback, id=UNKNOWN))]
    base = Event(
        event_id=envelope.id,
        source=envelope.source,
        detail_type=envelope.detail_type,
        kind=kind,
        name=shown(name[:200]) or envelope.detail_type[:200],
        resource=found[0],
        account=envelope.account,
        region=envelope.region,
        actor=actor or Actor(),
        occurred_at=envelope.time,
        received_at=envelope.received_at,
        severity=severity,
        facts=pruned(envelope.detail if facts is None else facts),
        assumed=envelope.assumed,
        siblings=len(found),
        **more,
    )
    return Recognized(events=(base, *(base.model_copy(update={"resource": resource}) for resource in found[1:])))
