"""The EC2 probe: the instance, or whatever runs in its place since."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from aiops_daemon.model.errors import NotFound, NotPermitted, RetryLater
from aiops_daemon.model.plan import Health, HealthStatus
from aiops_daemon.probes.ec2_instance import Ec2InstanceProbe
from tests.doubles.scripted_aws import NOW, ScriptedAws, event_on

LOST, NEW = "i-0123456789abcdef0", "i-0fedcba9876543210"
EVENT = event_on("ec2:instance", LOST, "TerminateInstances")
NOBODY: dict[str, Any] = {"Reservations": []}


def instance(name: str, state: str, *, launched: float = 10, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """`launched`: seconds after the event."""
    found = {
        "InstanceId": name,
        "State": {"Name": state},
        "LaunchTime": NOW + timedelta(seconds=launched),
        "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
    }
    return {"Reservations": [{"Instances": [found]}]}


def checks(instance_status: str = "ok", system_status: str = "ok") -> list[Any]:
    status = {"InstanceStatus": {"Status": instance_status}, "SystemStatus": {"Status": system_status}}
    return [{"InstanceStatuses": [status]}]


async def look(aws: ScriptedAws, results: dict[str, JsonValue] | None = None) -> Health:
    return await Ec2InstanceProbe().look(aws, EVENT, results or {})


@pytest.mark.parametrize(
    ("state", "status"),
    [("pending", HealthStatus.PENDING), ("stopped", HealthStatus.UNHEALTHY), ("stopping", HealthStatus.UNHEALTHY)],
)
async def test_the_state_decides_first(state: str, status: HealthStatus) -> None:
    health = await look(ScriptedAws(describe_instances=[instance(LOST, state)]))
    assert (health.status, health.resource_id) == (status, None)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (checks(), HealthStatus.HEALTHY),
        (checks("initializing"), HealthStatus.PENDING),
        (checks("ok", "impaired"), HealthStatus.UNHEALTHY),
        ([{"InstanceStatuses": []}], HealthStatus.HEALTHY),
    ],
)
async def test_a_running_instance_has_to_pass_its_checks(answer: list[Any], status: HealthStatus) -> None:
    aws = ScriptedAws(describe_instances=[instance(LOST, "running")], describe_instance_status=answer)
    assert (await look(aws)).status is status
    assert aws.places == [("ec2", "eu-west-1", "123456789012")]


async def test_the_builds_result_names_the_replacement() -> None:
    aws = ScriptedAws(describe_instances=[instance(LOST, "terminated"), instance(NEW, "running")], describe_instance_status=checks())
    health = await look(aws, {"notify": {}, "restore": {"replacement_id": NEW}})
    assert (health.status, health.resource_id) == (HealthStatus.HEALTHY, NEW)


async def test_the_tag_finds_the_replacement_also_when_the_old_one_is_forgotten() -> None:
    aws = ScriptedAws(
        describe_instances=[NotFound("InvalidInstanceID.NotFound"), instance(NEW, "running")], describe_instance_status=checks()
    )
    assert (await look(aws)).resource_id == NEW
    assert aws.asked[1][1]["Filters"][0] == {"Name": "tag:aiops-replaces", "Values": [LOST]}


@pytest.mark.parametrize("tags", [{"Name": "web"}, {"aws:autoscaling:groupName": "web"}])
async def test_a_younger_namesake_is_a_replacement(tags: dict[str, str]) -> None:
    aws = ScriptedAws(
        describe_instances=[instance(LOST, "terminated", tags=tags), NOBODY, instance(NEW, "running")], describe_instance_status=checks()
    )
    assert (await look(aws)).resource_id == NEW


async def test_an_older_namesake_is_a_sibling_and_no_replacement() -> None:
    aws = ScriptedAws(
        describe_instances=[instance(LOST, "shutting-down", tags={"Name": "web"}), NOBODY, instance(NEW, "running", launched=-3600)]
    )
    assert (await look(aws)).status is HealthStatus.ABSENT


async def test_nothing_in_its_place_is_absent() -> None:
    aws = ScriptedAws(describe_instances=[NotFound("gone"), NOBODY])
    health = await look(aws, {"restore": {"replacement_id": None}})
    assert health == Health(status=HealthStatus.ABSENT, detail=f"{LOST} is gone and nothing runs in its place")


async def test_a_refused_look_is_unknown_and_a_failed_one_is_tried_again() -> None:
    health = await look(ScriptedAws(describe_instances=[NotPermitted("ec2 describe_instances: UnauthorizedOperation")]))
    assert health.status is HealthStatus.UNKNOWN
    assert "UnauthorizedOperation" in health.detail
    with pytest.raises(RetryLater):
        await look(ScriptedAws(describe_instances=[RetryLater("500")]))
