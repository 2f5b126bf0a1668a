"""A pool that runs dry in the logs, through the whole daemon: warned about; and, where the settings say so, scaled out and verified."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.assembly import log_watch
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.cli import demo_events as events
from aiops_daemon.cli.incidents import decision_body
from aiops_daemon.logwatch.watch import LogWatch
from aiops_daemon.model.incident import Incident, Outcome, State
from tests.doubles.cloudwatch import Clock
from tests.doubles.resources import a_database, class_of
from tests.doubles.stage import Stage, heard, listening, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
GROUP, BUCKET, HISTORY = "/shop/orders", 300, 10 * 3600
SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/prod/orders"
SCALE_OUT: dict[str, Any] = {
    "log_group": "/shop/*", "matching": "*connection pool*", "action": "ecs.scale_out", "resource": SERVICE, "at_most": 4, "approve": False,
}  # fmt: skip
POOL = "ERROR connection pool of orders-db is exhausted after 30000 ms"


class Logs:
    """What the application writes, and the log watch of the daemon, whose runs the test calls instead of waiting five minutes."""

    def __init__(self, stage: Stage, watch: LogWatch, clock: Clock) -> None:
        self.stage, self.watch, self.clock = stage, watch, clock

    @classmethod
    async def of(cls, stage: Stage) -> "Logs":
        logs = await stage.aws.client("logs")
        await logs.create_log_group(logGroupName=GROUP)
        await logs.create_log_stream(logGroupName=GROUP, logStreamName="app-1")
        clock = Clock(stage.clock.now().timestamp() - 3600)  # the watch's own: a jump must not end the leases of the workers
        parts = replace(stage.parts, clock=clock)
        made = cls(stage, await log_watch(parts, account="123456789012", region="us-east-1"), clock)
        await made.write(made.bucket - HISTORY, HISTORY, "INFO order {n} placed", HISTORY // 20)
        await made.watch.tick()
        return made

    @property
    def bucket(self) -> int:
        return int(self.clock.seconds) // BUCKET * BUCKET

    async def write(self, first: int, seconds: int, text: str, count: int) -> None:
        lines = [{"timestamp": (first * count + i * seconds) * 1000 // count, "message": text.replace("{n}", str(i))} for i in range(count)]
        await (await self.stage.aws.client("logs")).put_log_events(logGroupName=GROUP, logStreamName="app-1", logEvents=lines)

    async def run_dry(self) -> None:
        for _ in range(3):
            await self.write(self.bucket, BUCKET, POOL, 40)
            await self.write(self.bucket, BUCKET, "INFO order {n} placed", 15)
            self.clock.seconds += BUCKET
            await self.watch.tick()


@pytest.fixture
def service(ready: AwsSession, monkeypatch: pytest.MonkeyPatch) -> AwsSession:
    monkeypatch.setenv("LOG_GROUPS", "/shop/*")
    monkeypatch.setenv("AIOPS_LOGWATCH__HISTORY_SECONDS", str(HISTORY))
    monkeypatch.setenv("AIOPS_LOGWATCH__SETTLE_SECONDS", "0")
    monkeypatch.setenv("AIOPS_POLICY__AUTONOMY", json.dumps({"ecs.scale_out": "auto"}))  # as shipped
    return ready


async def two_tasks(aws: AwsSession) -> None:
    ecs = await aws.client("ecs")
    await ecs.create_cluster(clusterName="prod")
    await ecs.register_task_definition(family="orders", containerDefinitions=[{"name": "web", "image": "web:1", "memory": 128}])
    await ecs.create_service(cluster="prod", serviceName="orders", taskDefinition="orders:1", desiredCount=0)
    await ecs.update_service(cluster="prod", service="orders", desiredCount=2)


async def desired(aws: AwsSession) -> int:
    ecs = await aws.client("ecs")
    return int((await ecs.describe_services(cluster="prod", services=["orders"]))["services"][0]["desiredCount"])


def headlines(notices: list[dict[str, str]]) -> list[str]:
    return [notice["Subject"].split(":")[0].removeprefix("[AIOps] ") for notice in notices]


def verified(incident: Incident) -> bool:
    return (incident.workflow_state, incident.outcome, incident.success) == (State.COMPLETED, Outcome.VERIFIED, True)


async def test_what_runs_dry_is_warned_about_scaled_out_verified_and_announced(
    service: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_LOGWATCH__ACTIONS", json.dumps([SCALE_OUT]))
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0.7")  # ten hours of log give no calibrated probability
    await two_tasks(service)
    ears = await listening(service)
    async with running(service) as stage:
        await (await Logs.of(stage)).run_dry()
        (incident,) = await stage.at_rest(SERVICE)
    assert verified(incident)
    assert await desired(service) == 3, "one more, once"
    (notice,) = await heard(service, ears)
    assert headlines([notice]) == ["Recovered"]
    for words in ("connection pool", GROUP, "never seen before", "3 of 3 tasks run", "ecs.scale_out"):
        assert words in notice["Message"], words


async def test_a_human_is_asked_where_the_line_says_so_and_the_sure_thing_runs_after_approval(
    service: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_LOGWATCH__ACTIONS", json.dumps([SCALE_OUT | {"approve": True}]))
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0.1")
    await two_tasks(service)
    ears = await listening(service)
    async with running(service) as stage:
        await (await Logs.of(stage)).run_dry()
        (asked,) = await stage.at_rest(SERVICE, until=State.AWAITING_APPROVAL)
        assert await desired(service) == 2
        await stage.send(decision_body(asked.incident_id, "approve", "ann", "go"))
        (incident,) = await stage.at_rest(SERVICE)
    assert verified(incident)
    assert await desired(service) == 3
    assert headlines(await heard(service, ears)) == ["Manual Review Required", "Recovered"]


@pytest.mark.parametrize("actions", [[], [SCALE_OUT | {"matching": "*disk*"}], [SCALE_OUT | {"log_group": "/pay/*"}]])
async def test_what_nobody_configured_is_announced_only(
    service: AwsSession, monkeypatch: pytest.MonkeyPatch, actions: list[dict[str, Any]]
) -> None:
    monkeypatch.setenv("AIOPS_LOGWATCH__ACTIONS", json.dumps(actions))
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0.1")
    await two_tasks(service)
    ears = await listening(service)
    async with running(service) as stage:
        await (await Logs.of(stage)).run_dry()
        (incident,) = await stage.at_rest(GROUP)
        assert await stage.incidents(SERVICE) == []
    assert (incident.workflow_state, incident.outcome) == (State.SUPPRESSED, Outcome.SUPPRESSED)
    assert await desired(service) == 2
    assert headlines(await heard(service, ears)) == ["Warning"]


async def test_the_kill_switch_holds_for_what_is_foreseen(service: AwsSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOPS_LOGWATCH__ACTIONS", json.dumps([SCALE_OUT]))
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0.1")
    await two_tasks(service)
    async with running(service) as stage:
        await stage.parts.tools.switch.set(stopped=True, by="ann", reason="drill")
        await (await Logs.of(stage)).run_dry()
        (incident,) = await stage.at_rest(SERVICE)
    assert incident.workflow_state is State.FAILED
    assert "kill switch set by ann" in incident.audit[-1].note
    assert await desired(service) == 2


def release(at: float) -> str:
    """CloudTrail tells that somebody released the service at this time."""
    body = json.loads(events.api_call("UpdateService", "x", region="us-east-1"))
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = {"cluster": "prod", "service": "orders", "taskDefinition": "orders:2"}
    answered = {"service": {"serviceArn": SERVICE, "serviceName": "orders"}}
    changes = {"eventSource": "ecs.amazonaws.com", "eventTime": when, "requestParameters": asked, "responseElements": answered}
    return json.dumps(body | {"source": "aws.ecs", "time": when, "detail": body["detail"] | changes})


async def test_what_a_release_explains_is_announced_with_it_and_sets_nothing_off(
    service: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_LOGWATCH__ACTIONS", json.dumps([SCALE_OUT]))
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0.1")
    await two_tasks(service)
    ears = await listening(service)
    async with running(service) as stage:
        logs = await Logs.of(stage)
        await stage.send(release(logs.bucket - 60))
        await stage.until(lambda: stage.parts.deploys.waiting)
        await logs.run_dry()
        (incident,) = await stage.at_rest(GROUP)
    assert incident.event.facts["urgency"] == "low"
    assert str(incident.event.facts["recent deploy"]).startswith("UpdateService of orders by arn:aws:iam")
    assert await desired(service) == 2
    assert "Warning" in headlines(await heard(service, ears))


async def test_a_database_is_made_larger_after_approval_whatever_the_line_says(
    service: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ladder = {"log_group": "/shop/*", "action": "rds.scale_up", "instance_classes": ["db.t3.medium", "db.t3.large"], "approve": False}
    monkeypatch.setenv("AIOPS_LOGWATCH__ACTIONS", json.dumps([ladder | {"resource": "arn:aws:rds:us-east-1:123456789012:db:orders"}]))
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0.1")
    monkeypatch.setenv("AIOPS_POLICY__AUTONOMY", json.dumps({"rds.scale_up": "auto"}))
    rds = await a_database(service)

    async with running(service) as stage:
        await (await Logs.of(stage)).run_dry()
        (asked,) = await stage.at_rest("orders", until=State.AWAITING_APPROVAL)
        assert await class_of(rds) == "db.t3.medium"
        await stage.send(decision_body(asked.incident_id, "approve", "ann", "go"))
        (incident,) = await stage.at_rest("orders")
    assert verified(incident)
    assert await class_of(rds) == "db.t3.large"
