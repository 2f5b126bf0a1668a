"""B1, B2 (intake's part) and B8: what the intake costs beside plain aiobotocore calls in the same run.

    python -m tests.benchmarks.bench_intake [--messages 15000] [--rounds 3] [--latency-ms 0] [--json]

floor: receive(10) + delete_batch(10) and nothing else. consumer: the same through the Consumer, whose handler drops. envelope: and the
body read. B1: the daemon's own handler on irrelevant events. B2: copies of 100 events, each recorded once (by a stand-in).

The SQS double runs in a process of its own, so that the CPU counted here is the client's. Variants take turns round by round, and the
ratio is the median over rounds: the machine may be noisy, both sides see the same noise.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from aiops_daemon.assembly import assemble
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.intake.envelope import open_envelope
from aiops_daemon.intake.messages import Disposition, Done, Drop, Message
from aiops_daemon.intake.once import Once
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.settings import Settings
from aiops_daemon.telemetry.logging import configure
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.settings import TelemetrySettings
from tests.benchmarks.queues import BATCH, drain, fill
from tests.doubles.intake_world import World
from tests.doubles.virtual_time import run_virtual

ACCOUNT, REGION = "111122223333", "eu-west-1"


@dataclass
class Cost:
    """Of one round."""

    cpu_us: float
    seconds: float
    messages: int

    @property
    def cpu_us_per_message(self) -> float:
        return self.cpu_us / self.messages


def irrelevant(number: int) -> str:
    """A read-only call as CloudTrail reports it over EventBridge: 1.3 KB, understood, and nothing to act on."""
    return json.dumps(
        {
            "version": "0",
            "id": f"5c8d2f00-0000-4000-8000-{number:012d}",
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.ec2",
            "account": "111122223333",
            "time": "2026-03-01T12:00:00Z",
            "region": "eu-west-1",
            "resources": [],
            "detail": {
                "eventVersion": "1.11",
                "userIdentity": {
                    "type": "AssumedRole",
                    "principalId": "AROAEXAMPLEEXAMPLEEXA:monitor",
                    "arn": "arn:aws:sts::111122223333:assumed-role/monitor/monitor",
                    "accountId": "111122223333",
                    "sessionContext": {
                        "sessionIssuer": {
                            "type": "Role",
                            "arn": "arn:aws:iam::111122223333:role/monitor",
                            "accountId": "111122223333",
                            "userName": "monitor",
                        },
                        "attributes": {"creationDate": "2026-03-01T11:00:00Z", "mfaAuthenticated": "false"},
                    },
                },
                "eventTime": "2026-03-01T12:00:00Z",
                "eventSource": "ec2.amazonaws.com",
                "eventName": "DescribeInstances",
                "awsRegion": "eu-west-1",
                "sourceIPAddress": "203.0.113.9",
                "userAgent": "aws-cli/2.22.0",
                "requestParameters": {"maxResults": 100, "instancesSet": {}, "filterSet": {}},
                "responseElements": None,
                "requestID": f"00000000-0000-4000-8000-{number:012d}",
                "eventID": f"11111111-0000-4000-8000-{number:012d}",
                "readOnly": True,
                "eventType": "AwsApiCall",
                "managementEvent": True,
                "recipientAccountId": "111122223333",
                "eventCategory": "Management",
            },
        }
    )


@asynccontextmanager
async def double(latency_ms: float) -> AsyncIterator[str]:
    """The SQS double as a child process; its address."""
    command = [sys.executable, "-m", "tests.doubles.sqs_http", "--latency-ms", str(latency_ms)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def plain(sqs: Any, url: str, messages: int) -> float:
    began = time.perf_counter()
    await drain(sqs, url, messages)
    return time.perf_counter() - began


async def consume(session: AwsSession, url: str, messages: int, handle: Callable[[Message], Awaitable[Disposition]]) -> float:
    """The consumer, stopped when the last message was handled; seconds until then (the last long poll is no work)."""
    stop, left, began, ended = asyncio.Event(), messages, time.perf_counter(), 0.0

    async def counted(message: Message) -> Disposition:
        nonlocal left, ended
        left -= 1
        if not left:
            stop.set()
            ended = time.perf_counter()
        return await handle(message)

    receiver = await session.client("sqs", purpose="receive")
    settings = IntakeSettings(queue_url=url, dead_letter_queue_url=url, wait_seconds=1)
    await Consumer(receiver, await session.client("sqs"), settings, SystemClock(), Metrics().intake, counted).run(stop)
    return ended - began


async def measure(work: Awaitable[float], messages: int) -> Cost:
    cpu = time.process_time()
    seconds = await work
    return Cost((time.process_time() - cpu) * 1e6, seconds, messages)


async def drop(_: Message) -> Disposition:
    return Drop("irrelevant")


async def read_and_drop(message: Message) -> Disposition:
    envelope = open_envelope(message.body, queue_account=ACCOUNT, queue_region=REGION, received_at=message.received_at)
    return Drop("read-only call") if isinstance(envelope, Envelope) else Drop("not an event")


class Deduplicating:
    """B2: 100 events, many copies. The record is a stand-in of three awaits, since its calls are counted elsewhere."""

    def __init__(self) -> None:
        self.once = Once()
        self.recorded = 0

    async def __call__(self, message: Message) -> Disposition:
        envelope = open_envelope(message.body, queue_account=ACCOUNT, queue_region=REGION, received_at=message.received_at)
        assert isinstance(envelope, Envelope)
        await self.once.do(envelope.id, self.record)
        return Done()

    async def record(self) -> None:
        self.recorded += 1
        for _ in range(3):
            await asyncio.sleep(0)


async def one_round(session: AwsSession, number: int, messages: int, costs: dict[str, list[Cost]]) -> None:
    sqs = await session.client("sqs")
    bodies = [irrelevant(index) for index in range(messages)]
    copies = [irrelevant(index % 100) for index in range(messages)]
    copied = Deduplicating()
    daemon = assemble(Settings(), session, account=ACCOUNT, region=REGION)
    variants: list[tuple[str, list[str], Callable[[str], Awaitable[float]]]] = [
        ("floor", bodies, lambda url: plain(sqs.raw, url, messages)),
        ("consumer", bodies, lambda url: consume(session, url, messages, drop)),
        ("envelope", bodies, lambda url: consume(session, url, messages, read_and_drop)),
        ("B1", bodies, lambda url: consume(session, url, messages, daemon.handler)),
        ("B2", copies, lambda url: consume(session, url, messages, copied)),
    ]
    for name, what, work in variants:
        url = await fill(sqs.raw, f"{name}-{number}", what)
        costs.setdefault(name, []).append(await measure(work(url), messages))
        await sqs.raw.delete_queue(QueueUrl=url)
    assert copied.recorded == min(100, messages)
    assert daemon.metrics.registry.get_sample_value("aiops_incidents_opened_total", {"kind": "api-call"}) is None


def idle_hour() -> dict[str, float]:
    """B8: receives per minute, calls beside them, and CPU per virtual hour (without the network's part of a call)."""
    world = World()

    async def scene(world: World) -> None:
        await world.create_queues()
        consumer = world.consumer()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.run(world.stop))
            await asyncio.sleep(60)
            before = world.sqs.calls.copy()
            await asyncio.sleep(3600)
            calls = world.sqs.calls - before
            world.stop.set()
        assert set(calls) == {"ReceiveMessage"}
        world.metrics.intake.queue_messages.labels("receives").set(calls["ReceiveMessage"])

    cpu = time.process_time()
    run_virtual(scene(world))
    spent = time.process_time() - cpu
    return {"receives_per_minute": world.value("aiops_queue_messages", queue="receives") / 60, "cpu_seconds_per_hour": round(spent, 3)}


