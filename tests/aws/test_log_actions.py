"""What a warning of the log watch may set off, against the embedded AWS: one step, once, seen by the probe, taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import JsonValue

from aiops_daemon.actions import catalogue
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.model.event import Event, EventKind
from aiops_daemon.model.plan import HealthStatus, Running, Succeeded
from aiops_daemon.ports import Action, ActionCall
from aiops_daemon.probes import probes
from tests.doubles.resources import a_database, class_of
from tests.doubles.scripted_aws import NOW, event_on

pytestmark = pytest.mark.asyncio(loop_scope="session")
ACTIONS: dict[str, Action] = {action.spec.id: action for action in catalogue(ActionSettings(), SystemClock())}
PROBES = {kind: probe for probe in probes() for kind in probe.resource_types}
SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/prod/web"


@dataclass
class Call:
    """Implements ports.ActionCall for one event."""

    clients: AwsSession
    event: Event
    parameters: Mapping[str, JsonValue]
    incident_id: str = "inc-1"
    token: str = "inc-1-restore"
    started_at = NOW

    @property
    def resource(self) -> Any:
        return self.event.resource

    async def client(self, service: str) -> Any:
        return await self.clients.client(service)


def warned(aws: AwsSession, action: str, kind: str, identifier: str, **facts: JsonValue) -> tuple[Action, Call]:
    told = {"configured action": action, **facts}
    event = event_on(kind, identifier, "log-anomaly ramp", region="us-east-1", facts=told).model_copy(
        update={"kind": EventKind.LOG_ANOMALY}
    )
    parameters = ACTIONS[action].parameters(event)
    assert not isinstance(parameters, str), parameters
    return ACTIONS[action], Call(aws, event, parameters)


async def carried_out(action: Action, call: ActionCall) -> Succeeded:
    """Start, the order twice (the first one's answer was lost with its worker), then looking until it is done."""
    found = await action.start(call)
    assert isinstance(found, Running)
    assert found.acts_next
    await action.poll(call, found.handle)
    progress = await action.poll(call, found.handle)
    for _ in range(5):
        if not isinstance(progress, Running):
            break
        progress = await action.poll(call, progress.handle)
    assert isinstance(progress, Succeeded), progress
    return progress


async def healthy(aws: AwsSession, call: Call) -> bool:
    probe = PROBES[call.event.resource.type]
    return (await probe.look(aws.home("123456789012"), call.event, {})).status is HealthStatus.HEALTHY


async def test_a_service_gets_one_task_more_and_gives_it_back(aws: AwsSession) -> None:
    ecs = await aws.client("ecs")
    await ecs.create_cluster(clusterName="prod")
    await ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web:1", "memory": 128}])
    await ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web:1", desiredCount=0)
    await ecs.update_service(cluster="prod", service="web", desiredCount=2)

    async def desired() -> int:
        return int((await ecs.describe_services(cluster="prod", services=["web"]))["services"][0]["desiredCount"])

    action, call = warned(aws, "ecs.scale_out", "ecs:service", SERVICE, **{"at most": 4})
    done = await carried_out(action, call)
    assert await desired() == 3
    assert await healthy(aws, call)
    await action.undo(call, done.result)
    await action.undo(call, done.result)
    assert await desired() == 2


async def test_a_database_goes_one_step_up_its_ladder_and_back(aws: AwsSession) -> None:
    rds = await a_database(aws)

    ladder: list[JsonValue] = ["db.t3.medium", "db.t3.large", "db.m6g.xlarge"]
    action, call = warned(aws, "rds.scale_up", "rds:db", "orders", **{"instance classes": ladder})
    done = await carried_out(action, call)
    assert await class_of(rds) == "db.t3.large"
    assert await healthy(aws, call)
    await action.undo(call, done.result)
    assert await class_of(rds) == "db.t3.medium"
