"""Is the database available?"""

from collections.abc import Mapping

from pydantic import JsonValue

from aiops_daemon.model.errors import GiveUp, NotFound
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import Health, HealthStatus
from aiops_daemon.ports import AwsClients
from aiops_daemon.probes.results import blind

# what RDS reports while a database is on its way to `available` by itself (RDS user guide, DB instance status)
_ON_ITS_WAY = frozenset(
    {
        "backing-up",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "creating",
        "maintenance",
        "modifying",
        "rebooting",
        "renaming",
        "resetting-master-credentials",
        "starting",
        "storage-initialization",
        "upgrading",
    }
)
_USABLE = frozenset({"available", "storage-optimization", "storage-config-upgrade"})


class RdsProbe:
    """DB instances and Aurora clusters."""

    resource_types = ("rds:db", "rds:cluster")

    async def look(self, clients: AwsClients, event: Event, results: Mapping[str, JsonValue]) -> Health:
        rds = await clients.client("rds", region=event.region, account=event.account)
        name = event.resource.id.rpartition(":")[2]
        try:
            if event.resource.type == "rds:cluster":
                status = str((await rds.describe_db_clusters(DBClusterIdentifier=name))["DBClusters"][0]["Status"])
            else:
                status = str((await rds.describe_db_instances(DBInstanceIdentifier=name))["DBInstances"][0]["DBInstanceStatus"])
        except NotFound:
            return Health(status=HealthStatus.ABSENT, detail=f"{name} does not exist")
        except GiveUp as error:
            return blind(error)
        return Health(status=_health(status), detail=f"{name} is {status}")


def _health(status: str) -> HealthStatus:
    if status in _USABLE:
        return HealthStatus.HEALTHY
    return HealthStatus.PENDING if status in _ON_ITS_WAY else HealthStatus.UNHEALTHY