async def main(arguments: argparse.Namespace) -> dict[str, Any]:
    costs: dict[str, list[Cost]] = {}
    share = arguments.messages // arguments.rounds // BATCH * BATCH
    async with double(arguments.latency_ms) as address:
        os.environ |= {  # noqa: TID251  # a benchmark is its own command line
            "AWS_ENDPOINT_URL_SQS": address,
            "AWS_ACCESS_KEY_ID": "double",
            "AWS_SECRET_ACCESS_KEY": "double",
            "AWS_DEFAULT_REGION": REGION,
        }
        async with AwsSession(frozen=True) as session:
            await one_round(session, 0, 200, {})  # warm-up: imports, caches, connections
            for number in range(1, arguments.rounds + 1):
                await one_round(session, number, share, costs)
    floor = costs["floor"]
    return {
        name: {
            "cpu_us_per_message": round(median(cost.cpu_us_per_message for cost in each), 1),
            "ratio_to_floor": round(median(a.cpu_us_per_message / b.cpu_us_per_message for a, b in zip(each, floor, strict=True)), 3),
            "messages_per_second": round(median(cost.messages / cost.seconds for cost in each)),
        }
        for name, each in costs.items()
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=15_000, help="per variant, over all rounds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        configure(TelemetrySettings(), SystemClock(), nowhere)  # as in production: level info, JSON
        results = asyncio.run(main(given)) | {"B8": idle_hour(), "at": SystemClock().now().isoformat(timespec="seconds")}
    if given.json:
        sys.stdout.write(json.dumps(results, indent=1) + "\n")
    else:
        for key, value in results.items():
            sys.stdout.write(f"{key:10} {value}\n")
