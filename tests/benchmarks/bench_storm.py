"""B6: a storm, drained into the journal: many events over distinct instances, and as many over 100.

    python -m tests.benchmarks.bench_storm [--events 1500]

One third each scheduled change (Health), spot interruption and state change: the mix of Karpenter's interruption benchmark. Nothing may
be lost, the loop may not lag (10 ms ticks), and health stays green. The queue counts as drained when nothing is stored in it.
`loop_cpu_ms` is the loop's own CPU between two ticks: the part of the lag that no other process's work can be blamed for.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterable
from typing import Any

from aiops_daemon.assembly import assemble
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.telemetry.health import Watchdog
from tests.benchmarks.bench_incidents import quiet
from tests.benchmarks.queues import fill
from tests.benchmarks.stand import ACCOUNT, REGION, Control, cloud, consumer, event, instances, percentiles, running, settings, until

TICK = 0.01
LIMIT_SECONDS = 180.0
RETIREMENT = "AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED"


def storm(names: Iterable[str]) -> list[str]:
    return [(_scheduled, _spot, _stopped)[number % 3](number, name) for number, name in enumerate(names)]


def _scheduled(number: int, instance: str) -> str:
    detail = {
        "eventArn": f"arn:aws:health:eu-west-1::event/EC2/{RETIREMENT}/{number}",
        "service": "EC2",
        "eventTypeCode": RETIREMENT,
        "eventTypeCategory": "scheduledChange",
        "startTime": "Sat, 05 Dec 2026 15:10:09 GMT",
        "eventDescription": [{"language": "en_US", "latestDescription": "The host of your instance is to be retired."}],
        "affectedEntities": [{"entityValue": instance}],
    }
    return event(number, "aws.health", "AWS Health Event", detail, (instance,))


def _spot(number: int, instance: str) -> str:
    detail = {"instance-id": instance, "instance-action": "terminate"}
    return event(
        number,
        "aws.ec2",
        "EC2 Spot Instance Interruption Warning",
        detail,
        (f"arn:aws:ec2:eu-west-1a:instance/{instance}",),
    )


def _stopped(number: int, instance: str) -> str:
    detail = {"instance-id": instance, "state": "stopped"}
    arn = f"arn:aws:ec2:eu-west-1:111122223333:instance/{instance}"
    return event(number, "aws.ec2", "EC2 Instance State-change Notification", detail, (arn,))


class Watch:
    """Ticks: how late the loop is, and whether the daemon calls itself well."""

    def __init__(self, watchdog: Watchdog, intake: Consumer) -> None:
        self.lags: list[float] = []
        self.own: list[float] = []
        self.red: set[str] = set()
        self._watchdog, self._intake = watchdog, intake

    async def run(self) -> None:
        while True:
            began, spent = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK)
            self.lags.append((time.perf_counter() - began - TICK) * 1000)
            self.own.append((time.thread_time() - spent) * 1000)
            if not self._watchdog.alive:
                self.red.add("the loop does not beat")
            if self.lags[20:] and self._intake.ready:
                self.red.add(self._intake.ready)


async def blow(control: Control, name: str, bodies: list[str]) -> dict[str, Any]:
    await control("reset")
    async with AwsSession(frozen=True) as session:
        made = assemble(settings(), session, account=ACCOUNT, region=REGION)  # with every guard rail
        sqs = (await session.client("sqs")).raw
        url = await fill(sqs, name, bodies)
        intake = await consumer(session, made, url)
        watch = Watch(Watchdog(made.settings.telemetry, SystemClock(), made.metrics.process), intake)
        async with asyncio.TaskGroup() as group:
            beat = group.create_task(watch._watchdog.run())
            began, cpu = time.perf_counter(), time.process_time()
            async with running(made, intake):
                ticking = group.create_task(watch.run())
                await asyncio.sleep(0.3)
                try:
                    await until(lambda: _empty(sqs, url), LIMIT_SECONDS)
                except AiopsError:
                    watch.red.add(f"the queue was not empty after {LIMIT_SECONDS:.0f} s")
                seconds, spent = time.perf_counter() - began, time.process_time() - cpu
                ticking.cancel()
                beat.cancel()
    recorded = len({str(item["event_details"]) for item in await control.items("event_details")})
    return {
        "events": len(bodies),
        "recorded": recorded,
        "lost": len(bodies) - recorded,
        "drained_per_second": round(recorded / seconds),
        "cpu_ms_per_event": round(spent * 1000 / len(bodies), 2),
        "lag_ms": percentiles(watch.lags),
        "loop_cpu_ms": percentiles(watch.own),
        "health": "green" if not watch.red else sorted(watch.red),
    }


async def _empty(sqs: Any, url: str) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return not sum(int(value) for value in answer["Attributes"].values())


async def main(events: int) -> dict[str, Any]:
    with quiet():
        async with cloud() as control:
            distinct = await blow(control, "distinct", storm(instances(events)))
            hundred = list(instances(100))
            few = await blow(control, "few", storm(hundred[number % 100] for number in range(events)))
    return {"B6": {"distinct": distinct, "over_100_resources": few, "required": "nothing lost, lag p99 < 250 ms, green"}}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_500)
    sys.stdout.write(json.dumps(asyncio.run(main(parser.parse_args().events)), indent=1) + "\n")
