"""House rule: the names of log events are declared in one file, and a call uses the member."""

import ast
from collections.abc import Iterator
from pathlib import Path

from aiops_daemon.telemetry.log_events import LogEvent

PACKAGE = Path(__file__).parents[3] / "aiops_daemon"
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def texts(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name() | ast.Attribute() as on, attr=level), args=[ast.Constant(value=str(text)), *_]
            ):
                if level in LEVELS and (on.id if isinstance(on, ast.Name) else on.attr).endswith("log"):
                    yield text, f"{path.relative_to(PACKAGE)}:{node.lineno}"
            case _:
                pass


def test_no_call_has_a_text_of_its_own() -> None:
    stray = [f"{place} {text!r}" for path in sorted(PACKAGE.rglob("*.py")) for text, place in texts(path)]
    assert not stray, "declare it in telemetry/log_events.py and make docs/metrics.md again"


def test_no_name_twice_and_each_is_a_plain_phrase() -> None:
    values = [event.value for event in LogEvent]
    assert len(values) == len(set(values)) == len(LogEvent.__members__)
    assert all(value == value.strip().lower() for value in values)
