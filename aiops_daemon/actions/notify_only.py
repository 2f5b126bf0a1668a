"""Tell people, change nothing: for what the daemon has no remedy for."""

from collections.abc import Mapping

from pydantic import JsonValue

from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Succeeded
from aiops_daemon.ports import ActionCall


class NotifyOnly:
    """The announcement itself goes through the outbox; this is the step that says so on the record."""

    spec = ActionSpec(
        id="notify_only",
        title="Tell the people on call",
        resource_types=("*",),
        effect=Effect.NONE,
        timeout_seconds=60,
        success="the notice is in the outbox",
    )

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        return {}

    async def start(self, call: ActionCall) -> Progress:
        return Succeeded(note="no remedy is known: people are told")

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        return Failed(reason="notify_only never runs on")

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        return Succeeded(note="nothing to take back")
