"""What one full recovery costs in AWS calls. Calls are the daemon's CPU and its bill: this number only goes down."""

from collections import Counter

import pytest

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.cli import demo_events as events
from aiops_daemon.embedded.aws import EmbeddedAws
from tests.doubles.stage import Stage, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
REGION = "us-east-1"
# Ours, beside the action's own and the probe's own. Lower them when you save one; raising one needs a reason.
RECORDED = {"stopped": 20, "cooldown": 6, "denied": 9}
THEIRS = frozenset({"ec2", "codebuild"})
RECEIVE = "sqs:ReceiveMessage"  # idle long polls are not the recovery's: one is counted, the one that brought the message


@pytest.fixture
def calm(ready: AwsSession, monkeypatch: pytest.MonkeyPatch) -> AwsSession:
    """No scan meanwhile but those that the recovery asks for."""
    monkeypatch.setenv("AIOPS_WORKFLOW__SCAN_INTERVAL_SECONDS", "600")
    return ready


async def warm(stage: Stage) -> None:
    """What every start does once is done: the first scan, the first look at the queues and at the guard rails, which ends with a query."""
    await stage.until(lambda: stage.parts.metrics.registry.get_sample_value("aiops_queue_messages", {"queue": "dead-letters"}) is not None)
    await stage.until(lambda: stage.daemon.consumer.ready is None)
    await stage.until(lambda: stage.metric("aiops_aws_calls_total", service="dynamodb", operation="query", result="ok") >= 2)


async def spent(stage: Stage, aws: EmbeddedAws, body: str) -> Counter[str]:
    """Every call from the message on the queue to the closed incident and the deleted message."""

    def deleted() -> float:
        return stage.metric("aiops_aws_calls_total", service="sqs", operation="delete_message_batch", result="ok")

    url, sqs = await stage.queue(), await stage.aws.client("sqs")
    already, before = deleted(), Counter(aws.calls())
    await sqs.send_message(QueueUrl=url, MessageBody=body)
    await stage.until(lambda: deleted() > already and not stage.parts.workers._active)
    calls = Counter(aws.calls()) - before
    calls[RECEIVE] = 1
    return calls - Counter({"sqs:SendMessage": 1})  # the test's own


def ours(calls: Counter[str]) -> int:
    return sum(count for name, count in calls.items() if name.partition(":")[0] not in THEIRS)


async def test_a_recovery_costs_no_more_calls_than_recorded_and_a_cooldown_far_fewer(calm: AwsSession, embedded_aws: EmbeddedAws) -> None:
    async with running(calm) as stage:
        await warm(stage)
        instance = await stage.stopped_instance()
        recovery = await spent(stage, embedded_aws, events.api_call("StopInstances", instance, region=REGION))
        again = await spent(stage, embedded_aws, events.api_call("StopInstances", instance, region=REGION))
        states = [incident.workflow_state.value for incident in await stage.incidents(instance)]
    assert states == ["COOLDOWN", "COMPLETED"]
    assert ours(recovery) <= RECORDED["stopped"], dict(recovery)
    assert ours(again) <= RECORDED["cooldown"], dict(again)


async def test_a_denied_call_costs_no_more_calls_than_recorded(calm: AwsSession, embedded_aws: EmbeddedAws) -> None:
    async with running(calm) as stage:
        await warm(stage)
        body = events.api_call("TerminateInstances", await stage.instance(), region=REGION, error="Client.UnauthorizedOperation")
        calls = await spent(stage, embedded_aws, body)
    assert ours(calls) <= RECORDED["denied"], dict(calls)


async def test_what_is_expected_costs_a_receive_and_a_delete(calm: AwsSession, embedded_aws: EmbeddedAws) -> None:
    async with running(calm) as stage:
        await warm(stage)
        calls = await spent(stage, embedded_aws, events.state_change("running", await stage.instance(), region=REGION))
    assert calls == Counter({RECEIVE: 1, "sqs:DeleteMessageBatch": 1})
