import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.logwatch.records import LEVELS, MAX_TEXT, LogRecord, parse_records, severity

JAVA = """\
2026-11-24 20:43:40 ERROR [main] com.acme.Shop: Order 5 failed
java.lang.IllegalStateException: no stock
\tat com.acme.Shop.order(Shop.java:12)
\t... 12 more
Caused by: java.io.IOException: gone
\tat com.acme.Db.read(Db.java:3)
2026-11-24 20:43:41 INFO [main] com.acme.Shop: Order 6 done""".splitlines()
PYTHON = """\
Traceback (most recent call last):
  File "app.py", line 3, in handler
    work()
shop.StockError: no stock for 17
Next message""".splitlines()


def one(line: str) -> LogRecord:
    (record,) = parse_records([line])
    return record


def test_a_java_trace_is_one_event_with_the_line_that_logged_it() -> None:
    first, second = parse_records(JAVA)
    assert (first.message, first.level, first.lines) == ("Order 5 failed", "error", 6)
    assert first.text == "\n".join(JAVA[:6])
    assert (second.message, second.logger, second.time) == ("Order 6 done", "com.acme.Shop", "2026-11-24 20:43:41")


def test_a_bare_python_trace_is_known_by_its_exception() -> None:
    trace, after = parse_records(PYTHON)
    assert (trace.message, trace.level, trace.lines) == ("shop.StockError: no stock for 17", "error", 4)
    assert after.message == "Next message"


def test_indented_lines_belong_to_a_line_with_a_time_only() -> None:
    assert [r.lines for r in parse_records(["2026-11-24 20:43:40 query:", "  SELECT 1", "}", "", "done"])] == [4, 1]
    assert [r.lines for r in parse_records(["query:", "  SELECT 1"])] == [1, 1]


def test_a_long_event_keeps_the_beginning() -> None:
    (record,) = parse_records(["2026-11-24 20:43:40 dump", *[" " + "x" * 1_000] * 40])
    assert (len(record.text), record.lines) == (MAX_TEXT, 41)


def test_json_lines_by_message_level_time_and_logger() -> None:
    line = json.dumps({"level": "WARN", "message": "pool is 90% full\nsecond", "timestamp": 1700000000000, "logger": "db"})
    record = one(line)
    assert (record.message, record.level) == ("pool is 90% full", "warning")
    assert (record.time, record.logger, record.text) == ("1700000000000", "db", line)


def test_json_of_other_dialects() -> None:
    assert one('{"level": 50, "msg": "boom"}').level == "error"  # pino
    assert one('{"log": "2026-11-24 20:43:40 ERROR gone\\n"}').message == "gone"  # Docker
    assert one('{"severity": "CRITICAL", "textPayload": "x"}').level == "critical"  # Google


@pytest.mark.parametrize("line", ['{"level": "INFO"}', "{not json", '{"message": true}', "[1]", "{" * 5_000])
def test_json_without_a_message_is_text(line: str) -> None:
    assert one(line).message == line


def test_logfmt() -> None:
    record = one('time="2026-11-24T20:43:40Z" level=error msg="it \\"broke\\"" component=api')
    assert (record.message, record.level, record.time) == ('it "broke"', "error", "2026-11-24T20:43:40Z")
    assert one("level=error and nothing else").message == "level=error and nothing else"


@pytest.mark.parametrize(
    ("level", "message", "expected"),
    [
        ("I", "Failed once, went on", "info"),
        ("Warning", "", "warning"),
        ("FATAL", "", "critical"),
        (None, "java.lang.OutOfMemoryError: heap", "critical"),
        (None, "connection refused", "error"),
        (None, "IOException while reading", "error"),
        (None, '"GET / HTTP/1.1" 503', "error"),
        (None, "finished with 0 errors", "info"),
        (None, "errors: 0", "info"),
        (None, "retrying in 5 s", "warning"),
        ("unheard of", "user logged in", "info"),
    ],
)
def test_severity(level: str | None, message: str, expected: str) -> None:
    assert severity(level, message) == expected


@given(st.lists(st.text(st.characters(exclude_characters="\n")) | st.sampled_from(JAVA + PYTHON)))
def test_any_lines_are_each_in_one_event(lines: list[str]) -> None:
    records = parse_records(lines)
    assert sum(record.lines for record in records) == len(lines)
    assert all(record.level in LEVELS and "\n" not in record.message for record in records)
