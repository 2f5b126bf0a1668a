"""Reading Event.facts: parameters of a call, words of a state, whatever their depth. Nothing here raises on a strange shape."""

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from aiops_daemon.model.event import Event

_API_VERSION = re.compile(r"_?20\d{2}_?\d{2}_?\d{2}(?:v\d+)?$")


def words(listed: str) -> frozenset[str]:
    """A table of names, written as prose so that it stays readable."""
    return frozenset(listed.split())


def api(event: Event) -> tuple[str, str]:
    """Service and call, without the API version that Lambda and CloudFront append: ("lambda", "AddPermission")."""
    service = (event.event_source or event.source.removeprefix("aws.")).partition(".")[0]
    return service, _API_VERSION.sub("", event.name)


def parameters(event: Event) -> dict[str, JsonValue]:
    """The request parameters of a call, or all facts where the reader kept them flat."""
    inner = event.facts.get("requestParameters")
    return inner if isinstance(inner, dict) else event.facts


def pairs(value: JsonValue, depth: int = 8) -> Iterator[tuple[str, JsonValue]]:
    """Every key with its value, at any level."""
    if depth == 0:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from pairs(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from pairs(inner, depth - 1)


def values(tree: JsonValue, *names: str) -> Iterator[JsonValue]:
    """The values of the keys with one of these names, whatever their case, at any level."""
    wanted = {name.lower() for name in names}
    return (value for key, value in pairs(tree) if key.lower() in wanted)


def flag(tree: JsonValue, *names: str) -> bool | None:
    """The first boolean under one of these names; `{"value": false}` and "false" count, None where there is none."""
    for value in values(tree, *names):
        inner = value.get("value") if isinstance(value, dict) else value
        if isinstance(inner, bool):
            return inner
        if isinstance(inner, str) and inner.lower() in {"true", "false"}:
            return inner.lower() == "true"
    return None


def is_zero(value: JsonValue) -> bool:
    """The number: False equals it."""
    return value == 0 and value is not False


def word(facts: Mapping[str, JsonValue], *names: str) -> str:
    """The first non-empty string among top-level facts of these names ('' where there is none)."""
    for name in names:
        value = facts.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def inside(facts: Mapping[str, JsonValue], *path: str) -> JsonValue:
    """What lies at a path of keys, None where it ends early."""
    here: JsonValue = dict(facts)
    for key in path:
        if not isinstance(here, dict):
            return None
        here = here.get(key)
    return here


def text(value: JsonValue) -> str:
    """A string, or ''."""
    return value if isinstance(value, str) else ""
