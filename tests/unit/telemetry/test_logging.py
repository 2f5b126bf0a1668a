import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import configure, correlation, logger
from aiops_daemon.telemetry.settings import TelemetrySettings


class NoonClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=UTC)

    def monotonic(self) -> float:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield io.StringIO()
    structlog.reset_defaults()
    root.handlers[:], root.level = before[0], before[1]


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_component_and_correlation(stream: io.StringIO) -> None:
    configure(TelemetrySettings(), NoonClock(), stream)
    log = logger("intake")
    with correlation("inc-1", resource="ec2:instance"):
        log.info(LogEvent.MESSAGE_PARKED, reason="no JSON")
    log.warning("outside")
    first, second = lines(stream)
    assert first == {
        "event": "message parked",
        "component": "intake",
        "level": "info",
        "timestamp": "2026-03-01T12:00:00.005Z",
        "correlation_id": "inc-1",
        "resource": "ec2:instance",
        "reason": "no JSON",
    }
    assert second["correlation_id"] == "daemon"


def test_a_logger_made_before_the_configuration_obeys_it(stream: io.StringIO) -> None:
    early = logger("early")
    configure(TelemetrySettings(log_level="warning"), NoonClock(), stream)
    early.info("quiet")
    early.error("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_secrets_are_taken_out_of_fields_messages_and_tracebacks(stream: io.StringIO) -> None:
    configure(TelemetrySettings(), NoonClock(), stream)
    try:
        raise ValueError("password=hunter2")
    except ValueError:
        logger("x").exception("failed with token=abcdef", details={"password": "hunter2"})
    assert "hunter2" not in stream.getvalue()
    assert "abcdef" not in stream.getvalue()
    assert "ValueError: password=[redacted]" in str(lines(stream)[0]["exception"])


def test_libraries_end_in_the_same_place(stream: io.StringIO) -> None:
    configure(TelemetrySettings(), NoonClock(), stream)
    with correlation("inc-2"):
        logging.getLogger("some.library").warning("retrying %s", "token=abcdef", extra={"attempt": 2})
    logging.getLogger("botocore.endpoint").info("chatter")
    (line,) = lines(stream)
    assert line["event"] == "retrying token=[redacted]"
    assert (line["logger"], line["correlation_id"], line["attempt"], line["level"]) == ("some.library", "inc-2", 2, "warning")


def test_configuring_again_replaces_the_first(stream: io.StringIO) -> None:
    configure(TelemetrySettings(), NoonClock(), stream)
    again = io.StringIO()
    configure(TelemetrySettings(log_format="console"), NoonClock(), again)
    logging.getLogger("some.library").warning("once")
    logger("x").warning("twice")
    assert stream.getvalue() == ""
    assert "once" in again.getvalue()
    assert "twice" in again.getvalue()
    with pytest.raises(json.JSONDecodeError):
        lines(again)


def test_a_hostile_value_stays_one_line(stream: io.StringIO) -> None:
    configure(TelemetrySettings(), NoonClock(), stream)
    logger("x").info("event", text='a\n{"event":"forged"}\u202e', thing=object())
    assert len(lines(stream)) == 1
    assert "\u202e" not in stream.getvalue()
