"""Table `aiops-patterns`: checkpoint and baseline of each group, slots that share the groups out, and the book of alerts.

Items by `pattern_id`:
    GROUP#<group>            checkpoint, version, what is pending, the busiest patterns in plain words
    STATE#<group>#<version>#<owner>#<n>   the baseline, compressed, in pieces below DynamoDB's 400 KB
    JOB#<group>#<window>     who does this window; put if absent
    BOOK                     open alerts, deploys, predictions, what is still to be announced; compressed, as is what is pending
The pieces of a new state are written first, then one conditional write of GROUP# moves checkpoint, counts and pending findings
together: a crash in between leaves the old state whole, and a task that lost its slot overwrites nobody's pieces.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import JsonValue

from aiops_daemon.model.errors import ConditionFailed

KEY = "pattern_id"
_PIECE = 350_000  # bytes; an item may have 400 KB with its names
_SLOT_LIVES = 2 * 86_400  # seconds, for DynamoDB's TTL; never relied on
_STATE_LIVES = 60 * 86_400  # every run writes anew; what a crash left behind goes after two months


class DynamoClient(Protocol):
    """The calls that are made, on a client whose errors are those of model.errors."""

    async def get_item(self, **parameters: Any) -> Mapping[str, Any]: ...
    async def put_item(self, **parameters: Any) -> Mapping[str, Any]: ...
    async def delete_item(self, **parameters: Any) -> Mapping[str, Any]: ...


@dataclass
class Head:
    """The first item of a group."""

    group: str
    version: int = 0
    owner: str = ""  # who wrote this version
    checkpoint: int = 0  # seconds: every bucket that ends before is final
    pieces: int = 0
    lines_per_window: float = 0.0  # measured; decides who reads
    pending: list[dict[str, JsonValue]] = field(default_factory=list)  # steps that the book may not know yet
    patterns: list[dict[str, JsonValue]] = field(default_factory=list)  # id, text, count, mean, deviation, last_seen
    saved_at: int = 0  # seconds


class PatternStore:
    def __init__(self, client: DynamoClient, table: str, owner: str) -> None:
        self._client, self._table, self._owner = client, table, owner

    async def take_slot(self, group: str, window: int, now: int, lives: int) -> bool:
        """True for one task only, and again for another when that one has not finished in time."""
        try:
            await self._put(
                {
                    KEY: {"S": f"JOB#{group}#{window}"}, "owner": {"S": self._owner}, "until": {"N": str(now + lives)},
                    "done": {"BOOL": False}, "ttl": {"N": str(now + _SLOT_LIVES)},
                },
                "attribute_not_exists(pattern_id) OR (done = :no AND #until < :now)",
                {":no": {"BOOL": False}, ":now": {"N": str(now)}},
                {"#until": "until"},
            )  # fmt: skip
        except ConditionFailed:
            found = await self._get(f"JOB#{group}#{window}")  # a lost reply: the slot is ours already
            return found is not None and found["owner"]["S"] == self._owner and not found["done"]["BOOL"]
        return True

    async def finish_slot(self, group: str, window: int, now: int) -> None:
        """Nobody does this window again."""
        await self._put(
            {
                KEY: {"S": f"JOB#{group}#{window}"}, "owner": {"S": self._owner}, "until": {"N": str(now)},
                "done": {"BOOL": True}, "ttl": {"N": str(now + _SLOT_LIVES)},
            }
        )  # fmt: skip

    async def free_slot(self, group: str, window: int) -> None:
        """The window failed here: another task may try at once."""
        try:
            await self._client.delete_item(
                TableName=self._table, Key={KEY: {"S": f"JOB#{group}#{window}"}},
                ConditionExpression="#owner = :me AND done = :no", ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":me": {"S": self._owner}, ":no": {"BOOL": False}},
            )  # fmt: skip
        except ConditionFailed:
            return

    async def head(self, group: str) -> Head:
        item = await self._get(f"GROUP#{group}")
        if item is None:
            return Head(group)
        return Head(
            group, version=int(item["version"]["N"]), owner=item["owner"]["S"],
            checkpoint=int(item["checkpoint"]["N"]), pieces=int(item["pieces"]["N"]),
            lines_per_window=float(item["lines_per_window"]["N"]), pending=json.loads(_unpacked(item["pending"])),
            patterns=json.loads(item["patterns"]["S"]), saved_at=int(item["saved_at"]["N"]),
        )  # fmt: skip

    async def state(self, head: Head) -> bytes:
        """The state that `head` points to; ConditionFailed when another task has replaced it meanwhile."""
        data = b""
        for piece in range(head.pieces):
            item = await self._get(_piece(head, piece))
            if item is None:
                raise ConditionFailed(f"{head.group}: the state of version {head.version} has been replaced")
            data += bytes(item["data"]["B"])
        return data

    async def save(self, old: Head, new: Head, data: bytes, now: int) -> None:
        """Checkpoint, counts and pending findings at once; ConditionFailed when somebody else saved since `old`."""
        new.version, new.owner, new.saved_at, new.pieces = old.version + 1, self._owner, now, -(-len(data) // _PIECE)
        ttl = {"N": str(now + _STATE_LIVES)}
        for piece in range(new.pieces):
            part = data[piece * _PIECE : (piece + 1) * _PIECE]
            await self._put({KEY: {"S": _piece(new, piece)}, "data": {"B": part}, "ttl": ttl})
        await self._swap(
            f"GROUP#{new.group}",
            old.version,
            new.version,
            {
                "checkpoint": {"N": str(new.checkpoint)}, "pieces": {"N": str(new.pieces)},
                "lines_per_window": {"N": f"{new.lines_per_window:.3f}"}, "pending": _packed(json.dumps(new.pending)),
                "patterns": {"S": json.dumps(new.patterns)}, "saved_at": {"N": str(now)},
            },
        )  # fmt: skip
        for piece in range(old.pieces):
            await self._client.delete_item(TableName=self._table, Key={KEY: {"S": _piece(old, piece)}})

    async def book(self) -> tuple[int, str | None]:
        """Version and text of the book of alerts; 0 and None before the first."""
        item = await self._get("BOOK")
        return (0, None) if item is None else (int(item["version"]["N"]), _unpacked(item["book"]))

    async def save_book(self, old_version: int, text: str) -> int:
        await self._swap("BOOK", old_version, old_version + 1, {"book": _packed(text)})
        return old_version + 1

    async def _swap(self, key: str, old: int, new: int, attributes: dict[str, Any]) -> None:
        """Replace an item of version `old`. A lost reply is not somebody else: the item then is exactly ours."""
        item = {KEY: {"S": key}, "version": {"N": str(new)}, "owner": {"S": self._owner}, **attributes}
        try:
            await self._put(item, "attribute_not_exists(pattern_id) OR #version = :old", {":old": {"N": str(old)}}, {"#version": "version"})
        except ConditionFailed:
            if await self._get(key) != item:
                raise

    async def _get(self, key: str) -> Mapping[str, Any] | None:
        answer = await self._client.get_item(TableName=self._table, Key={KEY: {"S": key}}, ConsistentRead=True)
        return answer.get("Item")

    async def _put(
        self,
        item: Mapping[str, Any],
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        extra: dict[str, Any] = {}
        if condition:
            extra = {"ConditionExpression": condition, "ExpressionAttributeValues": values}
            extra |= {"ExpressionAttributeNames": names} if names else {}
        await self._client.put_item(TableName=self._table, Item=item, **extra)


def _packed(text: str) -> dict[str, bytes]:
    """Findings repeat each other's words, and an item has 400 KB."""
    return {"B": zlib.compress(text.encode())}


def _unpacked(attribute: Mapping[str, Any]) -> str:
    return zlib.decompress(bytes(attribute["B"])).decode()


def _piece(head: Head, number: int) -> str:
    return f"STATE#{head.group}#{head.version}#{head.owner}#{number}"
