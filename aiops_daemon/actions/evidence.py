"""What actions read from an event: the call's parameters, the reported state, ids that are safe to hand to AWS."""

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from aiops_daemon.model.event import UNKNOWN, Event, EventKind

INSTANCE_ID = re.compile(r"i-[0-9a-fA-F]{8,17}")
DB_ID = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{0,62}(?<!-)")
_STATE_KEYS = ("state", "status", "lastStatus")


def refused(event: Event) -> str:
    """Why an event is no ground for any action: the call never took effect, or nobody knows on what."""
    if event.resource.id == UNKNOWN:
        return "the event does not say which resource it is about"
    return f"the call failed with {event.error_code}: nothing happened" if event.error_code else ""


def mapping(facts: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    """The object under `name`; facts themselves where a reader kept it flat."""
    inner = facts.get(name)
    return inner if isinstance(inner, dict) else facts


def request(event: Event) -> Mapping[str, JsonValue]:
    """The parameters of the recorded call."""
    return mapping(event.facts, "requestParameters")


def words(event: Event) -> frozenset[str]:
    """The event's name and the states in its facts, in lower case."""
    return frozenset(word.lower() for word in _words(event))


def _words(event: Event) -> Iterator[str]:
    yield event.name
    for key in _STATE_KEYS:
        value = event.facts.get(key)
        if isinstance(value, str):
            yield value


def bare_id(event: Event, pattern: re.Pattern[str]) -> str | None:
    """The resource's id without an ARN around it, None where it is not of the form that AWS gives."""
    tail = re.split(r"[:/]", event.resource.id)[-1] if event.resource.id.startswith("arn:") else event.resource.id
    return tail if pattern.fullmatch(tail) else None


def configured_for(event: Event, action_id: str) -> str:
    """Why an alert of the log watch is no ground for this action: the settings alone say which log group may set off what."""
    if reason := refused(event):
        return reason
    if event.kind is not EventKind.LOG_ANOMALY or event.facts.get("configured action") != action_id:
        return "no setting lets a log group set this off here"
    return ""
