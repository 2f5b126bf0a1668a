"""A consumer against the SQS double in virtual time: no sockets, no waiting."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.intake.messages import Disposition, Done, Message
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.telemetry.metrics import Metrics
from tests.doubles.sqs_client import DoubleClient
from tests.doubles.sqs_double import SqsDouble
from tests.doubles.virtual_time import LoopClock, run_virtual

Handler = Callable[[Message], Awaitable[Disposition]]


class World:
    """One queue with its dead-letter queue, and one consumer at a time."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.sqs = SqsDouble(lambda: self.clock.now().timestamp())
        self.metrics = Metrics()
        self.handled: list[Message] = []
        self.stop = asyncio.Event()

    async def create_queues(self, max_receive_count: int = 5) -> None:
        await self.sqs.call("CreateQueue", {"QueueName": "dead"})
        redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": max_receive_count}
        await self.sqs.call("CreateQueue", {"QueueName": "aiops-events", "Attributes": {"RedrivePolicy": json.dumps(redrive)}})

    async def send(self, *bodies: str) -> None:
        for body in bodies:
            await self.sqs.call("SendMessage", {"QueueUrl": self.sqs.url("aiops-events"), "MessageBody": body})

    def consumer(self, handle: Handler | None = None, closed: Callable[[], str | None] = lambda: None, **settings: object) -> Consumer:
        async def record(message: Message) -> Disposition:
            self.handled.append(message)
            return await handle(message) if handle else Done()

        client = DoubleClient(self.sqs)
        made = IntakeSettings.model_validate(settings)
        return Consumer(client, client, made, self.clock, self.metrics.intake, record, random.Random(1), closed)

    def value(self, name: str, **labels: str) -> float:
        found: float | None = self.metrics.registry.get_sample_value(name, labels)
        return found or 0.0

    def play(self, scene: Callable[["World"], Awaitable[None]]) -> None:
        """Run a scene in virtual time."""

        async def main() -> None:
            await scene(self)

        run_virtual(main())


@asynccontextmanager
async def running(world: World, consumer: Consumer) -> AsyncIterator[None]:
    """Stops it in order at the end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.run(world.stop))
        yield
        world.stop.set()


def says(disposition: Disposition) -> Handler:
    """A handler with one answer."""

    async def handle(_: Message) -> Disposition:
        return disposition

    return handle
