"""The n-th call to the outside fails: before it, after it was applied (its reply is lost), or the process dies on either side of it."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any

from aiops_daemon.model.errors import RetryLater
from tests.doubles.world import Fleet


class Fault(StrEnum):
    BEFORE = "fails before it"
    AFTER = "fails after it was applied"
    RETRIED = "reply lost, the SDK sends it again"
    KILL_BEFORE = "killed before it"
    KILL_AFTER = "killed after it was applied"


class Killed(BaseException):
    """The process is gone: no handler of ours may see this."""


class Faults:
    """Counts the calls of one process; `at` is the one to hit (1-based), None: none."""

    def __init__(self, at: int | None = None, fault: Fault = Fault.BEFORE) -> None:
        self.at, self.fault = at, fault
        self.calls: list[str] = []
        self.dead = False

    async def call(self, name: str, effect: Callable[[], Awaitable[Any]]) -> Any:
        if self.dead:
            raise Killed(name)  # a dead process makes no further call, whatever its finally blocks try
        self.calls.append(name)
        if len(self.calls) != self.at:
            return await effect()
        match self.fault:
            case Fault.BEFORE:
                raise RetryLater(f"{name}: connection refused")
            case Fault.AFTER:
                await effect()
                raise RetryLater(f"{name}: no reply")
            case Fault.RETRIED:
                await effect()
                return await effect()
            case Fault.KILL_BEFORE:
                self.dead = True
                raise Killed(name)
            case Fault.KILL_AFTER:
                await effect()
                self.dead = True
                raise Killed(name)


class FaultyTable:
    """ports.Table through Faults."""

    def __init__(self, fleet: Fleet, faults: Faults) -> None:
        self._table = fleet.memory
        self._faults = faults

    async def get(self, key: str) -> Any:
        return await self._faults.call(f"get {key.partition('#')[0][:4]}", lambda: self._table.get(key))

    async def put(self, item: Mapping[str, Any], *rest: Any) -> None:
        await self._faults.call(f"put {str(item['incident_id']).partition('#')[0][:4]}", lambda: self._table.put(item, *rest))

    async def update(self, key: str, *rest: Any) -> Any:
        return await self._faults.call(f"update {key.partition('#')[0][:4]}", lambda: self._table.update(key, *rest))

    async def query(self, index: str, *rest: Any, **more: Any) -> Any:
        return await self._faults.call(f"query {index}", lambda: self._table.query(index, *rest, **more))


class Faulty:
    """Any object whose async methods go through Faults."""

    def __init__(self, inner: Any, faults: Faults, methods: tuple[str, ...]) -> None:
        self._inner, self._faults, self._methods = inner, faults, methods

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._methods:
            return found

        async def through(*args: Any) -> Any:
            return await self._faults.call(name, lambda: found(*args))

        return through
