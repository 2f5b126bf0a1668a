"""Three consumers on one queue under faults, lost replies and kills: nothing is lost, and the queue is empty in the end.

A failing seed replays exactly: time is virtual and every choice comes from the seed.
"""

import asyncio
import random

import pytest

from aiops_daemon.intake.messages import Disposition, Done, Drop, Message, Park, Retry
from tests.doubles.intake_world import World
from tests.doubles.sqs_double import Fault, SqsError

MESSAGES = 150
QUIET_AFTER = 900  # seconds of chaos
ANSWERS: tuple[Disposition, ...] = (Done(), Done(), Drop("irrelevant"), Retry("busy"), Park("poison"))


def sometimes(rng: random.Random, share: float) -> Fault:
    codes = ["InternalFailure", "ThrottlingException", "AccessDenied"]
    return lambda _operation, _request: SqsError(rng.choice(codes), "chaos") if rng.random() < share else None


class Chaos:
    """`settled` holds what a handler answered Done or Drop to."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.rng = random.Random(seed)
        self.settled: set[str] = set()

    async def handle(self, message: Message) -> Disposition:
        await asyncio.sleep(self.rng.choice([0, 0.05, 1, 45]))
        if self.rng.random() < 0.1:
            raise RuntimeError("bug")
        disposition = self.rng.choice(ANSWERS)
        if isinstance(disposition, Done | Drop):
            self.settled.add(message.body)
        return disposition

    async def lives(self) -> None:
        """One consumer after the other, each killed or stopped at some time, and a last one that is left alone."""
        loop = asyncio.get_running_loop()
        while loop.time() < QUIET_AFTER:
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                life = tasks.create_task(self.consumer(stop))
                await asyncio.sleep(self.rng.uniform(1, 300))
                if self.rng.random() < 0.5:
                    life.cancel()
                stop.set()
        await self.consumer(self.world.stop)

    async def consumer(self, stop: asyncio.Event) -> None:
        made = self.world.consumer(self.handle, concurrency=10, buffer=10, visibility_seconds=20, retry_cap_seconds=60, shutdown_seconds=60)
        await made.run(stop)

    async def scene(self, world: World) -> None:
        await world.create_queues(max_receive_count=1000)
        await world.send(*(str(number) for number in range(MESSAGES)))
        world.sqs.fault, world.sqs.lost_reply = sometimes(self.rng, 0.1), sometimes(self.rng, 0.1)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(self.lives())
            await asyncio.sleep(QUIET_AFTER)
            world.sqs.fault = world.sqs.lost_reply = lambda _operation, _request: None
            await asyncio.sleep(1500)
            world.stop.set()
        assert world.sqs.depth("aiops-events") == 0


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_lost(world: World, seed: int) -> None:
    chaos = Chaos(world, seed)
    world.play(chaos.scene)
    assert chaos.settled | set(world.sqs.bodies("dead")) == {str(number) for number in range(MESSAGES)}
    assert {parked.attributes["aiops_reason"]["StringValue"] for parked in world.sqs.queues["dead"].stored.values()} == {"poison"}
    assert world.value("aiops_messages_in_flight") == 0
