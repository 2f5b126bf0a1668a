"""A log event as the analysis takes it, from CloudWatch Logs and from files alike."""

from dataclasses import dataclass

from aiops_daemon.logwatch.records import LogRecord, parse_records

_LEVELS = {"critical": "ERROR", "error": "ERROR", "warning": "WARN"}  # three are enough for counting; the others are INFO


@dataclass(frozen=True)
class Line:
    """A log record with its header cut."""

    at_ms: int
    message: str
    level: str  # ERROR (and above), WARN or INFO
    raw: str


def line_of(at_ms: int, record: LogRecord, raw: str | None = None) -> Line:
    """`raw`: the text where there is more of it than the record kept."""
    return Line(at_ms, record.message, _LEVELS.get(record.level, "INFO"), record.text if raw is None else raw)


def event_line(at_ms: int, message: str) -> Line:
    """One event of CloudWatch Logs is one record, however many lines it has."""
    return line_of(at_ms, parse_records(message.split("\n"))[0], message) if message else Line(at_ms, "", "INFO", "")
