"""One version of an object: read whole, not read when it is too big, worth another try when it breaks off."""

from typing import Any

import pytest
from aiohttp import ClientPayloadError

from aiops_daemon.aws.objects import read_object
from aiops_daemon.model.errors import RetryLater
from tests.doubles.scripted_aws import ScriptedAws


class Body:
    """What S3 streams."""

    def __init__(self, answer: bytes | Exception) -> None:
        self._answer = answer

    async def read(self) -> bytes:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def s3(answer: bytes | Exception, length: int = 5) -> Any:
    return ScriptedAws(get_object=[{"ContentLength": length, "Body": Body(answer)}])


async def test_the_named_version_is_read() -> None:
    client = s3(b"hello")
    assert await read_object(client, "b", "k", "v1", 5) == b"hello"
    assert client.asked == [("get_object", {"Bucket": "b", "Key": "k", "VersionId": "v1"})]


async def test_what_is_too_big_is_not_read() -> None:
    assert await read_object(s3(AssertionError("read"), 6), "b", "k", "v1", 5) is None


@pytest.mark.parametrize("error", [ClientPayloadError("half of it"), ConnectionResetError(), TimeoutError()])
async def test_a_body_that_breaks_off_may_be_read_again(error: Exception) -> None:
    with pytest.raises(RetryLater):
        await read_object(s3(error), "b", "k", "v1", 5)
