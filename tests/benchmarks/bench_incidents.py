"""B3 and B4: what one full recovery costs.

    python -m tests.benchmarks.bench_incidents [--incidents 60] [--rounds 3] [--seconds 20] [--json]

An unknown user stopped an instance; the daemon claims it, looks, plans, starts it, verifies, announces and closes. Instances start at
once. B3's other side is the very same calls, recorded from recoveries run one by one and sent again by plain aiobotocore clients. B4
adds 5 ms to every answer and sends five incidents a second; the time of an incident runs from its receipt to its last write. How many of
its calls wait for one another is counted at 200 ms.
"""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from statistics import median
from typing import Any

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.incidents.stamps import unstamp
from aiops_daemon.model.incident import State
from aiops_daemon.telemetry.logging import configure
from aiops_daemon.telemetry.settings import TelemetrySettings
from tests.benchmarks.queues import drain, fill
from tests.benchmarks.stand import (
    Control,
    Done,
    Spent,
    cloud,
    consumer,
    instances,
    parts,
    percentiles,
    running,
    settings,
    stopped_by_somebody,
    until,
)

AIM_CALLS = 18
SERVICES = ("dynamodb", "ec2", "sns")
Call = tuple[str, str, dict[str, Any]]  # service, operation, parameters
PER_SECOND, LATENCY_MS, SLOW_MS = 5, 5.0, 200.0


class Recorder:
    """Notes every call of the incident's clients, with its parameters."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def watch(self, session: AwsSession) -> None:
        for service in SERVICES:
            client = await session.client(service, region="eu-west-1" if service != "dynamodb" else None)
            client.raw.meta.events.register_first(f"provide-client-params.{service}.*", self._note)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name != "Query" or params.get("IndexName") != "open-index":  # the scan is not the incident's
            self.calls.append((str(model.service_model.service_name), str(model.name), deepcopy(params)))


@contextmanager
def quiet() -> Iterator[None]:
    """Logs as in production, to nowhere."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        configure(TelemetrySettings(), SystemClock(), nowhere)
        yield


def bodies(count: int, first: int) -> list[str]:
    return [stopped_by_somebody(first + index, name) for index, name in enumerate(instances(count, first))]


async def record(count: int) -> list[list[Call]]:
    """The calls of `count` recoveries, each run alone."""
    recorder, found = Recorder(), []
    async with AwsSession(frozen=True) as session:
        await recorder.watch(session)
        made = parts(session, settings())
        sqs = (await session.client("sqs")).raw
        url = await fill(sqs, "record", [])
        async with running(made, await consumer(session, made, url)):
            for number in range(count):
                recorder.calls = []
                await sqs.send_message(QueueUrl=url, MessageBody=bodies(1, number)[0])
                await until(Done(made, number + 1))
                found.append(recorder.calls)
    return found


async def replay(session: AwsSession, calls: list[list[Call]], at_once: int = 20) -> None:
    """The same calls, plainly."""
    clients = {service: (await session.client(service)).raw for service in SERVICES}
    methods = {(service, name): getattr(clients[service], _snake(name)) for one in calls for service, name, _ in one}
    limit = asyncio.Semaphore(at_once)

    async def again(mine: list[Call]) -> None:
        async with limit:
            for service, name, parameters in mine:
                await methods[service, name](**parameters)

    async with asyncio.TaskGroup() as group:
        for mine in calls:
            group.create_task(again(mine))


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


async def heal(session: AwsSession, name: str, count: int) -> Spent:
    """`count` incidents through the daemon; the last long poll is no work."""
    made = parts(session, settings())
    url = await fill((await session.client("sqs")).raw, name, bodies(count, 0))
    intake = await consumer(session, made, url)
    spent = Spent()
    async with running(made, intake):
        await until(Done(made, count))
        spent.stop()
    return spent


async def plainly(session: AwsSession, name: str, calls: list[list[Call]]) -> Spent:
    sqs = (await session.client("sqs")).raw
    url = await fill(sqs, name, bodies(len(calls), 0))
    spent = Spent()
    await drain(sqs, url, len(calls))
    await replay(session, calls)
    return spent.stop()


