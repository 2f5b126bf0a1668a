"""What goes wrong around the daemon, and what it does then: it keeps messages, it acts on nothing that it cannot record, it stays up."""

import json
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.bootstrap import incident_table
from aiops_daemon.cli import demo_events as events
from aiops_daemon.embedded.aws import EmbeddedAws
from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.settings import load
from tests.doubles.model_server import GOOD, ModelServer, Refuse
from tests.doubles.stage import Relay, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
REGION = "us-east-1"
TOPIC = "arn:aws:sns:us-east-1:123456789012:later"


POISON = ("not json", '{"half": ', "[" * 3000 + "]" * 3000, json.dumps({"some": "thing"}))


async def test_poisonous_messages_are_parked_once_each_with_a_reason_and_their_bodies_untouched(ready: AwsSession) -> None:
    async with running(ready) as stage:
        for body in POISON:
            await stage.send(body)
        await stage.until(stage.on_queue_empty)
        parked = await stage.parked()
        assert stage.metric("aiops_handler_errors_total") == 0
    assert sorted(message["Body"] for message in parked) == sorted(POISON)
    assert all(message["MessageAttributes"]["aiops_reason"]["StringValue"] for message in parked)


async def test_poison_between_good_messages_holds_nobody_up(ready: AwsSession) -> None:
    async with running(ready) as stage:
        instance = await stage.stopped_instance()
        await stage.send("not json")
        await stage.send(events.api_call("StopInstances", instance, region=REGION))
        await stage.send("not json either")
        (incident,) = await stage.at_rest(instance)
    assert incident.outcome is Outcome.VERIFIED


async def test_a_missing_queue_or_table_makes_readiness_red_the_process_stays_up_and_turns_green_when_it_is_made(quick: AwsSession) -> None:
    async with running(quick) as stage:

        async def answers(status: int) -> bool:
            return (await stage.get("/readyz"))[0] == status

        await stage.until(lambda: stage.metric("aiops_receives_total", result="failed") >= 2)
        status, body = await stage.get("/readyz")
        assert status == 503
        reasons = {check["name"]: check["reason"] for check in json.loads(body)["checks"]}
        assert "aiops-events" in reasons["queue"]
        assert "incidents cannot be read" in reasons["table"]
        assert (await stage.get("/healthz"))[0] == 200
        await (await quick.client("sqs")).create_queue(QueueName="aiops-events")
        await (await quick.client("dynamodb")).create_table(**incident_table("aiops-incidents"))
        await stage.until(lambda: answers(200))


async def test_a_missing_topic_delays_no_recovery_and_the_notice_arrives_once_there_is_one(
    ready: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNS_TOPIC_ARN", TOPIC)
    async with running(ready) as stage:
        instance = await stage.stopped_instance()
        await stage.send(events.api_call("StopInstances", instance, region=REGION))
        (incident,) = await stage.at_rest(instance, until=State.COMPLETED)

        async def tried() -> bool:
            return all(entry.attempts for entry in (await stage.incident(incident.incident_id)).outbox.values())

        await stage.until(tried)
        waiting = await stage.incident(incident.incident_id)
        assert (waiting.outcome, await stage.state_of(instance)) == (Outcome.VERIFIED, "running")
        assert not any(entry.delivered for entry in waiting.outbox.values())
        assert waiting.due_at is not None
        sns, sqs = await ready.client("sns"), await ready.client("sqs")
        assert (await sns.create_topic(Name="later"))["TopicArn"] == TOPIC
        url = (await sqs.create_queue(QueueName="ears"))["QueueUrl"]
        await sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:ears")
        stage.clock.ahead = waiting.due_at - stage.clock.now()
        (closed,) = await stage.at_rest(instance)
        assert all(entry.delivered for entry in closed.outbox.values())
        heard = (await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0, MaxNumberOfMessages=10))["Messages"]
    assert len(heard) == 1
    assert incident.incident_id in heard[0]["Body"]


