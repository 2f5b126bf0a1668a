"""An event of CloudWatch Logs as one line for the analysis."""

import pytest

from aiops_daemon.logwatch.lines import event_line


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ("", "INFO")),
        ("2026-01-05T00:00:00Z ERROR boom\njava.lang.X: y\n\tat a.B(C.java:1)", ("boom", "ERROR")),
        ('{"level": "warn", "message": "disk is nearly full"}', ("disk is nearly full", "WARN")),
    ],
)
def test_one_event_is_one_record(message: str, expected: tuple[str, str]) -> None:
    line = event_line(7, message)
    assert (line.message, line.level) == expected
    assert (line.at_ms, line.raw) == (7, message)
