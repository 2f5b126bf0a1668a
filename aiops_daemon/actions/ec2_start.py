"""Start an instance that somebody stopped. A terminated one cannot come back: that is codebuild.terraform_apply's work."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.evidence import INSTANCE_ID, bare_id, refused, words
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded, Unsure
from aiops_daemon.ports import ActionCall

_STOPPED = frozenset({"stopinstances", "stopped", "stopping"})
_GONE = frozenset({"terminateinstances", "terminated", "shutting-down"})


class Ec2Start:
    """StartInstances has no token and needs none: starting a running instance changes nothing."""

    spec = ActionSpec(
        id="ec2.start",
        title="Start the instance",
        resource_types=("ec2:instance",),
        effect=Effect.REVERSIBLE,
        timeout_seconds=600,
        success="the instance is running",
        undoable=True,
        permissions=("ec2:DescribeInstances", "ec2:StartInstances", "ec2:StopInstances"),
    )

    def __init__(self, settings: ActionSettings) -> None:
        self._settings = settings

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        said = words(event)
        if reason := refused(event):
            return reason
        if said & _GONE:
            return "the instance was terminated and cannot be started"
        if not said & _STOPPED:
            return "the event does not say that the instance was stopped"
        instance = bare_id(event, INSTANCE_ID)
        return {"instance_id": instance} if instance else f"{event.resource.id[:60]!r} is no instance id"

    async def start(self, call: ActionCall) -> Progress:
        instance = await _describe(call)
        state = str(instance["State"]["Name"])
        group = _auto_scaling_group(instance)
        if state == "stopped" and group:
            return Unsure(reason=f"the instance belongs to Auto Scaling group {group}, which replaces it by itself")
        if state == "stopped":
            ec2 = await call.client("ec2")
            await ec2.start_instances(InstanceIds=[call.parameters["instance_id"]])
            return Running(handle={"started": True}, again_in_seconds=self._settings.poll_seconds, note="starting")
        return self._waiting(call, state, {"started": False})

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        instance = await _describe(call)
        state = str(instance["State"]["Name"])
        if state == "stopped":  # it was still stopping when `start` looked, or AWS could not start it
            return await self._start_or_fail(call, handle, instance)
        return self._waiting(call, state, handle)

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        if not result.get("started"):
            return Succeeded(note="it was not this step that started the instance")
        ec2 = await call.client("ec2")
        await ec2.stop_instances(InstanceIds=[call.parameters["instance_id"]])
        return Succeeded(note="stopped again, as it was found")

    async def _start_or_fail(self, call: ActionCall, handle: Mapping[str, JsonValue], instance: Mapping[str, Any]) -> Progress:
        if handle.get("started"):
            why = instance.get("StateReason", {}).get("Message", "no reason given")
            return Failed(reason=f"the instance went back to stopped: {why}", result={"started": False})
        return await self.start(call)

    def _waiting(self, call: ActionCall, state: str, handle: Mapping[str, JsonValue]) -> Progress:
        match state:
            case "running":
                result: dict[str, JsonValue] = {"instance_id": call.parameters["instance_id"], "started": bool(handle.get("started"))}
                return Succeeded(result=result, note="running")
            case "pending" | "stopping":
                acts = not handle.get("started")  # once it has stopped, the look starts it
                return Running(handle=dict(handle), again_in_seconds=self._settings.poll_seconds, note=state, acts_next=acts)
            case _:
                return Failed(reason=f"the instance is {state} and cannot be started")


async def _describe(call: ActionCall) -> Mapping[str, Any]:
    ec2 = await call.client("ec2")
    answer = await ec2.describe_instances(InstanceIds=[call.parameters["instance_id"]])
    instance: Mapping[str, Any] = answer["Reservations"][0]["Instances"][0]
    return instance


def _auto_scaling_group(instance: Mapping[str, Any]) -> str:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return str(tags.get("aws:autoscaling:groupName", ""))