async def cost(control: Control, count: int, rounds: int) -> dict[str, Any]:
    """B3."""
    calls = await record(count)
    numbers = {len(mine) for mine in calls[1:]}  # the first finds no breaker, no history
    await control("reset")
    ratios, ours, floors, rates = [], [], [], []
    async with AwsSession(frozen=True) as session:
        await heal(session, "warm-up", 10)
        for number in range(rounds):
            await control("reset")
            floor = await plainly(session, f"floor-{number}", calls)
            await control("reset")
            spent = await heal(session, f"b3-{number}", count)
            states = Counter(item["workflow_state"] for item in await control.items("workflow_state"))
            assert states == {State.COMPLETED: count}, states
            ratios.append(spent.cpu / floor.cpu)
            ours.append(spent.cpu / count * 1000)
            floors.append(floor.cpu / count * 1000)
            rates.append(count / spent.wall)
    kinds = Counter(f"{service} {name}" for service, name, _ in calls[-1])
    own = sum(count for kind, count in kinds.items() if not kind.startswith("ec2"))
    return {
        "calls_per_recovery": len(calls[-1]),
        "always_the_same": len(numbers) == 1,
        "calls_without_ec2": own,
        "calls_aim": AIM_CALLS,
        "calls": dict(kinds.most_common()),
        "cpu_ms_per_incident": round(median(ours), 1),
        "cpu_ms_of_the_same_calls": round(median(floors), 1),
        "ratio": round(median(ratios), 2),
        "required_ratio": 1.6,
        "incidents_per_second": round(median(rates), 1),
    }


async def overhead(control: Control, seconds: int) -> dict[str, Any]:
    """B4."""
    count = seconds * PER_SECOND
    async with AwsSession(frozen=True) as session:
        made = parts(session, settings())
        sqs = (await session.client("sqs")).raw
        url = await fill(sqs, "b4", [])
        made_bodies = bodies(count + PER_SECOND, 0)
        async with running(made, await consumer(session, made, url)):
            for number, body in enumerate(made_bodies):
                await sqs.send_message(QueueUrl=url, MessageBody=body)
                if number == PER_SECOND:
                    await until(Done(made, PER_SECOND))  # the first ones open connections
                await asyncio.sleep(1 / PER_SECOND)
            await until(Done(made, count + PER_SECOND))
    took = (await times(control))[PER_SECOND:]
    return percentiles(took) | {"incidents": len(took), "per_second": PER_SECOND, "latency_ms": LATENCY_MS, "required": "p50 150, p99 400"}


async def times(control: Control) -> list[float]:
    """Milliseconds from receipt to the last write, in the order of the incidents."""
    items = await control.items("incident_timestamp", "closed_at", "event_details")
    return [
        (unstamp(item["closed_at"]) - unstamp(json.loads(item["event_details"])["received_at"])).total_seconds() * 1000
        for item in sorted(items, key=lambda item: str(item["incident_timestamp"]))
    ]


async def round_trips(control: Control, count: int = 4) -> float:
    """Calls of one incident that wait for one another: counted where each is so slow that a busy machine does not matter."""
    async with AwsSession(frozen=True) as session:
        made = parts(session, settings())
        sqs = (await session.client("sqs")).raw
        url = await fill(sqs, "chain", [])
        async with running(made, await consumer(session, made, url)):
            for number, body in enumerate(bodies(count, 0)):
                await sqs.send_message(QueueUrl=url, MessageBody=body)
                await until(Done(made, number + 1))
    return round(median((await times(control))[1:]) / SLOW_MS, 1)


async def main(arguments: argparse.Namespace) -> dict[str, Any]:
    with quiet():
        async with cloud() as control:
            b3 = await cost(control, arguments.incidents, arguments.rounds)
        async with cloud(LATENCY_MS) as control:
            b4 = await overhead(control, arguments.seconds)
        async with cloud(SLOW_MS) as control:
            b4["round_trips"] = await round_trips(control)
    return {"B3": b3, "B4": b4}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    sys.stdout.write(json.dumps(asyncio.run(main(parser.parse_args())), indent=1) + "\n")
