"""What becomes of a message, and when the consumer is ready."""

import asyncio
import itertools
import json

import pytest
from structlog.testing import capture_logs

from aiops_daemon.intake.messages import Disposition, Done, Drop, Message, Park, Retry
from aiops_daemon.model.errors import Throttled
from aiops_daemon.telemetry.log_events import LogEvent
from tests.doubles.intake_world import World, running, says
from tests.doubles.sqs_double import Request, SqsError


@pytest.mark.parametrize(
    ("disposition", "metric", "labels"),
    [
        (Done(), "aiops_messages_done_total", {}),
        (Drop("no event: S3 test"), "aiops_messages_dropped_total", {"reason": "no event"}),
    ],
)
def test_done_and_drop_delete(world: World, disposition: Disposition, metric: str, labels: dict[str, str]) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(*(str(number) for number in range(25)))
        consumer = world.consumer(says(disposition))
        async with running(world, consumer):
            await asyncio.sleep(5)
            assert world.sqs.depth("aiops-events") == 0
            assert consumer.ready is None

    world.play(scene)
    assert world.value(metric, **labels) == 25
    assert world.sqs.calls["DeleteMessageBatch"] == 3
    assert sorted(int(message.body) for message in world.handled) == list(range(25))
    assert world.value("aiops_messages_in_flight") == 0


