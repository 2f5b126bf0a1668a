"""ports.Table in memory: atomic, and it reads the DynamoDB expressions that the package writes. Held against moto in tests/aws."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from aiops_daemon.incidents.record import INDEXES
from aiops_daemon.model.errors import ConditionFailed

_TOKEN = re.compile(r"\s*(?:(<>|<=|>=|[=<>(),+])|([#:]?[A-Za-z_][\w.#]*))")
MISSING = object()
RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())


@lru_cache(500)
def _tokens(text: str) -> tuple[str, ...]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match, f"cannot read {text[at:]!r}"
        found.append(match[1] or match[2])
        at = match.end()
    return tuple(found)


class _Reader:
    """A recursive-descent reader of one expression over one item."""

    def __init__(self, text: str, item: dict[str, Any], values: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self.tokens = list(_tokens(text))
        self.item, self.values, self.names = item, values, names

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self, expected: str | None = None) -> str:
        token = self.tokens.pop(0)
        assert expected is None or token.upper() == expected, f"{expected} expected, {token} found"
        return token

    def condition(self) -> bool:
        good = self._all()
        while self.peek().upper() == "OR":
            self.take()
            good = self._all() or good
        return good

    def _all(self) -> bool:
        good = self._one()
        while self.peek().upper() == "AND":
            self.take()
            good = self._one() and good
        return good

    def _one(self) -> bool:
        token = self.peek()
        if token == "(":
            self.take("(")
            good = self.condition()
            self.take(")")
            return good
        if token in {"attribute_exists", "attribute_not_exists", "contains", "begins_with"}:
            return self._test(self.take())
        left = self.operand()
        compare = self.take()
        right = self.operand()
        return left is not MISSING and right is not MISSING and type(left) is type(right) and _COMPARE[compare](left, right)

    def _test(self, name: str) -> bool:
        arguments = self._arguments()
        if name == "attribute_exists":
            return arguments[0] is not MISSING
        if name == "attribute_not_exists":
            return arguments[0] is MISSING
        holder, wanted = arguments
        if holder is MISSING:
            return False
        return str(holder).startswith(wanted) if name == "begins_with" else wanted in holder

    def operand(self) -> Any:
        token = self.take()
        if token == "size":
            (value,) = self._arguments()
            return MISSING if value is MISSING else len(value)
        if token == "if_not_exists":
            first, second = self._arguments()
            return second if first is MISSING else first
        if token == "list_append":
            first, second = self._arguments()
            return [*first, *second]
        if token.startswith(":"):
            return self.values[token[1:]]
        return self.look(self.path(token))

    def value(self) -> Any:
        left = self.operand()
        if self.peek() == "+":
            self.take()
            return left + self.operand()
        return left

    def path(self, token: str) -> list[str]:
        assert token.upper() not in RESERVED, f"DynamoDB reserves {token}: give it an alias"
        return [self.names[part[1:]] if part.startswith("#") else part for part in token.split(".")]

    def look(self, path: list[str]) -> Any:
        value: Any = self.item
        for part in path:
            if not isinstance(value, dict) or part not in value:
                return MISSING
            value = value[part]
        return value

    def _arguments(self) -> list[Any]:
        self.take("(")
        found = [self.value()]
        while self.peek() == ",":
            self.take()
            found.append(self.value())
        self.take(")")
        return found


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def projected(item: Mapping[str, Any], only: str | None, names: Mapping[str, str]) -> Mapping[str, Any]:
    """The attributes that a projection expression names, of which an item may lack some."""
    if only is None:
        return item
    reader, kept = _Reader(only, dict(item), {}, names), dict[str, Any]()
    for token in only.split(", "):
        path = reader.path(token)
        value = reader.look(path)
        if value is not MISSING:
            target = kept
            for part in path[:-1]:
                target = target.setdefault(part, {})
            target[path[-1]] = value
    return kept


class MemoryTable:
    """`items` is the table; `writes` is every accepted write, for invariants over time."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.writes: list[dict[str, Any]] = []

    async def get(self, key: str) -> dict[str, Any] | None:
        return deepcopy(self.items.get(key))

    async def put(self, item: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        key = item["incident_id"]
        self._require(key, condition, values or {}, {})
        self.items[key] = {name: deepcopy(value) for name, value in item.items() if value is not None}
        self.writes.append(deepcopy(self.items[key]))

    async def update(
        self, key: str, expression: str, condition: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        names = names or {}
        for alias in names:
            assert f"#{alias}" in expression + condition, f"DynamoDB refuses the unused name #{alias}"
        for alias in values:
            assert re.search(rf":{alias}\b", expression + " " + condition), f"DynamoDB refuses the unused value :{alias}"
        self._require(key, condition, values, names)
        before = self.items.get(key, {"incident_id": key})
        after = deepcopy(before)
        reader = _Reader(expression, before, values, names)
        while reader.tokens:
            self._clause(reader, reader.take().upper(), after)
        self.items[key] = after
        self.writes.append(deepcopy(after))
        return deepcopy(after)

    def _clause(self, reader: _Reader, verb: str, after: dict[str, Any]) -> None:
        while True:
            path = reader.path(reader.take())
            target = after
            for part in path[:-1]:
                target = target[part]
            if verb == "SET":
                reader.take("=")
                target[path[-1]] = deepcopy(reader.value())
            elif verb == "REMOVE":
                target.pop(path[-1], None)
            else:
                added = reader.value()
                had = target.get(path[-1], frozenset() if isinstance(added, frozenset) else 0)
                target[path[-1]] = had | added if isinstance(added, frozenset) else had + added
            if reader.peek() != ",":
                return
            reader.take()

    async def query(
        self,
        index: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        filter_by: str | None = None,
        names: Mapping[str, str] | None = None,
        newest_first: bool = True,
        limit: int | None = None,
        reads: int | None = None,
        only: str | None = None,
    ) -> list[Mapping[str, Any]]:
        hashed, ranged = INDEXES[index]
        rows = [item for item in self.items.values() if hashed in item and ranged in item]
        found: list[Mapping[str, Any]] = [item for item in rows if _Reader(condition, item, values, names or {}).condition()]
        found.sort(key=lambda item: item[ranged], reverse=newest_first)
        if filter_by is not None:
            found = [item for item in found[:reads] if _Reader(filter_by, dict(item), values, names or {}).condition()]
        return deepcopy([projected(item, only, names or {}) for item in found[:limit]])

    def _require(self, key: str, condition: str | None, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
        if condition is None:
            return
        item = self.items.get(key)
        if not _Reader(condition, item or {}, values, names).condition():
            raise ConditionFailed(f"{key}: {condition}", deepcopy(item or {}))
