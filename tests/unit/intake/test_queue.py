import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.intake.messages import Message
from aiops_daemon.intake.queue import Queue
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import NotFound
from tests.doubles.sqs_client import DoubleClient
from tests.doubles.sqs_double import SqsDouble
from tests.doubles.virtual_time import START, LoopClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sqs() -> SqsDouble:
    return SqsDouble(START.timestamp)


def queue_of(sqs: SqsDouble, **settings: object) -> Queue:
    return Queue(DoubleClient(sqs), DoubleClient(sqs), IntakeSettings.model_validate(settings), LoopClock())


async def create(sqs: SqsDouble, name: str, target: str | None = None) -> None:
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:1:{target}", "maxReceiveCount": 3})}
    await sqs.call("CreateQueue", {"QueueName": name, "Attributes": redrive if target else {}})


async def test_what_is_set_is_not_looked_up(sqs: SqsDouble) -> None:
    queue = queue_of(sqs, queue_url="https://x/1/a", dead_letter_queue_url="https://x/1/b")
    await queue.find()
    assert (queue.url, await queue.dead_letters(), queue.name) == ("https://x/1/a", "https://x/1/b", "https://x/1/a")
    assert not sqs.calls


async def test_queue_by_name_and_dead_letter_queue_by_redrive_policy(sqs: SqsDouble) -> None:
    queue = queue_of(sqs, queue_name="events")
    assert queue.name == "events"
    with pytest.raises(NotFound):
        await queue.find()
    await create(sqs, "dead")
    await create(sqs, "events", target="dead")
    await queue.find()
    assert (queue.url, await queue.dead_letters()) == (sqs.url("events"), sqs.url("dead"))
    calls = sqs.calls.total()
    await queue.find()
    await queue.dead_letters()
    assert sqs.calls.total() == calls


@pytest.mark.parametrize(("target", "said"), [(None, "no dead-letter queue"), ("gone", "does not exist")])
async def test_no_usable_dead_letter_queue(sqs: SqsDouble, target: str | None, said: str) -> None:
    await create(sqs, "aiops-events", target=target)
    queue = queue_of(sqs)
    await queue.find()
    with pytest.raises(NotFound, match=said):
        await queue.park(Message("m", "body", "m#1", 1, NOON, "", NOON), "because")


async def test_parking_in_a_fifo_queue_is_once_per_message() -> None:
    sent: list[dict[str, Any]] = []

    class Client:
        async def send_message(self, **request: Any) -> None:
            sent.append(request)

    queue = Queue(None, Client(), IntakeSettings(queue_url="q", dead_letter_queue_url="https://x/1/dead.fifo"), LoopClock())
    await queue.park(Message("m-1", "body", "m#1", 1, NOON, "", NOON), "\x00" + "x" * 1000)
    assert sent[0]["MessageDeduplicationId"] == "m-1"
    assert sent[0]["MessageAttributes"]["aiops_reason"]["StringValue"] == " " + "x" * 499


async def test_a_message_without_attributes_is_taken_as_new() -> None:
    class Client:
        async def receive_message(self, **_: Any) -> dict[str, Any]:
            return {"Messages": [{"MessageId": "m", "ReceiptHandle": "h"}]}

    class Noon:
        def now(self) -> datetime:
            return NOON

        def monotonic(self) -> float:
            raise NotImplementedError

        async def sleep(self, seconds: float) -> None:
            raise NotImplementedError

    queue = Queue(Client(), None, IntakeSettings(queue_url="q"), Noon())
    assert await queue.receive(1, 0) == [Message("m", "", "h", 1, NOON, "", NOON)]
