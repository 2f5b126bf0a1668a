"""Each test gets an empty embedded AWS in which bootstrap has run, and settings with short waits."""

import pytest
import pytest_asyncio

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.bootstrap import Bootstrap
from aiops_daemon.settings import load
from tests.doubles.stage import PROJECT, QUICK


@pytest.fixture
def quick(aws: AwsSession, monkeypatch: pytest.MonkeyPatch) -> AwsSession:
    """Nothing is made yet."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    return aws


@pytest_asyncio.fixture(loop_scope="session")
async def ready(quick: AwsSession, monkeypatch: pytest.MonkeyPatch) -> AwsSession:
    """Everything that the daemon needs is there."""
    bootstrap = Bootstrap(quick, load(), SystemClock())
    async for _ in bootstrap.run():
        pass
    monkeypatch.setenv("SNS_TOPIC_ARN", bootstrap.topic_arn)
    codebuild = await quick.client("codebuild")
    await codebuild.create_project(
        name=PROJECT, source={"type": "S3", "location": "a/b.zip"}, artifacts={"type": "NO_ARTIFACTS"},
        serviceRole="arn:aws:iam::123456789012:role/recovery",
        environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL",
                     "environmentVariables": [{"name": "PLAN_BUCKET", "value": "plans-123456789012"}]},
    )  # fmt: skip
    return quick
