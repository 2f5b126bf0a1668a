"""B5: what an open incident costs this process: parked (in the table only) and active (held by a worker in the middle of a step).

    python -m tests.benchmarks.bench_open [--incidents 10000]

The incident is a real one, caught while its action was running, and multiplied, each with ids and texts of its own.
Resident memory is read before and after.
"""

import argparse
import asyncio
import gc
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.ec2_start import Ec2Start
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.record import from_item, to_item
from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.model.plan import Progress, Running
from aiops_daemon.ports import ActionCall
from aiops_daemon.workflow.leases import BEAT_SECONDS
from tests.benchmarks.bench_incidents import bodies, quiet
from tests.benchmarks.queues import fill
from tests.benchmarks.stand import TABLE, Control, cloud, consumer, parts, running, settings, until

PAGE = os.sysconf("SC_PAGE_SIZE")
A_SECOND = 200  # started, four times as many as one process can bring so far: a record is packed once its call has lasted a second


def resident_kib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 1024


class Endless(Ec2Start):
    """Starts at once and is never done; `poll` does not return."""

    def __init__(self) -> None:
        super().__init__(ActionSettings())
        self.polls = 0
        self.over = asyncio.Event()

    async def start(self, call: ActionCall) -> Progress:
        return Running(handle={"started": True}, again_in_seconds=0.001, note="starting")

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        self.polls += 1
        await self.over.wait()
        return Running(handle=dict(handle), again_in_seconds=3600)


async def main(count: int) -> dict[str, Any]:
    with quiet():
        async with cloud() as control, AwsSession(frozen=True) as session:
            return await _measure(control, session, count)


async def _measure(control: Control, session: AwsSession, count: int) -> dict[str, Any]:
    made = parts(session, settings(workflow={"lease_seconds": 30, "scan_interval_seconds": 0.5}))
    action = Endless()
    made.workers.tools = replace(made.tools, actions=dict(made.tools.actions) | {action.spec.id: action})
    url = await fill((await session.client("sqs")).raw, "open", bodies(1, 0))
    async with running(made, await consumer(session, made, url)):
        await until(lambda: _is(action.polls == 1))
        (name,) = [item["incident_id"] for item in await control.items("incident_id")]
        caught = await made.tools.journal.load(name)
        assert caught is not None
        item = to_item(caught)
        tomorrow = made.clock.now() + timedelta(days=1)
        before = resident_kib()
        parked = {key: value for key, value in item.items() if value is not None and key != "owner"}
        await control("seed", table=TABLE, copies=count, item=parked | {"due_at": stamp(tomorrow)})
        await asyncio.sleep(2.5)  # some scans over them
        after_parked = resident_kib()
        text = json.dumps(item)
        for number in range(count):
            own = text.replace(name, f"inc-{number:020x}").replace(caught.resource_id, f"i-{number:017x}")
            one = from_item(json.loads(own))  # texts of its own, as read from the table
            owner = made.workers.new_owner()
            made.workers.start(Held(one.model_copy(update={"owner": owner, "due_at": tomorrow}), owner))  # renewals are not measured here
            if number % (A_SECOND // 10) == 0:
                await asyncio.sleep(0.1)
        await until(lambda: _is(action.polls == count + 1))
        await asyncio.sleep(3 * BEAT_SECONDS)
        after_active = resident_kib()
        assert made.workers.free == 0
        made.workers._active.clear()
        action.over.set()
        found = {
            "incidents": count,
            "parked_kib_each": round((after_parked - before) / count, 3),
            "active_kib_each": round((after_active - after_parked) / count, 2),
            "required": "parked about 0, active at most 15 KiB",
        }
        sys.stdout.write(json.dumps({"B5": found}, indent=1) + "\n")
        sys.stdout.flush()
        os._exit(0)  # 10,000 incidents in the middle of a step are not worth an orderly end


async def _is(value: bool) -> bool:
    return value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=10_000)
    asyncio.run(main(parser.parse_args().incidents))
