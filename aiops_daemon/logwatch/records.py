"""Lines of text -> events: header cut, JSON lines read, stack traces joined, severity found.

    records = parse_records(lines)               # one LogRecord per event, in order
    sum(r.lines for r in records) == len(lines)  # every line belongs to exactly one event

A line goes on with the event before it when it is a stack frame, or indented, bracketed or an exception's name under a line
with a timestamp. `message` is always one line: what a template is made of; `text` is everything, cut at MAX_TEXT.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from aiops_daemon.logwatch.headers import Header, cut_header

MAX_TEXT: Final = 16_384  # characters of one event that are kept as its sample
LEVELS: Final = ("debug", "info", "warning", "error", "critical")

_LEVEL_OF: Final = {
    **dict.fromkeys(("trace", "debug", "verbose", "v", "d", "t", "10", "20"), "debug"),
    **dict.fromkeys(("info", "information", "informational", "notice", "i", "30", "default", "log", "success"), "info"),
    **dict.fromkeys(("warn", "warning", "w", "40"), "warning"),
    **dict.fromkeys(("err", "error", "severe", "failure", "e", "50"), "error"),
    **dict.fromkeys(("crit", "critical", "fatal", "alert", "emerg", "emergency", "panic", "f", "60"), "critical"),
}
_CRITICAL: Final = re.compile(
    r"out of memory|OutOfMemory|OOM ?Killed|oom-kill|segfault|segmentation fault|core dumped|\bpanic\b|\bfatal\b|\bcritical\b",
    re.IGNORECASE,
)
_ERROR: Final = re.compile(
    r"(?<!\bno )(?<!\b0 )\berrors?\b(?! ?[:=] ?0\b)|\w(?:Error|Exception)\b|\bexception\b|\btraceback\b|\bfail(?:ed|ure|s)?\b"
    r"|\brefused\b|\btimed? ?out\b|\bdenied\b|\bunreachable\b|\bcorrupt\w*|\bcan(?:no|')t\b|\bunable to\b|\babort\w*"
    r"|\bthrottl\w+|\bexceeded\b|HTTP/\d(?:\.\d)?\" (?:status: )?5\d\d\b",
    re.IGNORECASE,
)
_WARNING: Final = re.compile(r"\bwarn(?:ing)?\b|\bdeprecated\b|\bretry(?:ing)?\b|\bslow\b", re.IGNORECASE)
_FRAME: Final = re.compile(
    r"\s+at\s+\S|\s+\.\.\. \d+ (?:more|common frames)|\s*(?:Caused by|Suppressed): |\s+File \"[^\"]*\", line \d+"
    r"|Traceback \(most recent call last\)|During handling of the above exception|The above exception was the direct cause"
    r"|goroutine \d+ \["
)
_INDENTED: Final = re.compile(r"\s+\S|[)\]}]+[,;]?\s*$|$")
_EXCEPTION: Final = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Warning|Exit|Interrupt)(?::|\s*$)")
_LOGFMT_START: Final = re.compile(r"(?:time|ts|t|timestamp|level|lvl)=\S")
_LOGFMT: Final = re.compile(r'(?<!\S)([A-Za-z_.@]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
_TRACEBACK: Final = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One event. `time` is the timestamp as written, None without one; `level` is one of LEVELS."""

    message: str
    level: str
    text: str
    lines: int = 1
    time: str | None = None
    logger: str | None = None


def parse_records(lines: Iterable[str]) -> list[LogRecord]:
    return list(iter_records(lines))


def iter_records(lines: Iterable[str]) -> Iterator[LogRecord]:
    """As `parse_records`, holding one event at a time."""
    current: LogRecord | None = None
    for line in lines:
        header = cut_header(line)
        if current is not None and header.time is None and not line.startswith("{") and _continues(current, line):
            current = _extended(current, line)
            continue
        if current is not None:
            yield current
        current = _record(line, header)
    if current is not None:
        yield current


def severity(level: str | None, message: str) -> str:
    """The level that the line states, else what its words say."""
    stated = _LEVEL_OF.get(level.lower()) if level else None
    if stated:
        return stated
    if _CRITICAL.search(message):
        return "critical"
    if _ERROR.search(message):
        return "error"
    return "warning" if _WARNING.search(message) else "info"


def _record(line: str, header: Header) -> LogRecord:
    if line.startswith("{"):
        fields = _json_fields(line)
        if fields is not None:
            return fields
    if _LOGFMT_START.match(line):
        fields = _logfmt_fields(line)
        if fields is not None:
            return fields
    message = line[header.end :].strip() or line.strip()
    return LogRecord(
        message=message,
        level=severity(header.level, message),
        text=line[:MAX_TEXT],
        time=header.time,
        logger=header.logger,
    )


def _logfmt_fields(line: str) -> LogRecord | None:
    """`time=... level=error msg="..." key=value`, as Go services and many proxies write it."""
    fields: dict[str, object] = {name: _unquoted(value) for name, value in _LOGFMT.findall(line[:MAX_TEXT])}
    return _from_fields(fields, line)


def _unquoted(value: str) -> str:
    return value[1:-1].replace('\\"', '"') if value.startswith('"') else value


def _json_fields(line: str) -> LogRecord | None:
    try:
        loaded: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _from_fields(loaded, line) if isinstance(loaded, dict) else None


def _from_fields(loaded: dict[str, object], line: str) -> LogRecord | None:
    raw = _first(loaded, ("message", "msg", "@message", "event", "log", "textPayload", "error"))
    if raw is None:
        return None
    head = raw.split("\n", 1)[0]
    header = cut_header(head)
    message = head[header.end :].strip() or head
    level = _first(loaded, ("level", "severity", "levelname", "log.level", "lvl", "loglevel")) or header.level
    return LogRecord(
        message=message,
        level=severity(level, message),
        text=line[:MAX_TEXT],
        time=_first(loaded, ("timestamp", "@timestamp", "time", "ts", "t", "asctime", "datetime")) or header.time,
        logger=_first(loaded, ("logger", "logger_name", "name", "module", "component")) or header.logger,
    )


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def _continues(current: LogRecord, line: str) -> bool:
    if _FRAME.match(line):
        return True
    traced = current.lines > 1 or current.message.startswith(_TRACEBACK)
    if current.time is None and not traced:
        return False
    return bool(_INDENTED.match(line) or _EXCEPTION.match(line))


def _extended(current: LogRecord, line: str) -> LogRecord:
    """The event with one more line; a Python trace is known by its last line, not by "Traceback"."""
    text = current.text
    if len(text) < MAX_TEXT:
        text = f"{text}\n{line}"[:MAX_TEXT]
    changed = replace(current, text=text, lines=current.lines + 1)
    if current.message.startswith(_TRACEBACK) and _EXCEPTION.match(line):
        return replace(changed, message=line.strip(), level=severity(None, line))
    return changed
