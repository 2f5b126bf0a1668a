"""Put an ECS service back to work: the desired count where somebody set it to 0, a new deployment where its tasks are sick.

UpdateService has no token. What makes a repeat safe: a primary deployment younger than the step is our own, and a service that was at 0 and
is not any more needs no order, whoever gave it.
CloudTrail does not tell the count before the change: settings first, then the service's tag `aiops-desired-count`, then 1.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.ecs_service import describe, place_of, target
from aiops_daemon.actions.evidence import refused, request
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded
from aiops_daemon.ports import ActionCall

_COUNT_TAG = "aiops-desired-count"
_CLOCKS_DIFFER = timedelta(seconds=5)
_CALLS = frozenset({"UpdateService"})
_SICK = frozenset({"SERVICE_DEPLOYMENT_FAILED", "SERVICE_TASK_PLACEMENT_FAILURE", "SERVICE_TASK_START_IMPAIRED"})


class EcsRedeploy:
    """Undo puts the desired count and the task definition back that were found."""

    spec = ActionSpec(
        id="ecs.redeploy",
        title="Restore the service's tasks",
        resource_types=("ecs:service",),
        effect=Effect.REVERSIBLE,
        timeout_seconds=1200,
        success="as many tasks run as are desired, and at least one",
        undoable=True,
        permissions=("ecs:DescribeServices", "ecs:UpdateService"),
    )

    def __init__(self, settings: ActionSettings) -> None:
        self._settings = settings

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        if reason := refused(event):
            return reason
        asked = request(event)
        to_zero = event.name in _CALLS and asked.get("desiredCount") == 0
        sick = bool(_SICK.intersection({event.name, str(event.facts.get("eventName"))}))
        if not (to_zero or sick):
            return "the event says neither that the service went to 0 tasks nor that its tasks fail"
        found = place_of(event.resource.id, asked.get("cluster") or event.facts.get("clusterArn"))
        if found is None:
            return f"{event.resource.id[:80]!r} is no cluster and service"
        return {"cluster": found[0], "service": found[1], "was_zero": to_zero}

    async def start(self, call: ActionCall) -> Progress:
        service = await describe(call, "TAGS")
        if service is None or service.get("status") != "ACTIVE":
            return Failed(reason=f"the service is {service.get('status') if service else 'gone'}")
        desired = int(service["desiredCount"])
        was_zero = bool(call.parameters["was_zero"])
        ours = _ours(service, call.started_at if was_zero else call.started_at - _CLOCKS_DIFFER)
        if ours or (was_zero and desired > 0):
            before: JsonValue = 0 if ours and was_zero else desired
            return self._running({"desired_before": before, "task_definition": service["taskDefinition"]})
        change: dict[str, Any] = {"desiredCount": self._count(call, service)} if desired == 0 else {}
        ecs = await call.client("ecs")
        await ecs.update_service(**target(call), forceNewDeployment=True, **change)
        return self._running({"desired_before": desired, "task_definition": service["taskDefinition"]})

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        service = await describe(call, "TAGS")
        if service is None:
            return Failed(reason="the service is gone", result=dict(handle))
        desired, running = int(service["desiredCount"]), int(service["runningCount"])
        rollout = next((item.get("rolloutState") for item in service.get("deployments", []) if item.get("status") == "PRIMARY"), None)
        if rollout == "FAILED":
            return Failed(reason="the deployment failed", result=dict(handle))
        if running == desired > 0 and rollout in {"COMPLETED", None}:
            return Succeeded(result=dict(handle), note=f"{running} of {desired} tasks run")
        return self._running(handle, f"{running} of {desired} tasks run")

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        ecs = await call.client("ecs")
        await ecs.update_service(**target(call), desiredCount=result["desired_before"], taskDefinition=result["task_definition"])
        return Succeeded(note=f"desired count {result['desired_before']} as it was found")

    def _count(self, call: ActionCall, service: Mapping[str, Any]) -> int:
        configured = self._settings.ecs_desired_counts.get(f"{call.parameters['cluster']}/{call.parameters['service']}")
        tag = {item["key"]: item["value"] for item in service.get("tags", [])}.get(_COUNT_TAG, "")
        return configured or (int(tag) if re.fullmatch(r"[1-9]\d{0,3}", tag) else 1)

    def _running(self, handle: Mapping[str, JsonValue], note: str = "deploying") -> Running:
        return Running(handle=dict(handle), again_in_seconds=self._settings.poll_seconds, note=note)


def _ours(service: Mapping[str, Any], started_at: datetime) -> bool:
    made = [item["createdAt"] for item in service.get("deployments", []) if item.get("status") == "PRIMARY" and "createdAt" in item]
    return any(isinstance(at, datetime) and at >= started_at for at in made) and int(service["desiredCount"]) > 0
