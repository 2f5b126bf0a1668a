"""Events and verdicts to decide about."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.model.event import Event, EventKind, Resource
from aiops_daemon.model.verdict import Classification, Verdict

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def make_event() -> Callable[..., Event]:
    def build(**more: Any) -> Event:
        fields: dict[str, Any] = {
            "event_id": "e-1",
            "source": "aws.ec2",
            "detail_type": "AWS API Call via CloudTrail",
            "kind": EventKind.API_CALL,
            "name": "StopInstances",
            "resource": Resource(type="ec2:instance", id="i-0aa"),
            "account": "111122223333",
            "region": "eu-central-1",
            "occurred_at": NOON,
            "received_at": NOON,
            "event_source": "ec2.amazonaws.com",
        }
        return Event(**(fields | more))

    return build


@pytest.fixture
def make_verdict() -> Callable[..., Verdict]:
    def build(**more: Any) -> Verdict:
        fields: dict[str, Any] = {
            "classification": Classification.FAILURE,
            "confidence": 0.9,
            "severity": 7,
            "reasoning": "it is stopped",
            "action_id": "ec2.start",
        }
        return Verdict(**(fields | more))

    return build
