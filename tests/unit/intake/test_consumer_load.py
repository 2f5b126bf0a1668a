"""Permits, batches, heartbeats and the way out."""

import asyncio

from aiops_daemon.intake.messages import Disposition, Done, Message
from tests.doubles.intake_world import World, running
from tests.doubles.sqs_double import Request, SqsError


def test_never_more_is_held_than_permitted_and_one_slow_message_holds_up_nothing(world: World) -> None:
    most = running_now = 0

    async def handle(message: Message) -> Disposition:
        nonlocal most, running_now
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(50 if message.body == "0" else 0.5)
        running_now -= 1
        return Done()

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(*(str(number) for number in range(200)))
        async with running(world, world.consumer(handle, concurrency=8, buffer=12)):
            await asyncio.sleep(20)
            assert world.sqs.depth("aiops-events") == 1  # the slow one
            assert most == 8
            held = world.metrics.registry.get_sample_value("aiops_messages_in_flight")
            assert held == 1
            await asyncio.sleep(40)
            assert world.sqs.depth("aiops-events") == 0

    world.play(scene)
    assert world.sqs.calls["ReceiveMessage"] < 45  # 20 full ones, then idle: no receive for single messages


def test_fewer_permits_than_a_batch(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(*"abcdef")
        async with running(world, world.consumer(concurrency=2, buffer=1)):
            await asyncio.sleep(2)

    world.play(scene)
    assert len(world.handled) == 6


def test_what_is_held_stays_invisible(world: World) -> None:
    async def handle(_: Message) -> Disposition:
        await asyncio.sleep(300)
        return Done()

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(*(str(number) for number in range(30)))
        async with running(world, world.consumer(handle, concurrency=15, buffer=15, visibility_seconds=20)):
            await asyncio.sleep(650)  # the second half waits for the first, then works as long

    world.play(scene)
    assert len(world.handled) == 30
    assert {message.receive_count for message in world.handled} == {1}
    assert world.sqs.depth("aiops-events") == 0


def test_a_failed_heartbeat_is_made_up_for(world: World) -> None:
    def fault(operation: str, _: Request) -> SqsError | None:
        every_second = operation == "ChangeMessageVisibilityBatch" and world.sqs.calls[operation] % 2
        return SqsError("InternalFailure", "try again") if every_second else None

    async def handle(_: Message) -> Disposition:
        await asyncio.sleep(200)
        return Done()

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("x")
        world.sqs.fault = fault
        async with running(world, world.consumer(handle, visibility_seconds=20)):
            await asyncio.sleep(210)

    world.play(scene)
    assert len(world.handled) == 1
    assert world.value("aiops_heartbeat_failures_total") > 5


def test_stopping_lets_the_long_poll_return_and_gives_its_messages_back(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        consumer = world.consumer()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(consumer.run(world.stop))
            await asyncio.sleep(1)
            world.stop.set()
            await asyncio.sleep(1)
            assert not task.done()  # the poll has up to 20 s
            await world.send("late")
            await asyncio.sleep(1)
            assert task.done()
        answer = await world.sqs.call("ReceiveMessage", {"QueueUrl": world.sqs.url("aiops-events"), "WaitTimeSeconds": 0})
        assert [message["Body"] for message in answer["Messages"]] == ["late"]

    world.play(scene)
    assert world.handled == []
    assert world.value("aiops_messages_released_total") == 1


def test_stopping_finishes_what_runs_and_releases_what_waits(world: World) -> None:
    async def handle(_: Message) -> Disposition:
        await asyncio.sleep(70)
        return Done()

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(*(str(number) for number in range(10)))
        consumer = world.consumer(handle, concurrency=4, buffer=6, visibility_seconds=20)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(consumer.run(world.stop))
            await asyncio.sleep(10)
            world.stop.set()
            await asyncio.sleep(62)
            assert task.done()
        assert world.sqs.depth("aiops-events") == 6
        visible = await world.sqs.call(
            "GetQueueAttributes", {"QueueUrl": world.sqs.url("aiops-events"), "AttributeNames": ["ApproximateNumberOfMessages"]}
        )
        assert visible["Attributes"] == {"ApproximateNumberOfMessages": "6"}

    world.play(scene)
    assert len(world.handled) == 4
    assert {message.receive_count for message in world.handled} == {1}


def test_a_stop_has_an_end(world: World) -> None:
    async def handle(_: Message) -> Disposition:
        await asyncio.sleep(3600)
        return Done()

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("stuck")
        consumer = world.consumer(handle)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(consumer.run(world.stop))
            await asyncio.sleep(1)
            world.stop.set()
            await asyncio.sleep(100)
            assert task.done()
        answer = await world.sqs.call("ReceiveMessage", {"QueueUrl": world.sqs.url("aiops-events"), "WaitTimeSeconds": 0})
        assert [message["Body"] for message in answer["Messages"]] == ["stuck"]

    world.play(scene)


def test_stopping_while_the_queue_is_missing(world: World) -> None:
    async def scene(world: World) -> None:
        consumer = world.consumer()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(consumer.run(world.stop))
            await asyncio.sleep(100)
            calls = world.sqs.calls.copy()
            world.stop.set()
            await asyncio.sleep(0.1)
            assert task.done()
            assert world.sqs.calls == calls

    world.play(scene)


def test_stopped_before_it_began(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        world.stop.set()
        await world.consumer().run(world.stop)

    world.play(scene)
    assert world.sqs.calls["ReceiveMessage"] == 0


def test_cancelling_leaves_no_timer_behind(world: World) -> None:
    async def handle(_: Message) -> Disposition:
        await asyncio.sleep(50)
        return Done()

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(*"abcdefghijkl")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(world.consumer(handle).run(world.stop))
            await asyncio.sleep(1)
            task.cancel()
        await asyncio.sleep(10)

    world.play(scene)
    assert world.sqs.depth("aiops-events") == 12


def test_pollers_follow_the_load(world: World) -> None:
    most = 0

    async def scene(world: World) -> None:
        nonlocal most
        await world.create_queues()
        await world.send(*(str(number) for number in range(100)))
        consumer = world.consumer(pollers=3)
        async with running(world, consumer):
            await asyncio.sleep(1)
            most = consumer._pollers
            await asyncio.sleep(60)
            assert consumer._pollers == 1

    world.play(scene)
    assert most == 3
