"""The log watch over old lines, by event time, as if it had been live: the same LogAnalysis, told the time by the lines.

Memory is bounded: a batch of lines, the open buckets, the state per template. A line that is far ahead of all others
(a broken clock) is set aside until fifty lines in a row agree with it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aiops_daemon.logwatch.analysis import LogAnalysis
from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert
from aiops_daemon.logwatch.lines import Line, event_line, line_of
from aiops_daemon.logwatch.records import iter_records
from aiops_daemon.logwatch.timestamps import parse_time

BATCH = 4_000
_JUMP_MS = 7 * 86_400_000
_AGREE = 50
_RESTART_MS = 14 * 86_400_000


@dataclass(frozen=True)
class Event:
    """A line with its group and time."""

    log_group: str
    line: Line


def read_events(lines: Iterable[str], log_group: str, year: int) -> Iterator[Event]:
    """JSON lines `{"timestamp": ms, "message": text, "logGroup": optional}` or plain lines that begin with a time, mixed."""
    plain: list[str] = []
    before: int | None = None
    for line in lines:
        event = _json_event(line, log_group) if line.startswith("{") else None
        if event is None:
            plain.append(line)
            if len(plain) < BATCH:
                continue
        # an event may go on in the next line: keep the last one until the next has begun
        events, plain, before = _plain_events(plain, log_group, year, before, last=event is not None)
        yield from events
        if event is not None:
            yield event
    yield from _plain_events(plain, log_group, year, before, last=True)[0]


def _json_event(line: str, log_group: str) -> Event | None:
    try:
        loaded: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict):
        return None
    at, message, group = loaded.get("timestamp"), loaded.get("message"), loaded.get("logGroup", log_group)
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(message, str) or not message:
        return None
    return Event(str(group), event_line(int(at), message))


def _plain_events(
    lines: list[str], log_group: str, year: int, before: int | None, *, last: bool
) -> tuple[list[Event], list[str], int | None]:
    """Events of the lines, the lines that are not certainly over, and the time of the last event."""
    records = list(iter_records(lines))
    rest: list[str] = []
    if not last and len(records) > 1:
        rest = lines[len(lines) - records[-1].lines :]
        records.pop()
    events: list[Event] = []
    for record in records:
        at = parse_time(record.time, year=year, before=before) if record.time else None
        at = before if at is None else at
        if at is not None:  # before the first time of a file there is nothing to go by
            before = at
            events.append(Event(log_group, line_of(at, record)))
    return events, rest, before


@dataclass
class Backtest:
    """Events in, changes of alerts out, each as soon as the lines have passed the time at which it would have come."""

    analysis: LogAnalysis
    lines: int = 0
    set_aside: int = 0  # lines far ahead of all others
    first_ms: int | None = None
    now_ms: int = 0
    advance_at: int = 0  # seconds: when the next bucket is complete
    ahead: list[Event] = field(default_factory=list)
    batch: list[Event] = field(default_factory=list)

    def run(self, events: Iterable[Event]) -> Iterator[tuple[Change, Alert]]:
        for event in events:
            if self.first_ms is not None and event.line.at_ms - self.now_ms > _JUMP_MS:
                self.ahead.append(event)
                if len(self.ahead) >= _AGREE:
                    yield from self._jump()
                continue
            self.set_aside += len(self.ahead)
            self.ahead = []
            yield from self._accept(event)
        if self.ahead:
            yield from self._jump()
        yield from self._finish()

    def _jump(self) -> Iterator[tuple[Change, Alert]]:
        """The log really has a gap. A baseline that is older than two weeks says nothing: start anew."""
        events, self.ahead = sorted(self.ahead, key=lambda e: e.line.at_ms), []
        if events[0].line.at_ms - self.now_ms > _RESTART_MS:
            yield from self._finish()
            self.analysis.restart()
        for event in events:
            yield from self._accept(event)

    def _accept(self, event: Event) -> Iterator[tuple[Change, Alert]]:
        at = event.line.at_ms
        if self.first_ms is None:
            self.first_ms = at
        self.lines += 1
        self.now_ms = max(self.now_ms, at)
        if self.now_ms // 1000 >= self.advance_at:
            self._feed()
            yield from self.analysis.advance(self.now_ms // 1000)
            settle = self.analysis.settings.settle_seconds
            self.advance_at = ((self.now_ms // 1000 - settle) // BUCKET_SECONDS + 1) * BUCKET_SECONDS + settle
        self.batch.append(event)
        if len(self.batch) >= BATCH:
            self._feed()

    def _feed(self) -> None:
        by_group: dict[str, list[Line]] = {}
        for event in self.batch:
            by_group.setdefault(event.log_group, []).append(event.line)
        self.batch = []
        for name, lines in by_group.items():
            self.analysis.feed(name, lines)

    def _finish(self) -> Iterator[tuple[Change, Alert]]:
        """The bucket in which the lines end is judged only if they reach its end."""
        self._feed()
        yield from self.analysis.advance(self.now_ms // 1000 + self.analysis.settings.settle_seconds)
