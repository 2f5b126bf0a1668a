"""What the SDK does where it does not learn what came of a call."""

import asyncio

import pytest

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.model.errors import RetryLater


@pytest.mark.parametrize(("once", "sent"), [(False, 3), (True, 1)])
async def test_a_call_whose_answer_is_lost_is_sent_once_where_that_is_asked(once: bool, sent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        await reader.readuntil(b"\r\n\r\n")
        heard += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "double")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "double")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    async with server, AwsSession() as session:
        ec2 = await session.client("ec2", once=once)
        assert ec2 is await session.client("ec2", once=once)
        assert ec2 is not await session.client("ec2", once=not once)
        with pytest.raises(RetryLater):
            await ec2.terminate_instances(InstanceIds=["i-0123456789abcdef0"])
    assert heard == sent
