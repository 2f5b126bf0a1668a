import io
from collections.abc import Iterator

import pytest
import structlog

from aiops_daemon.telemetry.logging import configure
from aiops_daemon.telemetry.settings import TelemetrySettings
from tests.doubles.intake_world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Logs as in production; unconfigured, structlog would draw every traceback with its locals."""
    monkeypatch.setattr("logging.root.handlers", [])
    monkeypatch.setattr("logging.root.level", 30)
    stream = io.StringIO()
    configure(TelemetrySettings(), World().clock, stream)
    yield stream
    structlog.reset_defaults()
