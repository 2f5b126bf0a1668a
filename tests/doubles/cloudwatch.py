"""In-memory CloudWatch Logs and DynamoDB, as awkward as the real ones: pages, empty pages, repeats, late lines, throttling."""

import base64
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiops_daemon.model.errors import ConditionFailed, InvalidInput, Throttled


class Clock:
    """Advanced by the test, and by whoever sleeps."""

    def __init__(self, now: float) -> None:
        self.seconds = now

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True)
class Event:
    event_id: str
    stream: str
    at_ms: int
    message: str
    visible_ms: int  # not delivered by queries before this time


@dataclass
class Logs:
    """FilterLogEvents over one list of events; what is asked for is remembered."""

    clock: Clock
    rng: random.Random
    events: list[Event] = field(default_factory=list)
    page: int = 7
    throttle: float = 0.0
    groups: tuple[str, ...] = ("/app/a",)
    calls: int = 0
    insights: int = 0
    whole_last_second: bool = True  # of a query: endTime is inclusive, and nobody says of what
    stopped: list[str] = field(default_factory=list)
    queries: list[tuple[int, int, str]] = field(default_factory=list)  # what every query asked: start, end, text

    async def describe_log_groups(self, **parameters: Any) -> Mapping[str, Any]:
        start = int(parameters.get("nextToken", 0))
        names = [g for g in self.groups if g.startswith(parameters.get("logGroupNamePrefix", ""))]
        answer: dict[str, Any] = {"logGroups": [{"logGroupName": g} for g in names[start : start + 2]]}
        return answer | ({"nextToken": str(start + 2)} if start + 2 < len(names) else {})

    async def filter_log_events(self, **parameters: Any) -> Mapping[str, Any]:
        self.calls += 1
        if self.rng.random() < self.throttle:
            raise Throttled("logs FilterLogEvents: ThrottlingException")
        token = json.loads(base64.b64decode(parameters["nextToken"])) if "nextToken" in parameters else [0, 0]
        now = self.clock.seconds * 1000
        chosen = [e for e in self.events if parameters["startTime"] <= e.at_ms <= parameters["endTime"] and e.visible_ms <= now]
        chosen.sort(key=lambda e: (e.at_ms, e.event_id))
        start, serial = token
        if self.rng.random() < 0.3:  # an empty page, with a token
            return {"events": [], "nextToken": _token(start, serial + 1)}
        first = max(0, start - (1 if self.rng.random() < 0.3 else 0))  # pages may overlap
        part = chosen[first : start + self.page]
        answer: dict[str, Any] = {"events": [_as_event(e) for e in part]}
        return answer | ({"nextToken": _token(start + self.page, serial + 1)} if start + self.page < len(chosen) else {})

    async def start_query(self, **parameters: Any) -> Mapping[str, Any]:
        self.insights += 1
        self.queries.append((parameters["startTime"], parameters["endTime"], parameters["queryString"]))
        return {"queryId": json.dumps([parameters["startTime"], parameters["endTime"], 0])}

    async def stop_query(self, **parameters: Any) -> Mapping[str, Any]:
        self.stopped.append(parameters["queryId"])
        if self.rng.random() < self.throttle:
            raise Throttled("logs StopQuery: ThrottlingException")
        return {"success": True}

    async def get_query_results(self, **parameters: Any) -> Mapping[str, Any]:
        start, end, _ = json.loads(parameters["queryId"])
        counts: dict[tuple[int, str], int] = {}
        last = end * 1000 + (999 if self.whole_last_second else 0)
        for e in self.events:
            if start * 1000 <= e.at_ms <= last and e.visible_ms <= self.clock.seconds * 1000:
                key = (e.at_ms // 300_000 * 300, "1" if "error" in e.message.lower() else "0")
                counts[key] = counts.get(key, 0) + 1
        rows = [
            [
                {"field": "bucket", "value": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.000")},
                {"field": "is_error", "value": error},
                {"field": "is_warning", "value": "0"},
                {"field": "lines", "value": str(n)},
            ]
            for (at, error), n in counts.items()
        ]
        return {"status": "Complete", "results": rows}


def _token(start: int, serial: int) -> str:
    return base64.b64encode(json.dumps([start, serial]).encode()).decode()


def _as_event(e: Event) -> dict[str, Any]:
    return {
        "logStreamName": e.stream, "eventId": e.event_id, "timestamp": e.at_ms, "message": e.message, "ingestionTime": e.visible_ms,
    }  # fmt: skip


MOST = 400 * 1024  # bytes of an item, names and all


@dataclass
class Dynamo:
    """get, put, delete with the three conditions that the store uses; `fail_puts` makes the next puts raise."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)
    fail_on: str = ""  # a put whose key contains this raises, once
    lose_reply_on: str = ""  # a put whose key contains this is applied and refused, as an SDK's second try would be

    async def get_item(self, **p: Any) -> Mapping[str, Any]:
        item = self.items.get(p["Key"]["pattern_id"]["S"])
        return {} if item is None else {"Item": dict(item)}

    async def put_item(self, **p: Any) -> Mapping[str, Any]:
        key = p["Item"]["pattern_id"]["S"]
        if self.fail_on and self.fail_on in key:
            self.fail_on = ""
            raise Throttled("dynamodb PutItem: ProvisionedThroughputExceededException")
        self._check(p, self.items.get(key))
        if (
            sum(
                len(name) + len(value)
                for name, attribute in p["Item"].items()
                for value in attribute.values()
                if not isinstance(value, bool)
            )
            > MOST
        ):
            raise InvalidInput("dynamodb PutItem: ValidationException: Item size has exceeded the maximum allowed size")
        self.items[key] = dict(p["Item"])
        self.puts.append(key)
        if self.lose_reply_on and self.lose_reply_on in key:
            self.lose_reply_on = ""
            raise ConditionFailed("dynamodb PutItem: ConditionalCheckFailedException")
        return {}

    async def delete_item(self, **p: Any) -> Mapping[str, Any]:
        key = p["Key"]["pattern_id"]["S"]
        if "ConditionExpression" in p:
            found = self.items.get(key)
            if found is None or found["owner"] != p["ExpressionAttributeValues"][":me"] or found["done"]["BOOL"]:
                raise ConditionFailed("dynamodb DeleteItem: ConditionalCheckFailedException")
        self.items.pop(key, None)
        return {}

    def _check(self, p: Mapping[str, Any], found: Mapping[str, Any] | None) -> None:
        condition, values = p.get("ConditionExpression"), p.get("ExpressionAttributeValues", {})
        if condition is None or found is None:
            return
        if "#version = :old" in condition:
            fine = found["version"] == values[":old"]
        else:
            fine = not found["done"]["BOOL"] and int(found["until"]["N"]) < int(values[":now"]["N"])
        if not fine:
            raise ConditionFailed("dynamodb PutItem: ConditionalCheckFailedException", found)
