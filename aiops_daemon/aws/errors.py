"""Translate botocore's errors once: the caller learns what to do, not what a library calls it."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import ClientError as HttpError
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError
from botocore.parsers import ResponseParserError

from aiops_daemon.model.errors import (
    AiopsError,
    ConditionFailed,
    ConfigurationError,
    GiveUp,
    InvalidInput,
    NotFound,
    NotPermitted,
    RetryLater,
    Throttled,
)

# What botocore, or the network under it, raises; a parser's error is the page of a proxy where AWS's answer should be.
FOREIGN = (ClientError, BotoCoreError, ResponseParserError, HttpError, TimeoutError, OSError)
_SAID = 600  # of the service's own words
_THROTTLED = (
    "Throttl",
    "TooManyRequests",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceeded",
    "SlowDown",
    "LimitExceeded",
)
_DENIED = ("AccessDenied", "Unauthorized", "NotAuthorized", "InvalidClientTokenId", "UnrecognizedClient", "ExpiredToken", "OptInRequired",
           "AuthFailure", "AuthorizationError", "SignatureDoesNotMatch", "KMS.AccessDenied", "InvalidSignature")  # fmt: skip
_ABSENT = ("NotFound", "NonExistent", "DoesNotExist", "NoSuch", "ResourceNotFound", "NotExist")
_INVALID = (
    "Validation",
    "InvalidParameter",
    "MalformedQuery",
    "Malformed",
    "InvalidInput",
    "MissingParameter",
    "InvalidRequest",
)


def translate(error: Exception, doing: str) -> AiopsError:
    """`doing` names the call, e.g. `dynamodb UpdateItem`; the original stays as __cause__ of the raised error."""
    if isinstance(error, ClientError):
        return _translate_answer(error, doing)
    if isinstance(error, NoCredentialsError):
        return ConfigurationError(f"{doing}: no AWS credentials found (a role, AWS_PROFILE or AWS_ACCESS_KEY_ID)")
    if isinstance(error, ParamValidationError):
        return InvalidInput(f"{doing}: {error}")
    return RetryLater(f"{doing}: {_one_line(error)}")  # connection, time-out, end of stream: nobody answered


def _translate_answer(error: ClientError, doing: str) -> AiopsError:
    answer = error.response.get("Error", {})
    code = str(answer.get("Code", "Unknown"))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    text = f"{doing}: {code}: {_one_line(answer.get('Message', ''))}"
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(text, error.response.get("Item"))
    for marks, kind in (
        (_THROTTLED, Throttled),
        (_DENIED, NotPermitted),
        (_ABSENT, NotFound),
        (_INVALID, InvalidInput),
    ):
        if any(mark in code for mark in marks):
            return kind(text)
    if status >= 500 or code in {"InternalError", "InternalFailure", "ServiceUnavailable", "RequestTimeout"}:
        return RetryLater(text)
    return GiveUp(text)


def _one_line(said: object) -> str:
    """Reasons stand in logs, pages and on a terminal: an HTML page must not fill them."""
    text = " ".join(str(said).split())
    return text if len(text) <= _SAID else text[:_SAID] + " [...]"


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """What is FOREIGN inside comes out as one of model.errors."""
    try:
        yield
    except FOREIGN as error:
        raise translate(error, doing) from error
