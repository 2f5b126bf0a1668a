"""Envelopes for the readers, without the intake before them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.events import recognize
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import Event, Recognized

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
Reader = Callable[..., tuple[Event, ...]]


@pytest.fixture
def read() -> Reader:
    """read(source, title, detail, *arns) -> the events."""

    def reader(source: str, title: str, detail: dict[str, Any], *arns: str) -> tuple[Event, ...]:
        found = recognize(
            Envelope("e-1", source, title, "111122223333", "eu-west-1", NOW, NOW, resources=arns, detail=detail),
        )
        assert isinstance(found, Recognized), found
        return found.events

    return reader


@pytest.fixture
def call(read: Reader) -> Reader:
    """call(service, name, request, answer, **more fields of the record) -> the events."""

    def caller(service: str, name: str, request: Any = None, answer: Any = None, **more: Any) -> tuple[Event, ...]:
        record = {"eventSource": f"{service}.amazonaws.com", "eventName": name, "requestParameters": request, "responseElements": answer}
        return read(f"aws.{service}", "AWS API Call via CloudTrail", record | more)

    return caller
