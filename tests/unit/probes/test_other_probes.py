"""RDS, ECS and SSM probes, and the registry."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from aiops_daemon.model.errors import NotFound, NotPermitted
from aiops_daemon.model.plan import HealthStatus
from aiops_daemon.ports import Probe
from aiops_daemon.probes import probes
from aiops_daemon.probes.ecs_service import EcsServiceProbe
from aiops_daemon.probes.rds_instance import RdsProbe
from aiops_daemon.probes.ssm_parameter import SsmParameterProbe
from tests.doubles.scripted_aws import NOW, ScriptedAws, event_on

SERVICE_ARN = "arn:aws:ecs:eu-west-1:123456789012:service/prod/web"


def test_every_type_has_one_probe() -> None:
    kinds = [kind for probe in probes() for kind in probe.resource_types]
    assert sorted(kinds) == sorted(set(kinds))
    assert {"ec2:instance", "rds:db", "rds:cluster", "ecs:service", "ssm:parameter"} <= set(kinds)


@pytest.mark.parametrize(
    ("probe", "kind", "identifier", "operation"),
    [
        (RdsProbe(), "rds:db", "orders", "describe_db_instances"),
        (RdsProbe(), "rds:cluster", "orders", "describe_db_clusters"),
        (EcsServiceProbe(), "ecs:service", SERVICE_ARN, "describe_services"),
        (SsmParameterProbe(), "ssm:parameter", "/app/db", "get_parameter_history"),
    ],
)
async def test_gone_is_absent_and_refused_is_unknown(probe: Probe, kind: str, identifier: str, operation: str) -> None:
    event = event_on(kind, identifier, "x")
    gone, refused = ScriptedAws(**{operation: [NotFound("gone")]}), ScriptedAws(**{operation: [NotPermitted("no")]})
    assert (await probe.look(gone, event, {})).status is HealthStatus.ABSENT
    assert (await probe.look(refused, event, {})).status is HealthStatus.UNKNOWN


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("available", HealthStatus.HEALTHY),
        ("storage-optimization", HealthStatus.HEALTHY),
        ("starting", HealthStatus.PENDING),
        ("stopped", HealthStatus.UNHEALTHY),
        ("stopping", HealthStatus.UNHEALTHY),
        ("failed", HealthStatus.UNHEALTHY),
    ],
)
async def test_rds_states(state: str, status: HealthStatus) -> None:
    one = ScriptedAws(describe_db_instances=[{"DBInstances": [{"DBInstanceStatus": state}]}])
    many = ScriptedAws(describe_db_clusters=[{"DBClusters": [{"Status": state}]}])
    arn = "arn:aws:rds:eu-west-1:123456789012:db:orders"
    assert (await RdsProbe().look(one, event_on("rds:db", arn, "x"), {})).status is status
    assert (await RdsProbe().look(many, event_on("rds:cluster", "orders", "x"), {})).status is status
    assert one.asked == [("describe_db_instances", {"DBInstanceIdentifier": "orders"})]


@pytest.mark.parametrize(
    ("desired", "running", "rollout", "status"),
    [
        (2, 2, "COMPLETED", HealthStatus.HEALTHY),
        (2, 2, None, HealthStatus.HEALTHY),
        (2, 3, "COMPLETED", HealthStatus.HEALTHY),
        (2, 1, "IN_PROGRESS", HealthStatus.PENDING),
        (2, 2, "IN_PROGRESS", HealthStatus.PENDING),
        (2, 1, "FAILED", HealthStatus.PARTIAL),
        (2, 0, "COMPLETED", HealthStatus.UNHEALTHY),
        (0, 0, "COMPLETED", HealthStatus.UNHEALTHY),
    ],
)
async def test_ecs_counts(desired: int, running: int, rollout: str | None, status: HealthStatus) -> None:
    deployments = [{"status": "PRIMARY", "rolloutState": rollout}, {"status": "ACTIVE", "rolloutState": "FAILED"}]
    found = {"status": "ACTIVE", "desiredCount": desired, "runningCount": running, "deployments": deployments}
    aws = ScriptedAws(describe_services=[{"services": [found]}])
    assert (await EcsServiceProbe().look(aws, event_on("ecs:service", SERVICE_ARN, "x"), {})).status is status


@pytest.mark.parametrize(
    ("identifier", "facts", "cluster"),
    [
        (SERVICE_ARN, {}, "prod"),
        ("prod/web", {}, "prod"),
        ("web", {"requestParameters": {"cluster": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod"}}, "prod"),
        ("web", {"clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod"}, "prod"),
        ("web", {}, "default"),
    ],
)
async def test_ecs_finds_the_cluster(identifier: str, facts: dict[str, Any], cluster: str) -> None:
    aws = ScriptedAws(describe_services=[{"services": []}])
    health = await EcsServiceProbe().look(aws, event_on("ecs:service", identifier, "x", facts=facts), {})
    assert health.status is HealthStatus.ABSENT
    assert aws.asked == [("describe_services", {"cluster": cluster, "services": ["web"]})]


def versions(*values: str) -> list[Any]:
    made = [
        {"Version": number, "Value": value, "LastModifiedDate": NOW + timedelta(seconds=number)} for number, value in enumerate(values, 1)
    ]
    return [{"Parameters": made}]


@pytest.mark.parametrize(
    ("values", "facts", "results", "status"),
    [
        (("a", "b", "a"), {}, {"restore": {"good_version": 1}}, HealthStatus.HEALTHY),
        (("a", "b"), {}, {"restore": {"good_version": 1}}, HealthStatus.UNHEALTHY),
        (("a", "b"), {}, {"restore": {"good_version": 9}}, HealthStatus.UNKNOWN),
        (("a", "b"), {}, {}, HealthStatus.UNHEALTHY),
        (("a", "b", "a"), {"responseElements": {"version": 2}}, {}, HealthStatus.HEALTHY),
        (("a", "b", "c"), {"version": 2}, {}, HealthStatus.UNHEALTHY),
        (("a",), {}, {}, HealthStatus.UNKNOWN),
    ],
)
async def test_ssm_compares_values(
    values: tuple[str, ...], facts: dict[str, Any], results: dict[str, JsonValue], status: HealthStatus
) -> None:
    aws = ScriptedAws(get_parameter_history=versions(*values))
    name = "arn:aws:ssm:eu-west-1:123456789012:parameter/app/db"
    health = await SsmParameterProbe().look(aws, event_on("ssm:parameter", name, "PutParameter", facts=facts), results)
    assert health.status is status
    assert aws.asked[0][1]["Name"] == "/app/db"
