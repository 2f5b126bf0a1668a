"""A queue full of messages, and the least that anybody can do with it."""

from typing import Any

BATCH = 10


async def fill(sqs: Any, name: str, bodies: list[str]) -> str:
    url = str((await sqs.create_queue(QueueName=name))["QueueUrl"])
    for begin in range(0, len(bodies), BATCH):
        entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies[begin : begin + BATCH])]
        await sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return url


async def drain(sqs: Any, url: str, messages: int) -> None:
    """The floor of the intake: nothing but receive(10) and delete_batch(10)."""
    left = messages
    while left:
        found = (await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=BATCH)).get("Messages", [])
        entries = [{"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(found)]
        await sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        left -= len(found)
