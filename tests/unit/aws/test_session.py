"""The client proxy: our errors, a word to the observer; the session: one client per service, home and other accounts."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aiops_daemon.aws.session import AwsSession, AwsSettings, Client
from aiops_daemon.model.errors import ConfigurationError, NotFound, NotPermitted, RetryLater

Seen = list[tuple[str, str, str]]


class Raw:
    """Stands for an aiobotocore client."""

    region = "eu-west-1"

    def __init__(self, answer: object = None) -> None:
        self.answer = answer
        self.looked_up = 0
        self.entered = asyncio.Event()

    @property
    def describe(self) -> Any:
        self.looked_up += 1
        return self._describe

    async def _describe(self, **parameters: object) -> object:
        self.entered.set()
        if isinstance(self.answer, BaseException):
            raise self.answer
        if self.answer is asyncio:
            await asyncio.Event().wait()
        return self.answer or parameters

    def get_paginator(self, name: str) -> str:
        return f"pages of {name}"


@pytest.fixture
def session() -> tuple[AwsSession, Seen]:
    seen: Seen = []
    session = AwsSession()
    session.observe(lambda service, operation, result, seconds: seen.append((service, operation, result)) if seconds >= 0 else None)
    return session, seen


async def test_a_call_is_passed_on_and_told_to_the_observer(session: tuple[AwsSession, Seen]) -> None:
    raw = Raw()
    client = Client(raw, "ec2", session[0])
    assert await client.describe(Id="i-1") == {"Id": "i-1"}
    assert await client.describe(Id="i-2") == {"Id": "i-2"}
    assert session[1] == [("ec2", "describe", "ok")] * 2
    assert raw.looked_up == 1  # the second call costs no look-up


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "Describe"), NotFound),
        (TimeoutError(), RetryLater),
        (ConnectionResetError(), RetryLater),
        (KeyError("a bug"), KeyError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_an_error_comes_out_as_ours_and_is_told_by_its_class(
    session: tuple[AwsSession, Seen], error: Exception, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await Client(Raw(error), "ecs", session[0]).describe()
    assert session[1] == [("ecs", "describe", kind.__name__)]


async def test_a_table_that_is_missing_is_named_since_the_answer_does_not(session: tuple[AwsSession, Seen]) -> None:
    error = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "Requested resource not found"}}, "Describe")
    with pytest.raises(NotFound, match=r"^dynamodb describe aiops-incidents: ResourceNotFoundException: Requested resource not found$"):
        await Client(Raw(error), "dynamodb", session[0]).describe(TableName="aiops-incidents")


async def test_a_cancelled_call_is_not_counted_as_a_good_one(session: tuple[AwsSession, Seen]) -> None:
    raw = Raw(asyncio)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await Client(raw, "sqs", session[0]).describe()
    assert session[1] == [("sqs", "describe", "cancelled")]


def test_what_is_no_call_is_handed_through(session: tuple[AwsSession, Seen]) -> None:
    client = Client(Raw(), "ec2", session[0])
    assert (client.region, client.get_paginator("x")) == ("eu-west-1", "pages of x")
    with pytest.raises(AttributeError):
        client.no_such_operation  # noqa: B018  # the look-up is the test


@pytest.fixture
async def real(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AwsSession]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    async with AwsSession(AwsSettings(region="eu-west-1", max_attempts=2)) as session:
        yield session


async def test_one_client_per_service_region_and_purpose(real: AwsSession) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(real.client("sqs")) for _ in range(3)]
    first = tasks[0].result()
    assert all(task.result() is first for task in tasks)
    assert await real.client("sqs", purpose="receive") is not first
    assert await real.client("sqs", region="us-west-2") is not first
    assert await real.region() == "eu-west-1"


async def test_settings_and_the_endpoint_of_a_service_reach_the_client(real: AwsSession) -> None:
    sqs = (await real.client("sqs")).raw.meta
    assert sqs.endpoint_url == "http://127.0.0.1:9"
    assert sqs.config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert (await real.client("sns")).raw.meta.endpoint_url == "https://sns.eu-west-1.amazonaws.com"


async def test_our_own_account_needs_no_role_and_another_one_is_refused_without(real: AwsSession) -> None:
    home = real.home("111111111111")
    assert await home.client("sqs", account="111111111111") is await real.client("sqs")
    with pytest.raises(NotPermitted, match="222222222222"):
        await home.client("sqs", account="222222222222")


async def test_without_a_region_one_line_says_which_setting_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with AwsSession(AwsSettings()) as session:
        with pytest.raises(ConfigurationError, match="AWS_DEFAULT_REGION"):
            await session.client("sqs")


@pytest.mark.parametrize(("name", "value"), [("AWS_DEFAULT_REGION", " "), ("AWS_ENDPOINT_URL", "nonsense")])
async def test_a_region_or_an_endpoint_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for known, sane in {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}.items():
        monkeypatch.setenv(known, sane)
    monkeypatch.setenv(name, value)
    async with AwsSession(AwsSettings()) as session:
        with pytest.raises(ConfigurationError, match=name):
            await session.client("sqs")


@pytest.mark.parametrize("frozen", [False, True])
async def test_what_a_client_brings_is_left_out_of_collections_only_where_asked_and_only_while_the_session_is_open(
    frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def make(self: AwsSession, service: str, *_: object, **__: object) -> Client:
        return Client(Raw(), service, self)

    monkeypatch.setattr(AwsSession, "_make", make)
    gc.unfreeze()
    async with AwsSession(frozen=frozen) as clients:
        await clients.client("sqs")
        first = gc.get_freeze_count()
        assert (first > 0) is frozen
        new: list[list[object]] = [[] for _ in range(1000)]
        await clients.client("sqs")
        assert gc.get_freeze_count() <= first, "nothing was made"
        await clients.client("ec2")
        assert (gc.get_freeze_count() >= first + len(new)) is frozen
    assert gc.get_freeze_count() == 0
