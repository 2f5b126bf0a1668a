"""Events and verdicts to decide about."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Classification, Verdict
from tests.doubles.scripted_aws import event_on

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def make_event() -> Callable[..., Event]:
    def build(**more: Any) -> Event:
        usual: dict[str, Any] = {"account": "111122223333", "region": "eu-central-1", "occurred_at": NOON, "received_at": NOON}
        usual["event_source"] = "ec2.amazonaws.com"
        return event_on("ec2:instance", "i-0aa", "StopInstances", **(usual | more))

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
