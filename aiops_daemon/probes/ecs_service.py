"""Do as many tasks run as are desired, and at least one?"""

from collections.abc import Mapping

from pydantic import JsonValue

from aiops_daemon.model.errors import GiveUp, NotFound
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import Health, HealthStatus
from aiops_daemon.ports import AwsClients
from aiops_daemon.probes.results import blind


class EcsServiceProbe:
    """Counts, and the primary deployment's own verdict."""

    resource_types = ("ecs:service",)

    async def look(self, clients: AwsClients, event: Event, results: Mapping[str, JsonValue]) -> Health:
        cluster, service = _place(event)
        ecs = await clients.client("ecs", region=event.region, account=event.account)
        try:
            found = (await ecs.describe_services(cluster=cluster, services=[service]))["services"]
        except NotFound:
            found = []
        except GiveUp as error:
            return blind(error)
        if not found or found[0].get("status") != "ACTIVE":
            return Health(status=HealthStatus.ABSENT, detail=f"{cluster}/{service} is not active")
        desired, running = int(found[0]["desiredCount"]), int(found[0]["runningCount"])
        states = {item.get("rolloutState") for item in found[0].get("deployments", []) if item.get("status") == "PRIMARY"}
        detail = f"{cluster}/{service}: {running} of {desired} tasks run"
        return Health(status=_health(desired, running, failed="FAILED" in states, moving="IN_PROGRESS" in states), detail=detail)


def _health(desired: int, running: int, *, failed: bool, moving: bool) -> HealthStatus:
    if desired == 0:
        return HealthStatus.UNHEALTHY
    if running >= desired and not moving:
        return HealthStatus.HEALTHY
    if moving and not failed:
        return HealthStatus.PENDING
    return HealthStatus.PARTIAL if running else HealthStatus.UNHEALTHY


def _place(event: Event) -> tuple[str, str]:
    identifier = event.resource.id
    parts = identifier.rpartition("service/")[2].split("/") if identifier.startswith("arn:") else identifier.split("/")
    if len(parts) > 1:
        return parts[-2], parts[-1]
    request = event.facts.get("requestParameters")
    asked = request if isinstance(request, dict) else event.facts
    cluster = asked.get("cluster") or event.facts.get("clusterArn")
    return (cluster.rpartition("/")[2] if isinstance(cluster, str) else "default"), parts[0]
