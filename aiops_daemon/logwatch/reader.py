"""Lines of a log group from CloudWatch Logs by event time, none missed, none doubled.

FilterLogEvents answers in pages; an empty page with a token is not the end, and pages may repeat an event. A group that is too
large to read is counted by Logs Insights instead: exact numbers per bucket and level, without templates.
"""

import contextlib
import fnmatch
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.lines import Line, event_line
from aiops_daemon.model.errors import AiopsError, GiveUp, RetryLater, Throttled
from aiops_daemon.ports import Clock

PAGE = 10_000
_TRIES = 8
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_QUERY_WAIT = 1.0
_QUERY_POLLS = 120
_QUERY_ROWS = 10_000  # the most that it gives


class LogsClient(Protocol):
    """The calls that are made, on a client whose errors are those of model.errors (aws.session.Client)."""

    async def describe_log_groups(self, **parameters: Any) -> Mapping[str, Any]: ...
    async def filter_log_events(self, **parameters: Any) -> Mapping[str, Any]: ...
    async def start_query(self, **parameters: Any) -> Mapping[str, Any]: ...
    async def get_query_results(self, **parameters: Any) -> Mapping[str, Any]: ...
    async def stop_query(self, **parameters: Any) -> Mapping[str, Any]: ...


class TooLarge(Exception):  # a turn of events, not an error: the group goes to Logs Insights
    """More lines than may be read."""


@dataclass
class ReadCount:
    """What one read saw."""

    lines: int = 0
    duplicates: int = 0
    pages: int = 0
    throttled: int = 0


class LogReader:
    """Reads one group after the other; hands lines on page by page, so that a page is all it holds (and the ids seen)."""

    def __init__(self, client: LogsClient, clock: Clock, rng: random.Random) -> None:
        self._client, self._clock, self._rng = client, clock, rng

    async def groups(self, patterns: Sequence[str]) -> list[str]:
        """Names of LOG_GROUPS as they are; prefixes and globs looked up."""
        names = [p for p in patterns if not any(c in p for c in "*?[")]
        for pattern in patterns:
            if pattern in names:
                continue
            prefix = pattern[: min(pattern.index(c) for c in "*?[" if c in pattern)]
            found = await self._described(prefix)
            names += [name for name in found if fnmatch.fnmatchcase(name, pattern)]
        return list(dict.fromkeys(names))

    async def _described(self, prefix: str) -> list[str]:
        names: list[str] = []
        token: str | None = None
        while True:
            parameters = {"logGroupNamePrefix": prefix} if prefix else {}
            parameters |= {"nextToken": token} if token else {}
            page = await self._patiently(self._client.describe_log_groups, ReadCount(), **parameters)
            names += [group["logGroupName"] for group in page.get("logGroups", ())]
            token = page.get("nextToken")
            if not token:
                return names

    async def read(self, group: str, start_ms: int, end_ms: int, take: Callable[[list[Line]], None], *, most: int) -> ReadCount:
        """Every event with start_ms <= timestamp < end_ms, once; TooLarge after `most` lines."""
        count = ReadCount()
        seen: set[int] = set()
        token: str | None = None
        while True:
            parameters = {"nextToken": token} if token else {}
            page = await self._patiently(
                self._client.filter_log_events, count,
                logGroupName=group, startTime=start_ms, endTime=end_ms - 1, limit=PAGE, **parameters,
            )  # fmt: skip
            count.pages += 1
            take(self._fresh(page.get("events", ()), seen, count, (start_ms, end_ms)))
            if count.lines > most:
                raise TooLarge(f"{group}: more than {most} lines")
            following = page.get("nextToken")
            if not following or following == token:
                return count
            token = following

    def _fresh(self, events: Sequence[Mapping[str, Any]], seen: set[int], count: ReadCount, window: tuple[int, int]) -> list[Line]:
        lines: list[Line] = []
        for event in events:
            key = hash((event.get("logStreamName"), event["eventId"]))
            if key in seen:
                count.duplicates += 1
                continue
            seen.add(key)
            at = int(event["timestamp"])
            if window[0] <= at < window[1]:
                lines.append(event_line(at, str(event.get("message", ""))))
        count.lines += len(lines)
        return lines

    async def count_by_insights(self, group: str, start_ms: int, end_ms: int) -> list[tuple[int, str, int]]:
        """(bucket, level, lines) of every bucket that begins before the end, by a Logs Insights query: exact for those that end by then.

        Its end is inclusive, and whether of a second or of its first millisecond is not documented: one second more is asked for, and
        what lies in a bucket beyond the end is dropped. An hour has 13 buckets and 52 rows, far from the limit.
        """
        count = ReadCount()
        started = await self._patiently(
            self._client.start_query, count,
            logGroupName=group, startTime=start_ms // 1000, endTime=end_ms // 1000, queryString=_QUERY, limit=_QUERY_ROWS,
        )  # fmt: skip
        for _ in range(_QUERY_POLLS):
            answer = await self._patiently(self._client.get_query_results, count, queryId=started["queryId"])
            status = answer.get("status")
            if status == "Complete":
                rows = [_counted(row) for row in answer.get("results", ())]
                if len(rows) >= _QUERY_ROWS:
                    raise GiveUp(f"{group}: Logs Insights gave {_QUERY_ROWS} rows, so there are more: the window is too long")
                return [row for row in rows if row[0] * BUCKET_SECONDS * 1000 < end_ms]
            if status not in {"Scheduled", "Running", "Unknown"}:
                raise RetryLater(f"{group}: Logs Insights query ended as {status}")
            await self._clock.sleep(_QUERY_WAIT)
        with contextlib.suppress(AiopsError):  # over already, most likely; else it would run on, be paid for, and hold one of few places
            await self._client.stop_query(queryId=started["queryId"])
        raise RetryLater(f"{group}: Logs Insights query took longer than {_QUERY_POLLS * _QUERY_WAIT:.0f} s")

    async def _patiently(self, call: Callable[..., Awaitable[Mapping[str, Any]]], count: ReadCount, **parameters: Any) -> Mapping[str, Any]:
        """Throttling slows down: full jitter, at most half a minute a time. What is throttled still is read in the next run."""
        for attempt in range(_TRIES):
            try:
                return await call(**parameters)
            except Throttled:
                count.throttled += 1
                if attempt == _TRIES - 1:
                    raise
                await self._clock.sleep(self._rng.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)))
        raise AssertionError("the last attempt returns or raises")


_QUERY = (
    "fields @message like /(?i)(error|exception|fatal|critical|panic|traceback)/ as is_error, "
    "@message like /(?i)warn/ as is_warning "
    f"| stats count(*) as lines by bin({BUCKET_SECONDS}s) as bucket, is_error, is_warning"
)


def _counted(row: Sequence[Mapping[str, str]]) -> tuple[int, str, int]:
    fields = {cell["field"]: cell["value"] for cell in row}
    at = datetime.fromisoformat(fields["bucket"]).replace(tzinfo=UTC)
    level = "ERROR" if fields.get("is_error") == "1" else "WARN" if fields.get("is_warning") == "1" else "INFO"
    return int(at.timestamp()) // BUCKET_SECONDS, level, int(float(fields["lines"]))
