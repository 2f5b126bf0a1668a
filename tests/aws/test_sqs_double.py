"""The SQS double beside moto, through the real client: what both do must be the same, and what only AWS and the double do is named."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.intake.messages import Disposition, Done, Drop, Message, Park
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import AiopsError, GiveUp, InvalidInput, NotFound
from aiops_daemon.telemetry.metrics import Metrics
from tests.doubles.sqs_double import SqsDouble, SqsError
from tests.doubles.sqs_http import SqsHttp

pytestmark = pytest.mark.asyncio(loop_scope="session")
Sqs = Any


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def double() -> AsyncIterator[tuple[SqsHttp, AwsSession]]:
    clock = SystemClock()
    async with SqsHttp(SqsDouble(lambda: clock.now().timestamp())) as server, AwsSession() as session:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in {
                "AWS_ENDPOINT_URL_SQS": server.url,
                "AWS_ACCESS_KEY_ID": "double",
                "AWS_SECRET_ACCESS_KEY": "double",
                "AWS_DEFAULT_REGION": "us-east-1",
            }.items():
                environment.setenv(name, value)
            await session.client("sqs")
            await session.client("sqs", purpose="receive")
        yield server, session


@pytest.fixture
def server(double: tuple[SqsHttp, AwsSession]) -> SqsHttp:
    double[0].double.queues.clear()
    double[0].double.fault = lambda _operation, _request: None
    return double[0]


@pytest_asyncio.fixture(loop_scope="session")
async def double_sqs(server: SqsHttp, double: tuple[SqsHttp, AwsSession]) -> Sqs:
    return await double[1].client("sqs")


@pytest.fixture(params=["moto", "double"])
def session(request: pytest.FixtureRequest) -> AwsSession:
    found: AwsSession = request.getfixturevalue("aws") if request.param == "moto" else request.getfixturevalue("double")[1]
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def sqs(session: AwsSession) -> Sqs:
    return await session.client("sqs")


@pytest.fixture(autouse=True)
def _empty(server: SqsHttp) -> None:
    """Every test begins without queues in the double; the fixture `aws` does the same for moto."""


async def queue(sqs: Sqs, name: str = "events", **attributes: str) -> str:
    return str((await sqs.create_queue(QueueName=name, Attributes=attributes))["QueueUrl"])


async def receive(sqs: Sqs, url: str, most: int = 10, **more: Any) -> list[dict[str, Any]]:
    answer = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=most, MessageSystemAttributeNames=["All"], **more)
    found: list[dict[str, Any]] = answer.get("Messages", [])
    return found


async def test_queues_by_name(sqs: Sqs) -> None:
    url = await queue(sqs, VisibilityTimeout="45")
    assert await queue(sqs, VisibilityTimeout="45") == url
    assert (await sqs.get_queue_url(QueueName="events"))["QueueUrl"] == url
    assert (await sqs.list_queues())["QueueUrls"] == [url]
    attributes = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "VisibilityTimeout"]))["Attributes"]
    assert attributes == {"QueueArn": "arn:aws:sqs:us-east-1:123456789012:events", "VisibilityTimeout": "45"}
    await sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "50"})
    assert (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))["Attributes"]["VisibilityTimeout"] == "50"
    await sqs.delete_queue(QueueUrl=url)
    for call in (sqs.get_queue_url(QueueName="events"), sqs.receive_message(QueueUrl=url)):
        with pytest.raises(NotFound):
            await call


async def test_a_message_from_send_to_delete(sqs: Sqs) -> None:
    url = await queue(sqs)
    reason = {"reason": {"DataType": "String", "StringValue": "because"}}
    sent = await sqs.send_message(QueueUrl=url, MessageBody='{"ü": 1}', MessageAttributes=reason)
    (message,) = await receive(sqs, url, MessageAttributeNames=["All"])
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], '{"ü": 1}')
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MessageAttributes"]["reason"]["StringValue"] == "because"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(message["Attributes"])
    assert await receive(sqs, url) == []
    await sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    attributes = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"


async def test_visibility_by_change_and_by_time(sqs: Sqs) -> None:
    url = await queue(sqs)
    await sqs.send_message(QueueUrl=url, MessageBody="x")
    (first,) = await receive(sqs, url)
    await sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    (second,) = await receive(sqs, url, VisibilityTimeout=1)
    (third,) = await receive(sqs, url, WaitTimeSeconds=5)  # becomes visible after one second
    assert [each["Attributes"]["ApproximateReceiveCount"] for each in (first, second, third)] == ["1", "2", "3"]
    assert len({each["ReceiptHandle"] for each in (first, second, third)}) == 3


async def test_a_long_poll_returns_with_the_first_message(sqs: Sqs) -> None:
    url = await queue(sqs)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(receive(sqs, url, WaitTimeSeconds=20))
        await sqs.send_message(QueueUrl=url, MessageBody="x")
    assert [message["Body"] for message in poll.result()] == ["x"]


async def test_batches(sqs: Sqs) -> None:
    url = await queue(sqs)
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in range(10)]
    assert len((await sqs.send_message_batch(QueueUrl=url, Entries=entries))["Successful"]) == 10
    messages = await receive(sqs, url)
    assert sorted(message["Body"] for message in messages) == [str(number) for number in range(10)]
    handles = [{"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)]
    changed = await sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[*({**each, "VisibilityTimeout": 90} for each in handles[:9]), {"Id": "9", "ReceiptHandle": "?", "VisibilityTimeout": 9}],
    )
    assert len(changed["Successful"]) == 9
    (failed,) = changed["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("9", "ReceiptHandleIsInvalid", True)
    deleted = await sqs.delete_message_batch(QueueUrl=url, Entries=handles)
    assert len(deleted["Successful"]) == 10
    assert not deleted.get("Failed")


async def test_what_is_refused(sqs: Sqs) -> None:
    url = await queue(sqs)
    entry = {"Id": "1", "MessageBody": "x"}
    for call in (
        sqs.send_message_batch(QueueUrl=url, Entries=[]),
        sqs.send_message_batch(QueueUrl=url, Entries=[entry, entry]),
        sqs.send_message_batch(QueueUrl=url, Entries=[{**entry, "Id": str(number)} for number in range(11)]),
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle="?", VisibilityTimeout=1),
        sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11),
    ):
        with pytest.raises(GiveUp):
            await call
    assert await receive(sqs, url) == []


async def test_redrive_after_too_many_receives(sqs: Sqs) -> None:
    dead = await queue(sqs, "dead")
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 2}
    url = await queue(sqs, "events", RedrivePolicy=json.dumps(policy))
    sent = await sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert len(await receive(sqs, url, VisibilityTimeout=0)) == 1
    assert await receive(sqs, url, VisibilityTimeout=0) == []
    (message,) = await receive(sqs, dead)
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "poison")


async def test_purge(sqs: Sqs) -> None:
    url = await queue(sqs)
    await sqs.send_message(QueueUrl=url, MessageBody="x")
    await sqs.purge_queue(QueueUrl=url)
    assert await receive(sqs, url) == []


async def test_stale_receipt_handles_change_nothing(double_sqs: Sqs) -> None:
    """As on AWS, whose delete answers 200; moto deletes."""
    url = await queue(double_sqs)
    await double_sqs.send_message(QueueUrl=url, MessageBody="x")
    (old,) = await receive(double_sqs, url, VisibilityTimeout=0)
    (new,) = await receive(double_sqs, url, VisibilityTimeout=0)
    await double_sqs.delete_message(QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    await double_sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=old["ReceiptHandle"], VisibilityTimeout=60)
    with pytest.raises(AiopsError, match="MessageNotInflight"):
        await double_sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=new["ReceiptHandle"], VisibilityTimeout=60)
    (again,) = await receive(double_sqs, url)
    await double_sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    await double_sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert await receive(double_sqs, url) == []


async def test_delays_limits_and_faults(double_sqs: Sqs, server: SqsHttp) -> None:
    url = await queue(double_sqs)
    await double_sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=1)
    assert await receive(double_sqs, url) == []
    (message,) = await receive(double_sqs, url, WaitTimeSeconds=5)
    with pytest.raises(SqsError, match="bytes"):
        await server.double.call("SendMessage", {"QueueUrl": url, "MessageBody": "x" * (1024 * 1024 + 1)})
    with pytest.raises(InvalidInput):
        await double_sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=50_000)
    with pytest.raises(GiveUp):
        await double_sqs.create_queue(QueueName="events", Attributes={"VisibilityTimeout": "31"})
    with pytest.raises(GiveUp, match="not part of this double"):
        await double_sqs.list_queue_tags(QueueUrl=url)
    server.double.fault = lambda operation, _: SqsError("AccessDenied", "no") if operation == "GetQueueUrl" else None
    with pytest.raises(AiopsError, match="AccessDenied"):
        await double_sqs.get_queue_url(QueueName="events")


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # aiohttp's word to whoever sends a full MiB
async def test_a_full_mebibyte_of_quotes_passes(double_sqs: Sqs, server: SqsHttp) -> None:
    url = await queue(double_sqs)
    await double_sqs.send_message(QueueUrl=url, MessageBody='"' * 1024 * 1024)  # twice as long in JSON
    assert server.double.bodies("events") == ['"' * 1024 * 1024]


async def test_shuffled_delivery_loses_nothing() -> None:
    double = SqsDouble(lambda: 0.0, shuffle=random.Random(1))
    await double.call("CreateQueue", {"QueueName": "q"})
    url = double.url("q")
    for number in range(30):
        await double.call("SendMessage", {"QueueUrl": url, "MessageBody": str(number)})
    bodies = [
        message["Body"]
        for _ in range(3)
        for message in (await double.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}))["Messages"]
    ]
    assert bodies != sorted(bodies, key=int)
    assert sorted(bodies, key=int) == [str(number) for number in range(30)]


async def test_the_consumer_on_the_real_client(double: tuple[SqsHttp, AwsSession], server: SqsHttp) -> None:
    """Everything at once over HTTP: done, dropped, parked, and a stop in order."""
    sqs = await double[1].client("sqs")
    await queue(sqs, "dead")
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 5}
    url = await queue(sqs, "aiops-events", RedrivePolicy=json.dumps(policy))
    for number in range(60):
        await sqs.send_message(QueueUrl=url, MessageBody=str(number))
    stop = asyncio.Event()
    answers: list[Disposition] = [Done(), Drop("not ours"), Park("not JSON")]
    seen: list[str] = []

    async def handle(message: Message) -> Disposition:
        seen.append(message.body)
        if len(seen) == 60:
            stop.set()
        return answers[int(message.body) % 3]

    metrics = Metrics()
    receiver = await double[1].client("sqs", purpose="receive")
    consumer = Consumer(receiver, sqs, IntakeSettings(wait_seconds=1), SystemClock(), metrics.intake, handle)
    async with asyncio.timeout(20):
        await consumer.run(stop)
    assert sorted(seen, key=int) == [str(number) for number in range(60)]
    assert server.double.depth("aiops-events") == 0
    assert sorted(server.double.bodies("dead"), key=int) == [str(number) for number in range(2, 60, 3)]
