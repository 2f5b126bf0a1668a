"""B7: kill -9 right after each write of an incident; how long until another daemon's next transition.

    python -m tests.chaos.takeover [--lease 5] [--scan 1] [--stories recovery asked hopeless]

The stages are found by watching one incident of each story without a kill; then a new incident for each of its writes, whose writer is
killed as soon as the write is applied, before it reads the reply. An incident that is owned is due when the lease ends, a parked one when
it wakes up; required is the next transition within one scan + 1 s of that.
"""

import argparse
import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from aiops_daemon.incidents.record import from_item
from aiops_daemon.incidents.stamps import unstamp
from aiops_daemon.model.incident import TERMINAL, State
from tests.benchmarks.stand import stopped_by_somebody
from tests.chaos.cloud import DEAD, QUEUE, ChaosCloud, Write, now
from tests.chaos.daemons import PROTECTED, Daemon, settings
from tests.chaos.front import Front, Weather

FLEET = 3
ALLOWED_SECONDS = 1.0  # on top of lease and scan
PREFIX = {"recovery": "i-0b", "asked": PROTECTED, "hopeless": "i-0c"}


@dataclass(frozen=True)
class Taken:
    """One kill. `due_seconds`: from the kill until the incident was free for others; `seconds`: until the next transition."""

    story: str
    state: str
    parked: bool
    due_seconds: float
    seconds: float

    @property
    def late(self) -> float:
        return self.seconds - max(0.0, self.due_seconds)


class Bench:
    """Three daemons that are started again as soon as they are gone."""

    def __init__(self, lease: float, scan: float, logs: Path = Path("build/chaos/takeover")) -> None:
        self._cloud = ChaosCloud(random.Random(7))
        self._logs = logs
        self._more = {
            "WORKFLOW__LEASE_SECONDS": str(lease),
            "WORKFLOW__SCAN_INTERVAL_SECONDS": str(scan),
            "WORKFLOW__APPROVAL_HOURS": "0.001",
        }
        self._daemons: list[Daemon] = []
        self._number = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._logs.mkdir(parents=True, exist_ok=True)
        for queue in (QUEUE, DEAD):
            await self._cloud.sqs.call("CreateQueue", {"QueueName": queue})
        async with AsyncExitStack() as doors, asyncio.TaskGroup() as group:
            for number in range(FLEET):
                front = await doors.enter_async_context(Front(self._cloud, Weather(random.Random(number))))
                self._daemons.append(Daemon(number, front, self._logs / f"daemon-{number}.log", settings(front, **self._more)))
            keepers = [group.create_task(self._keep(daemon)) for daemon in self._daemons]
            try:
                yield
            finally:
                for keeper, daemon in zip(keepers, self._daemons, strict=True):
                    keeper.cancel()
                    daemon.kill()
                    await daemon.gone()

    async def _keep(self, daemon: Daemon) -> None:
        while True:
            await daemon.start()
            await daemon.gone()

    async def writes(self, story: str) -> int:
        """How many writes an undisturbed incident of this story takes."""
        await self._ready()
        instance = await self._send(story)
        await self._ended(instance)
        return len(self._of(instance))

    async def kill_at(self, story: str, number: int) -> Taken | None:
        """Kill the writer of the number-th write; None where the incident never came to it (its course depends on time)."""
        killed: list[Write] = []

        def watch(write: Write) -> None:
            if not killed and len(mine := self._of(write.item.get("resource_id", ""))) == number and mine[-1] is write:
                killed.append(write)
                self._daemons[int(write.by[0])].kill()

        await self._ready()
        self._cloud.history.writes.clear()
        self._cloud.watch = watch
        instance = await self._send(story)
        await self._ended(instance)
        self._cloud.watch = lambda _write: None
        return taken(story, self._of(instance), killed[0]) if killed else None

    async def kill_in(self, *states: State) -> list[Taken]:
        """A recovery for each state, whose worker is killed once it has written that; all wait for their successor at the same time."""
        killed: dict[str, Write] = {}
        wanted: dict[str, State] = {}
        dead = asyncio.Event()

        def watch(write: Write) -> None:
            instance = write.item.get("resource_id", "")
            if instance in wanted.keys() - killed.keys() and write.item["workflow_state"] == wanted[instance]:
                killed[instance] = write
                self._daemons[int(write.by[0])].kill()
                dead.set()

        await self._ready()
        self._cloud.watch = watch
        for state in states:
            dead.clear()
            wanted[self._next("recovery")] = state
            await self._send("recovery")
            async with asyncio.timeout(60):
                await dead.wait()
        for instance in wanted:
            await self._ended(instance)
        self._cloud.watch = lambda _write: None
        found = [taken("recovery", self._of(instance), write) for instance, write in killed.items()]
        return [one for one in found if one is not None]

    def _of(self, instance: str) -> list[Write]:
        return [write for write in self._cloud.history.writes if instance and write.item.get("resource_id") == instance]

    def _next(self, story: str) -> str:
        return f"{PREFIX[story]}{self._number + 1:014x}"

    async def _send(self, story: str) -> str:
        instance = self._next(story)
        self._number += 1
        self._cloud.items.pop("BREAKER#ec2.start", None)  # the hopeless ones would open it
        self._cloud.stop(instance)
        if story == "hopeless":
            self._cloud.hopeless.add(instance)
        await self._cloud.send(stopped_by_somebody(self._number, instance))
        return instance

    async def _ended(self, instance: str) -> None:
        async with asyncio.timeout(300):
            while not (mine := self._of(instance)) or mine[-1].item.get("open"):  # noqa: ASYNC110  # as below
                await asyncio.sleep(0.05)

    async def _ready(self) -> None:
        """Each of the three is asking the queue."""
        for daemon in self._daemons:
            async with asyncio.timeout(60):
                while not (daemon.alive and daemon.front.polls):  # noqa: ASYNC110  # the double has no event for it
                    await asyncio.sleep(0.05)


