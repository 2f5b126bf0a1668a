"""Has the parameter the value that it should have? Values are compared here and never leave."""

from collections.abc import Mapping

from pydantic import JsonValue

from aiops_daemon.aws.parameter_history import Version, parameter_history, parameter_name, version_before
from aiops_daemon.model.errors import GiveUp, NotFound
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import Health, HealthStatus
from aiops_daemon.ports import AwsClients
from aiops_daemon.probes.results import blind, left_by_steps


class SsmParameterProbe:
    """After a restoration: the value of the version that was restored. Before one: the value from before the change."""

    resource_types = ("ssm:parameter",)

    async def look(self, clients: AwsClients, event: Event, results: Mapping[str, JsonValue]) -> Health:
        ssm = await clients.client("ssm", region=event.region, account=event.account)
        try:
            history = await parameter_history(ssm, parameter_name(event.resource.id))
        except NotFound:
            return Health(status=HealthStatus.ABSENT, detail=f"{event.resource.id} does not exist")
        except GiveUp as error:
            return blind(error)
        expected = _expected(history, event, left_by_steps(results, "good_version"))
        latest = history[-1]
        if expected is None:
            return Health(status=HealthStatus.UNKNOWN, detail="no earlier version to compare with")
        if latest["Value"] == expected["Value"]:
            return Health(status=HealthStatus.HEALTHY, detail=f"version {latest['Version']} has the value of version {expected['Version']}")
        detail = f"version {latest['Version']} differs from version {expected['Version']}"
        return Health(status=HealthStatus.UNHEALTHY, detail=detail)


def _expected(history: list[Version], event: Event, good: JsonValue) -> Version | None:
    if isinstance(good, int):
        return next((item for item in history if item["Version"] == good), None)
    answer = event.facts.get("responseElements")
    version = (answer if isinstance(answer, dict) else event.facts).get("version")
    pair = version_before(history, version if isinstance(version, int) else None)
    return pair[1] if pair else None
