"""Each action and its probe against the embedded AWS: broken, restored, seen healthy; undone, seen broken."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from pydantic import JsonValue

from aiops_daemon.actions import catalogue
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.model.event import Event, Resource
from aiops_daemon.model.plan import Health, HealthStatus, Progress, Running, Succeeded
from aiops_daemon.ports import Action
from aiops_daemon.probes import probes
from tests.doubles.resources import a_project
from tests.doubles.scripted_aws import event_on

pytestmark = pytest.mark.asyncio(loop_scope="session")
SETTINGS = ActionSettings(codebuild_project="recovery", plan_bucket="plans", build_poll_seconds=0.1, poll_seconds=0.1)
ACTIONS: dict[str, Action] = {action.spec.id: action for action in catalogue(SETTINGS, SystemClock())}
PROBES = {kind: probe for probe in probes() for kind in probe.resource_types}


@dataclass
class Call:
    """One step on one event, as the workflow would make it."""

    clients: AwsSession
    action: Action
    event: Event
    started_at: datetime
    incident_id: str = "inc-1"
    token: str = "inc-1-restore"

    @property
    def resource(self) -> Resource:
        return self.event.resource

    @property
    def parameters(self) -> Mapping[str, JsonValue]:
        parameters = self.action.parameters(self.event)
        assert not isinstance(parameters, str), parameters
        return parameters

    async def client(self, service: str) -> Any:
        return await self.clients.client(service)

    async def run(self) -> Progress:
        progress = await self.action.start(self)
        while isinstance(progress, Running):
            await asyncio.sleep(progress.again_in_seconds)
            progress = await self.action.poll(self, progress.handle)
        return progress

    async def health(self, result: Mapping[str, JsonValue]) -> Health:
        home = self.clients.home("123456789012")
        return await PROBES[self.event.resource.type].look(home, self.event, {"restore": dict(result)} if result else {})


def a_call(clients: AwsSession, action: str, kind: str, identifier: str, name: str, **facts: Any) -> Call:
    now = SystemClock().now()
    event = event_on(kind, identifier, name, region="us-east-1", facts=facts, occurred_at=now, received_at=now)
    return Call(clients, ACTIONS[action], event, now)


async def an_instance(aws: AwsSession) -> str:
    ec2 = await aws.client("ec2")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}, {"Key": "team", "Value": "shop"}]}]
    made = await ec2.run_instances(ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=tags)
    return str(made["Instances"][0]["InstanceId"])


async def restored(call: Call) -> Succeeded:
    """Broken before, healthy after; a second start of the same step changes nothing."""
    assert (await call.health({})).status in {HealthStatus.UNHEALTHY, HealthStatus.ABSENT}
    progress = await call.run()
    assert isinstance(progress, Succeeded), progress
    assert (await call.health(progress.result)).status is HealthStatus.HEALTHY
    assert isinstance(await call.run(), Succeeded)
    return progress


async def undone(call: Call, done: Succeeded) -> None:
    assert isinstance(await call.action.undo(call, done.result), Succeeded)
    assert (await call.health(done.result)).status is HealthStatus.UNHEALTHY


async def test_a_stopped_instance_is_started(aws: AwsSession) -> None:
    instance = await an_instance(aws)
    await (await aws.client("ec2")).stop_instances(InstanceIds=[instance])
    call = a_call(aws, "ec2.start", "ec2:instance", instance, "StopInstances")
    await undone(call, await restored(call))


async def test_a_terminated_instance_is_recreated_by_a_build_that_says_that_it_is_a_stand_in(aws: AwsSession) -> None:
    await a_project(aws)
    instance = await an_instance(aws)
    ec2 = await aws.client("ec2")
    await ec2.terminate_instances(InstanceIds=[instance])
    call = a_call(aws, "codebuild.terraform_apply", "ec2:instance", instance, "TerminateInstances")
    done = await restored(call)
    assert done.note.startswith("stand-in build")
    assert done.result["plan"] == "1 to create, 0 to change, 0 to destroy: aws_instance.stand_in; drift: aws_instance.stand_in (delete)"
    new = (await call.health(done.result)).resource_id
    assert new == done.result["replacement_id"] != instance
    found = (await ec2.describe_instances(InstanceIds=[new]))["Reservations"][0]["Instances"][0]
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert tags == {"Name": "web", "team": "shop", "aiops-replaces": instance, "aiops-incident": "inc-1"}
    assert len((await (await aws.client("codebuild")).list_builds_for_project(projectName="recovery"))["ids"]) == 2


@pytest.mark.parametrize(("kind", "name"), [("rds:db", "StopDBInstance"), ("rds:cluster", "StopDBCluster")])
async def test_a_stopped_database_is_started(aws: AwsSession, kind: str, name: str) -> None:
    rds = await aws.client("rds")
    login = {"MasterUsername": "admin", "MasterUserPassword": "not-a-secret-1"}
    if kind == "rds:db":
        await rds.create_db_instance(
            DBInstanceIdentifier="orders", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20, **login
        )
        await rds.stop_db_instance(DBInstanceIdentifier="orders")
    else:
        await rds.create_db_cluster(DBClusterIdentifier="orders", Engine="aurora-postgresql", **login)
        await rds.stop_db_cluster(DBClusterIdentifier="orders")
    call = a_call(aws, "rds.start", kind, "orders", name)
    await undone(call, await restored(call))


async def test_a_tampered_parameter_gets_its_earlier_value(aws: AwsSession) -> None:
    ssm = await aws.client("ssm")
    await ssm.put_parameter(Name="/app/db", Value="good", Type="SecureString")
    changed = await ssm.put_parameter(Name="/app/db", Value="evil", Type="SecureString", Overwrite=True)
    call = a_call(
        aws, "ssm.restore_parameter", "ssm:parameter", "/app/db", "PutParameter", responseElements={"version": changed["Version"]}
    )
    done = await restored(call)
    latest = (await ssm.get_parameter(Name="/app/db", WithDecryption=True))["Parameter"]
    assert (latest["Value"], latest["Type"], latest["Version"]) == ("good", "SecureString", 3)
    assert (await ssm.get_parameter_history(Name="/app/db"))["Parameters"][-1]["Labels"] == ["aiops-daemon.inc-1"]
    await undone(call, done)


async def test_a_service_scaled_to_zero_gets_its_tasks_back(aws: AwsSession) -> None:
    ecs = await aws.client("ecs")
    await ecs.create_cluster(clusterName="prod")
    await ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web:1", "memory": 128}])
    tags = [{"key": "aiops-desired-count", "value": "2"}]
    await ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web:1", desiredCount=2, tags=tags)
    await ecs.update_service(cluster="prod", service="web", desiredCount=0)
    facts = {"requestParameters": {"cluster": "prod", "service": "web", "desiredCount": 0}}
    call = a_call(aws, "ecs.redeploy", "ecs:service", "prod/web", "UpdateService", **facts)
    assert isinstance(await call.action.start(call), Running)
    service = (await ecs.describe_services(cluster="prod", services=["web"]))["services"][0]
    assert service["desiredCount"] == 2
    assert (await call.health({})).status is not HealthStatus.HEALTHY  # moto places no tasks without container instances
    await call.action.undo(call, {"desired_before": 0, "task_definition": service["taskDefinition"]})
    assert (await ecs.describe_services(cluster="prod", services=["web"]))["services"][0]["desiredCount"] == 0