def taken(story: str, writes: list[Write], last: Write) -> Taken | None:
    """What became of an incident whose worker was killed at its write `last`; None where it was closed, so that nothing was left to do.

    By the stamps on the record: when it was due, as the dead one wrote it, and when its successor's transition says that it happened.
    """
    due = last.item.get("due_at")
    if due is None:
        return None
    after = next((write for write in writes[writes.index(last) + 1 :] if write.by != last.by and _goes_on(last.item, write.item)), None)
    at = float("inf") if after is None else _stamped(last.item, after)
    return Taken(story, last.item["workflow_state"], not last.item.get("owner"), unstamp(due).timestamp() - last.at, at - last.at)


def _stamped(last: dict[str, Any], after: Write) -> float:
    """When the first transition after `last` was made; where none is left, when the announcement's record came."""
    trail = from_item(after.item).audit[len(last["audit"]) :]
    return trail[0].at.timestamp() if trail else after.at


def _goes_on(last: dict[str, Any], item: dict[str, Any]) -> bool:
    """A transition; after the end it is the announcement's record that is left to write."""
    return len(item["audit"]) > len(last["audit"]) or (
        last["workflow_state"] in TERMINAL and item["fence"] > last["fence"] and not item.get("owner")
    )


async def main(lease: float, scan: float, stories: list[str]) -> dict[str, Any]:
    bench = Bench(lease, scan)
    found: dict[str, list[Taken]] = defaultdict(list)
    async with bench.running():
        for story in stories:
            for number in range(1, await bench.writes(story) + 1):
                one = await bench.kill_at(story, number)
                if one is not None:
                    found[f"{one.state}{', parked' if one.parked else ''}"].append(one)
    everything = [one for kills in found.values() for one in kills]
    worst = max(one.late for one in everything)
    table = {
        state: {
            "kills": len(kills),
            "seconds_p50": round(median(one.seconds for one in kills), 2),
            "seconds_max": round(max(one.seconds for one in kills), 2),
            "after_due_max": round(max(one.late for one in kills), 2),
        }
        for state, kills in found.items()
    }
    held = not any(one.late > scan + ALLOWED_SECONDS for one in everything)
    return {
        "B7": {"lease": lease, "scan": scan, "kills": len(everything), "after_due_max": round(worst, 2), "within": held, "stages": table}
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lease", type=float, default=5.0)
    parser.add_argument("--scan", type=float, default=1.0)
    parser.add_argument("--stories", nargs="+", choices=list(PREFIX), default=list(PREFIX))
    told = parser.parse_args()
    began = now()
    result = asyncio.run(main(told.lease, told.scan, told.stories))
    sys.stdout.write(json.dumps(result | {"seconds": round(now() - began)}, indent=1) + "\n")
    sys.exit(not result["B7"]["within"])
