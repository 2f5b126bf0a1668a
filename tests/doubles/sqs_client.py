"""An aiobotocore-like client of the SQS double in this process: no socket, the errors of model.errors."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from botocore.exceptions import ClientError

from aiops_daemon.aws.errors import translate
from tests.doubles.sqs_double import SqsDouble, SqsError


class DoubleClient:
    """`await client.receive_message(QueueUrl=...)`."""

    def __init__(self, double: SqsDouble) -> None:
        self._double = double

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        operation = re.sub("(?:^|_)([a-z])", lambda match: match[1].upper(), name)

        async def call(**request: Any) -> Any:
            try:
                return await self._double.call(operation, request)
            except SqsError as error:
                answer = {"Error": {"Code": error.code, "Message": str(error)}, "ResponseMetadata": {"HTTPStatusCode": 400}}
                raise translate(ClientError(answer, operation), f"sqs {name}") from error

        return call
