"""The SQS calls that the intake makes, typed. Receives go through a client of their own: behind long polls a delete waited 3.6 s for
a free connection.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiops_daemon.intake.messages import Message
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import NotFound
from aiops_daemon.ports import Clock

BATCH = 10  # messages of a receive, and entries of a batch call: the most that SQS takes
_MAX_REASON_CHARS = 500
MAX_BYTES = 1024 * 1024  # body and attributes together
_ATTRIBUTES = ["ApproximateReceiveCount", "SentTimestamp", "SenderId"]


@dataclass(frozen=True, slots=True)
class Refused:
    """One entry of a batch that did not get through. `final`: our fault, so trying again is useless."""

    index: int
    code: str
    final: bool


class Queue:
    """`receiver` and `changer` are aiobotocore SQS clients that raise model.errors."""

    def __init__(self, receiver: Any, changer: Any, settings: IntakeSettings, clock: Clock) -> None:
        self._receiver = receiver
        self._changer = changer
        self._settings = settings
        self._clock = clock
        self.url: str | None = settings.queue_url
        self.dead_letter_url: str | None = settings.dead_letter_queue_url

    @property
    def name(self) -> str:
        """For people."""
        return self.url or self._settings.queue_name

    async def find(self) -> None:
        """Look the URL up by the name, where it is not set."""
        if self.url is None:
            self.url = str((await self._changer.get_queue_url(QueueName=self._settings.queue_name))["QueueUrl"])

    async def dead_letters(self) -> str | None:
        """URL of the dead-letter queue: as set, else the target of the redrive policy. Looked up when it is first needed, so that
        the intake runs without the permission to ask, and again until there is one."""
        if self.dead_letter_url is None:
            answer = await self._changer.get_queue_attributes(QueueUrl=self.url, AttributeNames=["RedrivePolicy"])
            policy = answer.get("Attributes", {}).get("RedrivePolicy")
            if not policy:
                return None
            *_, account, name = str(json.loads(policy)["deadLetterTargetArn"]).split(":")
            answer = await self._changer.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
            self.dead_letter_url = str(answer["QueueUrl"])
        return self.dead_letter_url

    async def receive(self, most: int, wait_seconds: int) -> list[Message]:
        """Long poll for at most `most` messages (1..10)."""
        answer = await self._receiver.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=self._settings.visibility_seconds,
            MessageSystemAttributeNames=_ATTRIBUTES,
        )
        now = self._clock.now()
        return [_message(raw, now) for raw in answer.get("Messages", ())]

    async def delete(self, messages: Sequence[Message]) -> list[Refused]:
        """At most ten."""
        entries = [{"Id": str(index), "ReceiptHandle": message.receipt_handle} for index, message in enumerate(messages)]
        return _refused(await self._changer.delete_message_batch(QueueUrl=self.url, Entries=entries))

    async def set_visibility(self, changes: Sequence[tuple[Message, int]]) -> list[Refused]:
        """Invisible for so many seconds from now (0: at once visible to others); at most ten."""
        entries = [
            {"Id": str(index), "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": seconds}
            for index, (message, seconds) in enumerate(changes)
        ]
        return _refused(await self._changer.change_message_visibility_batch(QueueUrl=self.url, Entries=entries))

    async def depth(self, url: str) -> int:
        """Visible messages, approximately."""
        name = "ApproximateNumberOfMessages"
        answer = await self._changer.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    async def park(self, message: Message, reason: str) -> None:
        """Copy it to the dead-letter queue, saying why. Whoever redrives it gets the body as it was."""
        target = await self.dead_letters()
        if target is None:
            raise NotFound(f"{self.name} has no dead-letter queue")
        said = {
            "aiops_reason": "".join(c if c.isprintable() else " " for c in reason[:_MAX_REASON_CHARS]) or "unspecified",
            "aiops_message_id": message.message_id,
            "aiops_sent_at": message.sent_at.isoformat(),
        }
        request: dict[str, Any] = {"QueueUrl": target, "MessageBody": message.body}
        if len(message.body.encode()) + 5 * _MAX_REASON_CHARS < MAX_BYTES:  # else the reason stands in the log only
            request["MessageAttributes"] = {name: {"DataType": "String", "StringValue": value} for name, value in said.items()}
        if target.endswith(".fifo"):
            request |= {"MessageGroupId": "aiops-daemon", "MessageDeduplicationId": message.message_id}
        await self._changer.send_message(**request)


def _message(raw: dict[str, Any], now: datetime) -> Message:
    attributes = raw.get("Attributes", {})
    sent = attributes.get("SentTimestamp")
    return Message(
        message_id=raw["MessageId"],
        body=raw.get("Body", ""),
        receipt_handle=raw["ReceiptHandle"],
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else now,
        sender_id=attributes.get("SenderId", ""),
        received_at=now,
    )


def _refused(answer: dict[str, Any]) -> list[Refused]:
    return [Refused(int(entry["Id"]), str(entry.get("Code", "")), bool(entry.get("SenderFault"))) for entry in answer.get("Failed", ())]