async def test_without_dynamodb_nothing_is_acknowledged_and_nothing_runs_until_it_is_back(
    ready: AwsSession, embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Relay(embedded_aws.endpoint) as relay:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", relay.url)
        relay.down = True
        async with running(ready) as stage:
            instance = await stage.stopped_instance()
            await stage.send(events.api_call("StopInstances", instance, region=REGION))
            await stage.until(lambda: stage.parts.workers.ready is not None)
            refused = {"service": "dynamodb", "operation": "query", "result": "RetryLater"}  # a scan a second: meanwhile five receives
            # would have brought it to the dead letters
            await stage.until(lambda: stage.metric("aiops_aws_calls_total", **refused) >= 6)
            assert stage.metric("aiops_messages_received_total") <= 2, "what cannot be recorded is not received again and again"
            assert (await stage.on_queue(), await stage.parked()) == (1, [])
            assert embedded_aws.calls().get("ec2:StartInstances", 0) == 0
            assert await stage.state_of(instance) == "stopped"
            assert (await stage.get("/healthz"))[0] == 200
            relay.down = False
            (incident,) = await stage.at_rest(instance)
            assert incident.outcome is Outcome.VERIFIED
            await stage.until(stage.on_queue_empty)


async def test_dynamodb_failing_in_the_middle_stops_before_the_effect_and_the_incident_goes_on_later(
    ready: AwsSession, embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_WORKFLOW__LEASE_SECONDS", "5")
    async with Relay(embedded_aws.endpoint) as relay:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", relay.url)
        async with running(ready) as stage:
            instance = await stage.stopped_instance()
            relay.down_after = 3  # recorded and claimed, no more
            await stage.send(events.api_call("StopInstances", instance, region=REGION))
            await stage.until(lambda: relay.refused >= 2)
            assert embedded_aws.calls().get("ec2:StartInstances", 0) == 0
            relay.down_after, relay.down = None, False
            stage.clock.ahead = timedelta(minutes=1)
            (incident,) = await stage.at_rest(instance)
    assert incident.outcome is Outcome.VERIFIED
    assert embedded_aws.calls()["ec2:StartInstances"] == 1


UNUSABLE: tuple[tuple[list[Any], str], ...] = (
    ([Refuse(403, "AccessDeniedException")], "NotPermitted"),
    ([Refuse(429, "ThrottlingException")], "RetryLater"),
    (["fine!"], "GiveUp"),
    ([None], "RetryLater"),  # slow
)


async def test_without_the_model_the_rules_decide_and_the_record_says_that_it_is_degraded(
    ready: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ModelServer([GOOD]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        monkeypatch.setenv("AIOPS_MODEL__PROVIDER", "bedrock")
        monkeypatch.setenv("AIOPS_MODEL__TIMEOUT_SECONDS", "1")
        async with running(ready) as stage:
            for script, why in UNUSABLE:
                server.script = list(script)
                before = stage.metric("aiops_model_degraded_total", reason=why)
                instance = await stage.stopped_instance()
                await stage.send(events.api_call("StopInstances", instance, region=REGION))
                (incident,) = await stage.at_rest(instance)
                verdict = incident.results["verdict"]
                assert isinstance(verdict, dict)
                assert (verdict["degraded"], verdict["analyst"]) == (True, "rules"), script
                assert incident.outcome is Outcome.VERIFIED, script
                assert stage.metric("aiops_model_degraded_total", reason=why) == before + 1


async def test_a_model_that_answers_is_on_the_record(ready: AwsSession, monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer([GOOD | {"reasoning": "seen by the model"}]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        monkeypatch.setenv("AIOPS_MODEL__PROVIDER", "bedrock")
        async with running(ready) as stage:
            instance = await stage.stopped_instance()
            await stage.send(events.api_call("StopInstances", instance, region=REGION))
            (incident,) = await stage.at_rest(instance)
    assert any("seen by the model" in entry.note for entry in incident.audit)
    assert incident.outcome is Outcome.VERIFIED


async def test_the_kill_switch_of_the_fleet_stops_the_step_and_nothing_runs(ready: AwsSession, embedded_aws: EmbeddedAws) -> None:
    async with running(ready) as stage:
        await KillSwitch(stage.parts.tools.journal._table, stage.clock).set(stopped=True, by="ann", reason="drill")
        instance = await stage.stopped_instance()
        await stage.send(events.api_call("StopInstances", instance, region=REGION))
        (incident,) = await stage.at_rest(instance)
    assert incident.workflow_state is State.FAILED
    assert "drill" in incident.audit[-1].note
    assert embedded_aws.calls().get("ec2:StartInstances", 0) == 0


async def test_observe_mode_records_what_it_would_have_done(
    ready: AwsSession, embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_MODE", "observe")
    assert load().policy.mode.value == "observe"
    async with running(ready) as stage:
        instance = await stage.stopped_instance()
        await stage.send(events.api_call("StopInstances", instance, region=REGION))
        (incident,) = await stage.at_rest(instance)
    assert incident.outcome is Outcome.OBSERVED
    assert embedded_aws.calls().get("ec2:StartInstances", 0) == 0
