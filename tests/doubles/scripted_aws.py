"""AWS clients that answer from a script and remember what they were asked; and the call and event that actions get."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from aiops_daemon.model.event import Event, EventKind, Resource

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class ScriptedAws:
    """Implements ports.AwsClients. `answers` maps an operation to its answers, the last of which is given again; an exception is raised."""

    def __init__(self, **answers: list[Any]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.places: list[tuple[str, str | None, str | None]] = []

    async def client(self, service: str, *, region: str | None = None, account: str | None = None, once: bool = False) -> Any:
        self.places.append((service, region, account))
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        async def call(**parameters: Any) -> Any:
            self.asked.append((operation, parameters))
            script = self._answers[operation]
            answer = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]


@dataclass
class ScriptedCall:
    """Implements ports.ActionCall."""

    aws: ScriptedAws
    resource: Resource
    parameters: Mapping[str, JsonValue]
    incident_id: str = "inc-1"
    token: str = "inc-1-restore"
    started_at: datetime = NOW

    async def client(self, service: str) -> Any:
        return self.aws


@dataclass
class StoppedClock:
    """Implements ports.Clock; stands still until it is moved."""

    at: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


def event_on(kind: str, identifier: str, name: str, /, **more: Any) -> Event:
    """An event on one resource, with whatever else it takes."""
    values: dict[str, Any] = {
        "event_id": "e-1",
        "source": "aws." + kind.partition(":")[0],
        "detail_type": "AWS API Call via CloudTrail",
        "kind": EventKind.API_CALL,
        "name": name,
        "resource": Resource(type=kind, id=identifier),
        "account": "123456789012",
        "region": "eu-west-1",
        "occurred_at": NOW,
        "received_at": NOW,
    }
    return Event(**(values | more))
