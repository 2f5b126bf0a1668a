"""Fixtures for every part. The embedded AWS starts once for a test session; the clients are made once, on one event loop."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.embedded.aws import EmbeddedAws


@pytest.fixture(scope="session")
def _embedded_process() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(terraform=False) as aws:
        yield aws


@pytest.fixture
def embedded_aws(_embedded_process: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> EmbeddedAws:
    """The embedded AWS, emptied; the environment of this process points at it."""
    for name, value in _embedded_process.environment.items():
        monkeypatch.setenv(name, value)
    _embedded_process.reset()
    return _embedded_process


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _clients() -> AsyncIterator[AwsSession]:
    async with AwsSession() as session:
        yield session


@pytest.fixture
def aws(embedded_aws: EmbeddedAws, _clients: AwsSession) -> AwsSession:
    """Clients on the session's event loop: the test says `pytestmark = pytest.mark.asyncio(loop_scope="session")`."""
    return _clients
