"""Walking hostile JSON: bounded in depth and number of nodes, and never raising on a strange shape."""

import math
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

_MAX_DEPTH = 10
_MAX_NODES = 600
MAX_TEXT = 2048
MAX_DOCUMENT = 8192  # JSON in a string: half a policy cannot be judged
MAX_TOTAL = 48_000  # characters of one event's facts: a record has 400 KB for everything
_MAX_ITEMS = 60


def at(tree: JsonValue | Mapping[str, JsonValue], path: str) -> list[JsonValue]:
    """The values at a dotted path; lists on the way are entered. `a.b` on {"a": [{"b": 1}, {"b": 2}]} gives [1, 2]."""
    here: list[JsonValue] = [dict(tree) if isinstance(tree, Mapping) else tree]
    for key in path.split("."):
        following: list[JsonValue] = []
        for node in here:
            items = node if isinstance(node, list) else [node]
            following += [item[key] for item in items if isinstance(item, dict) and key in item]
        here = following
    flat: list[JsonValue] = []
    for node in here:
        flat += node if isinstance(node, list) else [node]
    return flat


def texts(tree: JsonValue | Mapping[str, JsonValue], path: str) -> list[str]:
    """The non-empty strings (and numbers, as text) at a path."""
    found = [str(value) if isinstance(value, int) and not isinstance(value, bool) else value for value in at(tree, path)]
    return [value.strip() for value in found if isinstance(value, str) and value.strip()]


def first_text(tree: JsonValue | Mapping[str, JsonValue], *paths: str) -> str:
    """The first string at any of the paths, '' where there is none."""
    return next((text for path in paths for text in texts(tree, path)), "")


def named(tree: JsonValue, depth: int = _MAX_DEPTH) -> Iterator[tuple[int, str, JsonValue]]:
    """Every level, key and value, outer ones first."""
    level: list[JsonValue] = [tree]
    for floor in range(depth):
        following: list[JsonValue] = []
        for node in level:
            if isinstance(node, dict):
                yield from ((floor, key, value) for key, value in node.items())
                following += node.values()
            elif isinstance(node, list):
                following += node
        level = following
        if not level:
            return


def pruned(tree: JsonValue | Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """A copy for Event.facts: bounded in depth, nodes and text length, without control characters."""
    budget = [_MAX_NODES, MAX_TOTAL]
    copy = _copy(dict(tree) if isinstance(tree, Mapping) else tree, _MAX_DEPTH, budget)
    return copy if isinstance(copy, dict) else {}


def shown(text: str) -> str:
    """Without what hides or reorders text, or breaks an encoder: controls, bidi and zero-width marks, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else " " for char in text)


def _copy(node: JsonValue, depth: int, budget: list[int]) -> JsonValue:
    budget[0] -= 1
    if min(budget) < 0 or depth == 0:
        return None
    if isinstance(node, str):
        text = shown(node[: MAX_DOCUMENT if node[:1] == "{" else MAX_TEXT])
        budget[1] -= len(text)
        return text
    if isinstance(node, dict):
        return {shown(key[:128]): _copy(value, depth - 1, budget) for key, value in list(node.items())[:_MAX_ITEMS]}
    if isinstance(node, list):
        return [_copy(value, depth - 1, budget) for value in node[:_MAX_ITEMS]]
    if isinstance(node, float) and not math.isfinite(node):  # 1e999 is JSON, and DynamoDB refuses it
        return None
    return None if isinstance(node, int) and node.bit_length() > 120 else node
