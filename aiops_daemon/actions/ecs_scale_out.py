"""One task more for an ECS service whose logs foretell a failure, up to the bound that the operator set for that log group.

UpdateService has no token, and "one more" twice is two. So the count that was found is on the record before anything is ordered
(`acts_next`), and what is ordered is an absolute number: a repeat after a crash orders the same number, or sees it ordered.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.ecs_service import describe, place_of, target
from aiops_daemon.actions.evidence import configured_for
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded
from aiops_daemon.ports import ActionCall

STEP = 1


class EcsScaleOut:
    """Undo puts the count back that was found, unless somebody has changed it since."""

    spec = ActionSpec(
        id="ecs.scale_out",
        title="Run one task more",
        resource_types=("ecs:service",),
        effect=Effect.REVERSIBLE,
        timeout_seconds=900,
        success="the service runs one task more than before",
        undoable=True,
        permissions=("ecs:DescribeServices", "ecs:UpdateService"),
    )

    def __init__(self, settings: ActionSettings) -> None:
        self._settings = settings

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        if reason := configured_for(event, self.spec.id):
            return reason
        found, most = place_of(event.resource.id, None), event.facts.get("at most")
        if found is None or not isinstance(most, int):
            return f"{event.resource.id[:80]!r} is no cluster and service, or the bound is missing"
        return {"cluster": found[0], "service": found[1], "at_most": most}

    async def start(self, call: ActionCall) -> Progress:
        """Only looks: what it found is recorded, and the order follows from the record."""
        service = await describe(call)
        if service is None or service.get("status") != "ACTIVE":
            return Failed(reason=f"the service is {service.get('status') if service else 'gone'}")
        found, most = int(service["desiredCount"]), int(str(call.parameters["at_most"]))
        if found == 0:
            return Failed(reason="the service was scaled to 0: nothing to scale out")
        if found + STEP > most:
            return Failed(reason=f"{found} tasks are desired already, the bound is {most}: a person decides")
        handle: dict[str, JsonValue] = {"desired_before": found, "desired": found + STEP}
        return Running(handle=handle, again_in_seconds=0.01, note=f"{found} tasks found", acts_next=True)

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        service = await describe(call)
        if service is None:
            return Failed(reason="the service is gone", result=dict(handle))
        before, wanted, desired = handle["desired_before"], int(str(handle["desired"])), int(service["desiredCount"])
        if handle.get("ordered"):
            return self._progress(service, handle, wanted)
        if desired == before:
            ecs = await call.client("ecs")
            await ecs.update_service(**target(call), desiredCount=wanted)
        elif desired < wanted:  # more is as good: somebody, or we before a crash, has ordered it
            return Failed(reason=f"the desired count went from {before} to {desired} meanwhile: somebody else scales it")
        return self._running({**handle, "ordered": True}, f"{wanted} tasks ordered")

    def _progress(self, service: Mapping[str, Any], handle: Mapping[str, JsonValue], wanted: int) -> Progress:
        desired, running = int(service["desiredCount"]), int(service["runningCount"])
        if desired < wanted:
            return Failed(reason=f"the desired count was put to {desired} meanwhile: somebody else scales it", result=dict(handle))
        if running >= wanted:
            return Succeeded(result=dict(handle), note=f"{running} of {desired} tasks run, {handle['desired_before']} before")
        if any(one.get("status") == "PRIMARY" and one.get("rolloutState") == "FAILED" for one in service.get("deployments", [])):
            return Failed(reason=f"the new task does not start; the desired count stays {desired}", result=dict(handle))
        return self._running(handle, f"{running} of {desired} tasks run")

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        service = await describe(call)
        if service is None or int(service["desiredCount"]) != result["desired"]:
            return Succeeded(note="somebody has changed the desired count since: left as it is")
        ecs = await call.client("ecs")
        await ecs.update_service(**target(call), desiredCount=result["desired_before"])
        return Succeeded(note=f"desired count {result['desired_before']} as it was found")

    def _running(self, handle: Mapping[str, JsonValue], note: str) -> Running:
        return Running(handle=dict(handle), again_in_seconds=self._settings.poll_seconds, note=note)
