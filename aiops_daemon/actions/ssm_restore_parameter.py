"""Put an SSM parameter back to the version before the change. The value never reaches the journal: the record holds version numbers.

Our own PutParameter is recognised by the label `aiops-daemon.<incident>` on the version that it makes (and by role and user agent). The
label is a second call, which may be lost. So where the event does not name the version that the change made, the newest one is put on the
record as that before anything is written: a repeat must not take our own version for the change, and put the bad value back.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from aiops_daemon.actions.evidence import mapping, refused
from aiops_daemon.aws.parameter_history import Version, parameter_history, parameter_name, version_before
from aiops_daemon.model.errors import GiveUp
from aiops_daemon.model.event import Event
from aiops_daemon.model.plan import ActionSpec, Effect, Failed, Progress, Running, Succeeded, Unsure
from aiops_daemon.ports import ActionCall

_NAME = re.compile(r"/?[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,14}")
_MARK = "aiops-daemon."
_KEPT = ("Description", "KeyId", "AllowedPattern", "Tier", "DataType")


class SsmRestoreParameter:
    """PutParameter has no token; a repeat finds the value restored already and only looks. Undo writes the newer value again."""

    spec = ActionSpec(
        id="ssm.restore_parameter",
        title="Restore the parameter's earlier version",
        resource_types=("ssm:parameter",),
        effect=Effect.REVERSIBLE,
        timeout_seconds=120,
        success="the parameter has the value that it had before the change",
        undoable=True,
        permissions=("ssm:GetParameterHistory", "ssm:PutParameter", "ssm:LabelParameterVersion", "kms:Decrypt", "kms:Encrypt"),
    )

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        if reason := refused(event):
            return reason
        if event.name != "PutParameter" and event.facts.get("operation") != "Update":
            return "only a changed parameter has an earlier version; a deleted one takes its history along"
        name = _name(event.resource.id)
        if name is None:
            return f"{event.resource.id[:80]!r} is no parameter name"
        version = mapping(event.facts, "responseElements").get("version")
        return {"name": name, "changed_version": version if isinstance(version, int) else None}

    async def start(self, call: ActionCall) -> Progress:
        ssm = await call.client("ssm")
        history = await parameter_history(ssm, str(call.parameters["name"]))
        changed = call.parameters["changed_version"]
        pair = version_before(history, changed if isinstance(changed, int) else None)
        ended = _ended(call, history, pair, known=isinstance(changed, int))
        if ended is not None or pair is None:
            return ended or Failed(reason="there is no version before the change")
        if not isinstance(changed, int):
            newest = pair[0]["Version"]
            return Running(handle={"changed_version": newest}, again_in_seconds=0, note=f"version {newest} is the change", acts_next=True)
        return await self._restore(ssm, call, *pair)

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        """Only where `start` had to find out which version the change made."""
        ssm = await call.client("ssm")
        history = await parameter_history(ssm, str(call.parameters["name"]))
        pair = version_before(history, int(str(handle["changed_version"])))
        ended = _ended(call, history, pair, known=True)
        if ended is not None or pair is None:
            return ended or Failed(reason="there is no version before the change")
        return await self._restore(ssm, call, *pair)

    async def _restore(self, ssm: Any, call: ActionCall, bad: Version, good: Version) -> Progress:
        made = await _put(ssm, good)
        await _label(ssm, str(good["Name"]), made, _mark(call))
        return Succeeded(result=_result(bad, good, made), note=f"version {made} has the value of version {good['Version']}")

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        ssm = await call.client("ssm")
        history = await parameter_history(ssm, str(call.parameters["name"]))
        if result.get("made_version") is None:
            return Succeeded(note="this step changed nothing")
        newer = next((item for item in history if item["Version"] == result["changed_version"]), None)
        if history[-1]["Version"] != result["made_version"]:
            if newer is not None and history[-1]["Value"] == newer["Value"]:
                return Succeeded(note=f"version {history[-1]['Version']} has the value of version {newer['Version']} again")
            return Failed(reason=f"the parameter was changed again (version {history[-1]['Version']}): not touched")
        if newer is None:
            return Failed(reason=f"version {result['changed_version']} is not kept any more")
        made = await _put(ssm, newer)
        return Succeeded(note=f"version {made} has the value of version {newer['Version']} again")


def _name(identifier: str) -> str | None:
    name = parameter_name(identifier)
    return name if len(name) <= 1011 and _NAME.fullmatch(name) else None


def _mark(call: ActionCall) -> str:
    return f"{_MARK}{call.incident_id}"


def _ended(call: ActionCall, history: Sequence[Version], pair: tuple[Version, Version] | None, *, known: bool) -> Progress | None:
    """What is to be said without writing; None: the earlier version has to be written. `known`: which version the change made."""
    latest = history[-1]
    labels = latest.get("Labels", [])
    if _mark(call) in labels:
        earlier = history[-2]["Version"] if len(history) > 1 else None
        done: dict[str, JsonValue] = {"changed_version": earlier, "good_version": latest["Version"], "made_version": latest["Version"]}
        return Succeeded(result=done, note="restored by an earlier try")
    if pair is None:
        return Failed(reason="there is no version before the change")
    bad, good = pair
    # Ours, for another incident; its event may come late, from a role that is not listed as ours.
    ours = labels if not known else bad.get("Labels", [])
    if any(str(label).startswith(_MARK) for label in ours):
        return Succeeded(result=_result(good, bad, None), note=f"version {bad['Version']} was restored by the daemon: nothing to take back")
    if latest["Value"] == good["Value"]:
        return Succeeded(result=_result(bad, good, None), note=f"version {latest['Version']} has the earlier value already")
    if latest["Version"] != bad["Version"]:
        return Unsure(reason=f"the parameter was changed again (version {latest['Version']}): which value is right?")
    return None


def _result(bad: Version, good: Version, made: int | None) -> dict[str, JsonValue]:
    return {"changed_version": bad["Version"], "good_version": good["Version"], "made_version": made}


async def _put(ssm: Any, version: Version) -> int:
    kept = {name: version[name] for name in _KEPT if version.get(name)}
    answer = await ssm.put_parameter(Name=version["Name"], Value=version["Value"], Type=version["Type"], Overwrite=True, **kept)
    return int(answer["Version"])


async def _label(ssm: Any, name: str, version: int, mark: str) -> None:
    try:
        await ssm.label_parameter_version(Name=name, ParameterVersion=version, Labels=[mark])
    except GiveUp:  # ten labels at most, or no permission: the value is restored, and that is what counts
        return