def test_a_message_carries_what_sqs_knows(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("x")
        await asyncio.sleep(40)
        async with running(world, world.consumer()):
            await asyncio.sleep(1)
            assert world.value("aiops_queue_age_seconds") == pytest.approx(40, abs=0.01)
            await asyncio.sleep(30)
            assert world.value("aiops_queue_age_seconds") == 0

    world.play(scene)
    (message,) = world.handled
    assert (message.body, message.receive_count) == ("x", 1)
    assert (message.received_at - message.sent_at).total_seconds() == pytest.approx(40, abs=0.01)
    assert message.sender_id


def test_parking_copies_the_body_and_the_reason(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("{poison")
        async with running(world, world.consumer(says(Park("not JSON: line 1\nforged\u202e")))):
            await asyncio.sleep(2)

    world.play(scene)
    assert world.sqs.depth("aiops-events") == 0
    (parked,) = world.sqs.queues["dead"].stored.values()
    assert parked.body == "{poison"
    assert parked.attributes["aiops_reason"]["StringValue"] == "not JSON: line 1 forged "
    assert parked.attributes["aiops_message_id"]["StringValue"] == world.handled[0].message_id
    assert world.value("aiops_messages_parked_total", reason="not JSON") == 1


def test_a_body_as_large_as_sqs_takes_is_parked_without_attributes(world: World) -> None:
    body = "ü" * (512 * 1024)

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(body, "x" * (1024 * 1024 - 2501))
        async with running(world, world.consumer(says(Park("not JSON")))):
            await asyncio.sleep(2)

    world.play(scene)
    largest, large = world.sqs.queues["dead"].stored.values()
    assert largest.body == body
    assert largest.attributes == {}
    assert large.attributes["aiops_reason"]["StringValue"] == "not JSON"


def test_without_a_dead_letter_queue_nothing_is_lost_and_readiness_says_so(world: World) -> None:
    async def scene(world: World) -> None:
        await world.sqs.call("CreateQueue", {"QueueName": "aiops-events"})
        await world.send("{poison")
        consumer = world.consumer(says(Park("not JSON")))
        async with running(world, consumer):
            await asyncio.sleep(2)
            assert "no dead-letter queue" in str(consumer.ready)
            assert world.sqs.depth("aiops-events") == 1
            await world.sqs.call("CreateQueue", {"QueueName": "dead"})
            policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:dead", "maxReceiveCount": 9})}
            await world.sqs.call("SetQueueAttributes", {"QueueUrl": world.sqs.url("aiops-events"), "Attributes": policy})
            await asyncio.sleep(10)
            assert consumer.ready is None

    world.play(scene)
    assert world.sqs.depth("aiops-events") == 0
    assert world.sqs.depth("dead") == 1


def test_a_retry_comes_back_later_and_later(world: World) -> None:
    seen: list[tuple[int, float]] = []

    async def handle(message: Message) -> Disposition:
        seen.append((message.receive_count, world.clock.monotonic()))
        return Retry("table: throttled") if message.receive_count < 6 else Done()

    async def scene(world: World) -> None:
        await world.create_queues(max_receive_count=10)
        await world.send("x")
        async with running(world, world.consumer(handle, retry_base_seconds=10)):
            await asyncio.sleep(900)

    world.play(scene)
    assert [count for count, _ in seen] == [1, 2, 3, 4, 5, 6]
    for (count, earlier), (_, later) in itertools.pairwise(seen):
        assert later - earlier <= 10 * 2 ** (count - 1) + 1.2
    assert world.value("aiops_messages_retried_total", reason="table") == 5
    assert world.sqs.depth("aiops-events") == 0


def test_a_handler_that_raises_is_a_retry_and_the_daemon_lives(world: World) -> None:
    async def handle(message: Message) -> Disposition:
        if message.receive_count == 1 and message.body != "good":
            raise ZeroDivisionError if message.body == "bug" else Throttled("dynamodb update_item: slow down")
        return Done()

    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("bug", "busy", "good")
        async with running(world, world.consumer(handle)):
            await asyncio.sleep(30)

    world.play(scene)
    assert world.sqs.depth("aiops-events") == 0
    assert world.value("aiops_handler_errors_total") == 1
    assert world.value("aiops_messages_retried_total", reason="handler failed") == 1
    assert world.value("aiops_messages_retried_total", reason="Throttled") == 1  # without a traceback: it is no bug
    assert world.value("aiops_messages_done_total") == 3


def test_poison_that_always_fails_ends_in_the_dead_letter_queue(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues(max_receive_count=3)
        await world.send("x")
        async with running(world, world.consumer(says(Retry("never")))):
            await asyncio.sleep(300)

    world.play(scene)
    assert len(world.handled) == 3
    assert world.sqs.bodies("dead") == ["x"]


@pytest.mark.parametrize("code", ["AWS.SimpleQueueService.NonExistentQueue", "AccessDenied"])
def test_a_missing_or_forbidden_queue_is_red_until_it_is_there(world: World, code: str) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        world.sqs.fault = lambda operation, _: SqsError(code, "no") if operation == "ReceiveMessage" else None
        consumer = world.consumer(unavailable_cap_seconds=20)
        assert consumer.ready == "no receive has succeeded yet"
        async with running(world, consumer):
            await asyncio.sleep(3600)
            assert "cannot receive from" in str(consumer.ready)
            assert 3600 / 21 <= world.value("aiops_receives_total", result="failed") <= 3600
            world.sqs.fault = lambda _operation, _request: None
            await world.send("x")
            await asyncio.sleep(22)
            assert consumer.ready is None

    world.play(scene)
    assert len(world.handled) == 1


def test_without_the_permission_to_ask_for_attributes_it_works(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("good", "poison")
        world.sqs.fault = lambda operation, _: SqsError("AccessDenied", "no") if operation == "GetQueueAttributes" else None
        consumer = world.consumer(lambda message: says(Park("not JSON") if message.body == "poison" else Done())(message))
        async with running(world, consumer):
            await asyncio.sleep(2)
            assert world.sqs.bodies("aiops-events") == ["poison"]
            assert "cannot park" in str(consumer.ready)

    world.play(scene)


def test_a_queue_made_later_is_found_by_name(world: World) -> None:
    async def scene(world: World) -> None:
        consumer = world.consumer()
        async with running(world, consumer):
            await asyncio.sleep(60)
            assert consumer.ready is not None
            await world.create_queues()
            await asyncio.sleep(61)
            assert consumer.ready is None

    world.play(scene)


def test_one_hiccup_is_not_red(world: World) -> None:
    def fault(operation: str, _: Request) -> SqsError | None:
        hiccup = operation == "ReceiveMessage" and world.sqs.calls[operation] in {2, 3}
        return SqsError("InternalFailure", "try again") if hiccup else None

    async def scene(world: World) -> None:
        await world.create_queues()
        world.sqs.fault = fault
        consumer = world.consumer(wait_seconds=1)
        async with running(world, consumer):
            for _ in range(100):
                await asyncio.sleep(0.5)
                assert consumer.ready is None or world.sqs.calls["ReceiveMessage"] == 0
        assert world.value("aiops_receives_total", result="failed") == 2

    world.play(scene)


def test_deletes_that_are_forbidden_make_it_red(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send("x")
        world.sqs.fault = lambda operation, _: SqsError("AccessDenied", "no") if operation == "DeleteMessageBatch" else None
        consumer = world.consumer()
        async with running(world, consumer):
            await asyncio.sleep(5)
            assert "cannot delete" in str(consumer.ready)
            world.sqs.fault = lambda _operation, _request: None
            await asyncio.sleep(120)
            assert consumer.ready is None

    world.play(scene)
    assert world.sqs.depth("aiops-events") == 0
    assert len(world.handled) == 2


def test_the_idle_hour_costs_three_receives_a_minute(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        await world.send(*(str(number) for number in range(500)))  # load first: the extra pollers must leave again
        async with running(world, world.consumer()):
            await asyncio.sleep(60)
            before = world.sqs.calls.copy()
            await asyncio.sleep(3600)
            assert world.sqs.calls - before == {"ReceiveMessage": 180}

    world.play(scene)
    assert len(world.handled) == 500


def test_nothing_is_received_while_nothing_can_be_recorded(world: World) -> None:
    """An hour without the table: with a receive now and then, five of them would have sent the message to the dead letters."""
    away, known = True, False

    async def handle(_: Message) -> Disposition:
        nonlocal known
        known = away  # the first message finds out
        return Retry("cannot be recorded") if away else Done()

    async def scene(world: World) -> None:
        nonlocal away, known
        await world.create_queues()
        await world.send("x")
        async with running(world, world.consumer(handle, lambda: "the table is away" if known else None)):
            await asyncio.sleep(3600)
            assert (world.sqs.depth("aiops-events"), world.sqs.depth("dead")) == (1, 0)
            assert len(world.handled) <= 2, "a long poll that was in flight may bring it once more"
            away = known = False
            await asyncio.sleep(200)
            assert world.sqs.depth("aiops-events") == 0

    with capture_logs() as lines:
        world.play(scene)
    told = [line["event"] for line in lines if line["event"] in {LogEvent.INTAKE_HELD_BACK, LogEvent.INTAKE_GOES_ON}]
    assert told == [LogEvent.INTAKE_HELD_BACK, LogEvent.INTAKE_GOES_ON]


def test_an_intake_that_is_held_back_leaves_when_it_is_told(world: World) -> None:
    async def scene(world: World) -> None:
        await world.create_queues()
        async with running(world, world.consumer(closed=lambda: "the table is away")):
            await asyncio.sleep(10)
        assert world.sqs.calls.get("ReceiveMessage", 0) == 0

    world.play(scene)
