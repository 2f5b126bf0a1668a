import asyncio

from aiops_daemon.intake.depth import DepthGauge
from aiops_daemon.intake.settings import IntakeSettings
from tests.doubles.intake_world import World
from tests.doubles.sqs_client import DoubleClient
from tests.doubles.sqs_double import SqsError


def gauge(world: World) -> DepthGauge:
    return DepthGauge(DoubleClient(world.sqs), IntakeSettings.model_validate({}), world.clock, world.metrics.intake)


def test_both_queues_each_minute(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("a", "b")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gauge(world).run(world.stop))
            await asyncio.sleep(1)
            assert world.value("aiops_queue_messages", queue="events") == 2
            assert world.value("aiops_queue_messages", queue="dead-letters") == 0
            await world.sqs.call("SendMessage", {"QueueUrl": world.sqs.url("dead"), "MessageBody": "poison"})
            await asyncio.sleep(60)
            assert world.value("aiops_queue_messages", queue="dead-letters") == 1
            world.stop.set()

    world.play(scene)


def test_a_queue_that_cannot_be_asked_is_asked_again(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        world.sqs.fault = lambda operation, _: SqsError("AccessDenied", "no") if operation == "GetQueueAttributes" else None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gauge(world).run(world.stop))
            await asyncio.sleep(130)
            assert world.metrics.registry.get_sample_value("aiops_queue_messages", {"queue": "events"}) is None
            world.sqs.fault = lambda _operation, _request: None
            await world.send("a")
            await asyncio.sleep(60)
            assert world.value("aiops_queue_messages", queue="events") == 1
            world.stop.set()

    world.play(scene)


def test_without_a_dead_letter_queue(world: World) -> None:
    async def scene(world: World) -> None:
        await world.sqs.call("CreateQueue", {"QueueName": "aiops-events"})
        await gauge(world).look()

    world.play(scene)
    assert world.metrics.registry.get_sample_value("aiops_queue_messages", {"queue": "events"}) == 0
    assert world.metrics.registry.get_sample_value("aiops_queue_messages", {"queue": "dead-letters"}) is None
