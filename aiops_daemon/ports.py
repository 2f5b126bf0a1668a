"""The seams: what the core needs from the world. Each has a real implementation, wired in assembly.py and a fake in tests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from pydantic import JsonValue

from aiops_daemon.model.event import Event, Resource
from aiops_daemon.model.notice import Notice
from aiops_daemon.model.plan import ActionSpec, Health, Progress
from aiops_daemon.model.verdict import Evidence, Verdict


class Clock(Protocol):
    """Time comes in as an argument; tests advance it."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class AwsClients(Protocol):
    """One client per service, account and region for the whole process."""

    async def client(self, service: str, *, region: str | None = None, account: str | None = None, once: bool = False) -> Any:
        """An aiobotocore client whose calls raise the errors of model.errors (see aws/).

        `once`: the SDK sends each call once, also where it does not learn what came of it.
        """
        ...


class ActionCall(Protocol):
    """One run of one step: what an action may know."""

    @property
    def incident_id(self) -> str: ...
    @property
    def token(self) -> str:
        """Deterministic per step and attempt: hand it to APIs that take an idempotency token (64 characters, [a-z0-9-])."""
        ...

    @property
    def resource(self) -> Resource: ...
    @property
    def parameters(self) -> Mapping[str, JsonValue]: ...
    @property
    def started_at(self) -> datetime: ...
    async def client(self, service: str) -> Any:
        """The client for the resource's own account and region."""
        ...


class Action(Protocol):
    """A typed remediation: one file in actions/, one line in its registry. Methods but `parameters` may raise model.errors."""

    @property
    def spec(self) -> ActionSpec: ...

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        """The parameters for this event, or why the action does not apply to it (a sentence)."""
        ...

    async def start(self, call: ActionCall) -> Progress:
        """Begin; must be safe to call again with the same token (a crash may lie between the call and its record)."""
        ...

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        """Look at what `start` began (only called after Running)."""
        ...

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        """Take back a finished step; Failed freezes the resource and pages a human."""
        ...


class Probe(Protocol):
    """Looks at a resource independently of any action. One file in probes/, one line in its registry."""

    @property
    def resource_types(self) -> tuple[str, ...]:
        """The types that it can look at."""
        ...

    async def look(self, clients: AwsClients, event: Event, results: Mapping[str, JsonValue]) -> Health:
        """Health now. `results` maps step id -> that step's result, {} before anything ran: a replacement is found there."""
        ...


class Analyst(Protocol):
    """Evidence -> verdict. Rules always answer; a model may raise RetryLater or GiveUp."""

    @property
    def name(self) -> str: ...

    async def judge(self, evidence: Evidence) -> Verdict:
        """The typed answer; must not have side effects."""
        ...


class Purse(Protocol):
    """Money that the whole fleet shares."""

    async def reserve(self, dollars: float) -> str | None:
        """A receipt for the most that something can cost; None: that much is not left."""
        ...

    async def settle(self, receipt: str, dollars: float) -> None:
        """What it did cost. Where nobody says, the reservation stands."""
        ...


class Notifier(Protocol):
    """One channel. Delivery is at least once: `notice.notice_id` lets a channel deduplicate."""

    @property
    def name(self) -> str: ...

    async def deliver(self, notice: Notice) -> None:
        """Raise RetryLater or GiveUp when it did not get through."""
        ...


class Table(Protocol):
    """The few DynamoDB operations that the record needs, on plain dicts."""

    async def get(self, key: str) -> Mapping[str, Any] | None:
        """Strongly consistent read of the item whose incident_id is `key`."""
        ...

    async def put(self, item: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Raise ConditionFailed with the item found."""
        ...

    async def update(
        self,
        key: str,
        expression: str,
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """The item as it is after the write; raise ConditionFailed with the item found."""
        ...

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
        """At most `limit` items that match (eventually consistent), among the first `reads` of the index where that is given.

        `only` are the attributes that are wanted, as a projection expression.
        """
        ...
