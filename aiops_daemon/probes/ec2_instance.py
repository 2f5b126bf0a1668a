"""Is the instance running, or is another one running in its place?

A replacement is found, in this order, by the build's exported result, by the tag aiops-replaces=<id>, and by the lost instance's Auto
Scaling group or Name tag; the last two count only when launched after the event, or an older sibling would pass for a replacement.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from pydantic import JsonValue

from aiops_daemon.model.errors import GiveUp, NotFound
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import Health, HealthStatus
from aiops_daemon.ports import AwsClients
from aiops_daemon.probes.results import blind, left_by_steps

REPLACES_TAG = "aiops-replaces"
_GONE = frozenset({"terminated", "shutting-down"})
_CLOCKS_DIFFER = timedelta(seconds=60)
_ALIVE = {"Name": "instance-state-name", "Values": ["pending", "running"]}

Instance = Mapping[str, Any]


class Ec2InstanceProbe:
    """State first, status checks on top."""

    resource_types = ("ec2:instance",)

    async def look(self, clients: AwsClients, event: Event, results: Mapping[str, JsonValue]) -> Health:
        ec2 = await clients.client("ec2", region=event.region, account=event.account)
        exported = left_by_steps(results, "replacement_id")
        try:
            original = await _by_id(ec2, event.resource.id)
            if original is not None and original["State"]["Name"] not in _GONE:
                return await _judge(ec2, original, None)
            replacement = await _by_id(ec2, exported) if isinstance(exported, str) else None
            replacement = replacement or await _replacement(ec2, event, original)
            if replacement is None:
                return Health(status=HealthStatus.ABSENT, detail=f"{event.resource.id} is gone and nothing runs in its place")
            return await _judge(ec2, replacement, str(replacement["InstanceId"]))
        except GiveUp as error:
            return blind(error)


async def _judge(ec2: Any, instance: Instance, replacement: str | None) -> Health:
    name, state = instance["InstanceId"], instance["State"]["Name"]
    what = f"replacement {name}" if replacement else str(name)
    if state == "running":
        return await _status_checks(ec2, str(name), what, replacement)
    status = HealthStatus.PENDING if state == "pending" else HealthStatus.UNHEALTHY
    return Health(status=status, detail=f"{what} is {state}", resource_id=replacement)


async def _status_checks(ec2: Any, name: str, what: str, replacement: str | None) -> Health:
    answer = await ec2.describe_instance_status(InstanceIds=[name])
    checks = {item[part]["Status"] for item in answer["InstanceStatuses"] for part in ("InstanceStatus", "SystemStatus") if part in item}
    if "impaired" in checks:
        return Health(status=HealthStatus.UNHEALTHY, detail=f"{what} runs, but a status check is impaired", resource_id=replacement)
    if "initializing" in checks:
        return Health(status=HealthStatus.PENDING, detail=f"{what} runs, its status checks are initializing", resource_id=replacement)
    return Health(status=HealthStatus.HEALTHY, detail=f"{what} is running", resource_id=replacement)


async def _by_id(ec2: Any, instance: str) -> Instance | None:
    try:
        return next(iter(_instances(await ec2.describe_instances(InstanceIds=[instance]))), None)
    except NotFound:
        return None


async def _replacement(ec2: Any, event: Event, original: Instance | None) -> Instance | None:
    tagged = {"Name": f"tag:{REPLACES_TAG}", "Values": [event.resource.id]}
    found = next(iter(_instances(await ec2.describe_instances(Filters=[tagged, _ALIVE]))), None)
    if found is not None or original is None:
        return found
    tags = {tag["Key"]: tag["Value"] for tag in original.get("Tags", [])}
    for key in ("aws:autoscaling:groupName", "Name"):
        if tags.get(key):
            same = {"Name": f"tag:{key}", "Values": [tags[key]]}
            alive = _instances(await ec2.describe_instances(Filters=[same, _ALIVE]))
            newer = [item for item in alive if item["LaunchTime"] >= event.occurred_at - _CLOCKS_DIFFER]
            if newer:
                return newer[0]
    return None


def _instances(answer: Mapping[str, Any]) -> Iterable[Instance]:
    return [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]
