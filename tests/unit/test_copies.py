"""However many copies of an event arrive, and however many daemons take them: at most three calls to the table for each event."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from typing_extensions import override  # typing has it from 3.12

from aiops_daemon.handler import MessageHandler
from aiops_daemon.intake.messages import Disposition, Done, Message
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import Reading, Recognized
from aiops_daemon.model.verdict import Provenance
from aiops_daemon.workflow.admission import Admission
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import START, Fleet, stopped

EVENTS, MOST_CALLS = 100, 3


class CountingTable(MemoryTable):
    """Every call, by item; each takes a turn of the loop, so that copies overlap as they do over a network."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    @override
    async def get(self, key: str) -> dict[str, Any] | None:
        await self._count(key)
        return await super().get(key)

    @override
    async def put(self, item: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        await self._count(item["incident_id"])
        await super().put(item, condition, values)

    @override
    async def update(self, key: str, *rest: Any, **more: Any) -> dict[str, Any]:
        await self._count(key)
        return await super().update(key, *rest, **more)

    @override
    async def query(self, index: str, *rest: Any, **more: Any) -> list[Mapping[str, Any]]:
        await self._count(index)
        return await super().query(index, *rest, **more)

    async def _count(self, key: str) -> None:
        self.calls[key] += 1
        await asyncio.sleep(0)


def _read(body: str, at: datetime) -> Envelope:
    event = stopped()
    return Envelope(json.loads(body)["id"], event.source, event.detail_type, event.account, event.region, START, START, detail={})


def _recognize(envelope: Envelope) -> Reading:
    return Recognized(events=(stopped(f"i-{envelope.id}", envelope.id),))


def daemon(fleet: Fleet, name: str) -> MessageHandler:
    workers = fleet.workers(name)
    admission = Admission(workers.tools.journal, fleet.clock, lambda _: fleet.rules.verdict, lambda _: Provenance())
    return MessageHandler(_read, _recognize, admission, workers, workers.tools.metrics)


@pytest.mark.parametrize(("daemons", "copies"), [(1, 1), (1, 30), (MOST_CALLS, 30)])
async def test_copies_cost_no_further_calls(daemons: int, copies: int) -> None:
    table = CountingTable()
    fleet = Fleet(table)
    fleet.memory = table
    handlers = [daemon(fleet, f"d{n}") for n in range(daemons)]
    bodies = [json.dumps({"id": f"{n:017x}"}) for n in range(EVENTS)] * copies
    random.Random(1).shuffle(bodies)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_handle(handlers[number % daemons], Message(f"m-{number}", body, "r", 1, START, "AIDAANN", START)))
            for number, body in enumerate(bodies)
        ]
    assert {repr(task.result()) for task in tasks} == {repr(Done())}
    assert len([key for key in table.items if key.startswith("inc-")]) == EVENTS
    assert len(table.calls) == EVENTS
    assert set(table.calls.values()) <= set(range(1, min(daemons, MOST_CALLS) + 1)), table.calls.most_common(3)


async def _handle(handler: MessageHandler, message: Message) -> Disposition:
    return await handler(message)
