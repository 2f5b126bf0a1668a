"""SNS: the channel that every installation has. The whole timeline fits: a message may have 256 KB."""

from typing import Any

from aiops_daemon.model.notice import Notice
from aiops_daemon.notifiers.render import ascii_line, cut_bytes, plain_text
from aiops_daemon.ports import AwsClients

SUBJECT_LIMIT = 100  # ASCII, one line
MESSAGE_LIMIT = 262_144 - 2_048  # attributes count too


class SnsNotifier:
    """Attributes `kind`, `severity` and `incident_id` are there for the subscribers' filter policies."""

    name = "sns"

    def __init__(self, topic_arn: str, clients: AwsClients) -> None:
        self._topic = topic_arn
        self._clients = clients

    async def deliver(self, notice: Notice) -> None:
        client = await self._clients.client("sns", region=self._topic.split(":")[3])
        await client.publish(
            TopicArn=self._topic,
            Subject=ascii_line(notice.subject, SUBJECT_LIMIT) or "aiops-daemon",
            Message=cut_bytes(plain_text(notice), MESSAGE_LIMIT),
            MessageAttributes={
                "kind": {"DataType": "String", "StringValue": notice.kind.value},
                "severity": {"DataType": "Number", "StringValue": str(notice.severity)},
                "incident_id": {"DataType": "String", "StringValue": notice.incident_id},
            },
            **self._ordering(notice),
        )

    def _ordering(self, notice: Notice) -> dict[str, Any]:
        if not self._topic.endswith(".fifo"):
            return {}
        return {"MessageGroupId": notice.incident_id, "MessageDeduplicationId": notice.notice_id[:128]}
