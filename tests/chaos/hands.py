"""The judgement of what was done to the world: by whom, when it was not allowed, how often, and whether it helped."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiops_daemon.incidents.kill_switch import SWITCH
from aiops_daemon.incidents.record import from_item
from aiops_daemon.model.incident import Incident, State
from tests.chaos.builds import pins_of, token_of
from tests.chaos.cloud import Effect, History, Write
from tests.chaos.estate import SWITCH as PARAMETER
from tests.chaos.people import OPERATOR, REASON

_BY = rf"({OPERATOR}|SSM parameter {PARAMETER} \(version \d+\))"
_SAYS = re.compile(rf"stopped before (step|the undo of step) \S.*: kill switch set by {_BY} at \S+: {REASON}")


def effects(history: History) -> Iterator[str]:
    """I4 and I9 at the resource: who calls for a change, even one that is made already, owns the incident that acts on it."""
    for effect in history.effects:
        owners = {owner for _, owner, _ in effect.at_work}
        if effect.by not in owners:
            yield f"I9: {effect.by} called {effect.name} on {effect.instance}, at work there: {sorted(effect.at_work)}"


def builds(history: History) -> Iterator[str]:
    """I4 for what takes its time: one build of an incident and phase, however many processes died on it; applied is what was planned."""
    begun = Counter((build.incident, build.phase) for build in history.builds)
    yield from (f"I4: {count} builds ({phase}) of {incident}" for (incident, phase), count in begun.items() if count > 1)
    plans = {build.incident: build for build in history.builds if build.phase == "plan"}
    for build in history.builds:
        if build.token != token_of(build):
            yield f"I4: the build {build.build_id} does not carry its token"
        if build.phase == "apply":
            plan = plans.get(build.incident)
            if plan is None or not plan.done(build.at) or build.pins != pins_of(plan):
                yield f"I4: the apply {build.build_id} of {build.incident} is not of its plan"


def one_task_more(history: History) -> Iterator[str]:
    """I4 for what is no start: "one more" twice is two. Nobody else touches these services, and an undo is no order for more."""
    more = Counter(
        (effect.instance, incident)
        for effect in history.effects
        if effect.name == "UpdateService" and effect.instance.startswith("out-") and effect.changed
        for state, owner, incident in effect.at_work
        if owner == effect.by and state == State.EXECUTING
    )
    yield from (f"I4: {incident} scaled {name} out {count} times" for (name, incident), count in more.items() if count > 1)


def budgets(history: History, *, per_hour: int, per_resource: int) -> Iterator[str]:
    """Who changes something has paid; no hour has more payers than its limit, no resource more recoveries a day than its own."""
    paid: dict[str, float] = {}
    begun: dict[str, set[str]] = defaultdict(set)
    for write in history.writes:
        key = write.item["incident_id"]
        if key.startswith("BUDGET#recoveries#"):
            payers = write.item.get("payers", ())
            if len(payers) > per_hour:
                yield f"budget: {len(payers)} recoveries paid for {key}, {per_hour} are allowed"
            for incident in payers:
                paid.setdefault(incident, write.at)
        elif write.item.get("workflow_state") == State.EXECUTING:
            begun[write.item["resource_key"]].add(key)
    yield from (f"budget: {len(some)} recoveries of {name} in a day" for name, some in begun.items() if len(some) > per_resource)
    for effect in history.effects:
        for _, owner, incident in effect.at_work:
            if owner == effect.by and paid.get(incident, float("inf")) > effect.sent:
                yield f"budget: {incident} called {effect.name} on {effect.instance} and has not paid"


def verified(history: History) -> Iterator[str]:
    """Whoever says that a recovery is verified."""
    yield from (f"verified: {incident} says so, and {name} was never well under it" for incident, name in history.ill)


@dataclass(frozen=True)
class _Stop:
    """The switch was set: from when until when, and after how many writes."""

    at: float
    until: float
    written: int


def kill_switch(history: History) -> Iterator[str]:
    """From the durable set until the clearing: only the step that its owner was at already, and nothing that it decides afterwards.

    Between a step's look at the switch and its effect lies one write of the trail at most, the intent. So an effect goes without a look,
    or against it, where its incident was at rest or unborn when the switch was set, was taken since, went on by two such writes, or
    changed something since then already.
    """
    for stop in _stops(history.writes):
        done: set[str] = set()
        for effect in _first_tries(history.effects):
            if not stop.at <= effect.sent < stop.until:
                continue
            for incident in (incident for _, owner, incident in effect.at_work if owner == effect.by):
                why = _after_the_look(history.writes, stop, incident, effect.sent)
                if incident in done:
                    why = "changed something since then already"
                done.add(incident)
                if why:
                    seconds = effect.sent - stop.at
                    yield f"kill switch: {effect.name} on {effect.instance} {seconds:.2f} s after it was set, for {incident}, which {why}"


def _first_tries(found: Iterable[Effect]) -> Iterator[Effect]:
    """The SDK repeats a call by itself, under the same invocation."""
    seen: set[str] = set()
    for effect in found:
        if effect.invocation not in seen:
            seen.add(effect.invocation)
            yield effect


def _after_the_look(writes: list[Write], stop: _Stop, incident: str, until: float) -> str:
    """Why whatever `incident` does up to then was decided after the stop; empty: it may have looked before."""
    before = next((write.item for write in reversed(writes[: stop.written]) if write.item["incident_id"] == incident), None)
    if before is None or not before.get("owner"):
        return "was not worked on then"
    since = [write.item for write in writes[stop.written :] if write.item["incident_id"] == incident and write.at <= until]
    if any(item["fence"] != before["fence"] for item in since):
        return "was taken since"
    went_on = {len(item["audit"]) for item in since} - {len(before["audit"])}
    return f"went on {len(went_on)} times since" if len(went_on) > 1 else ""


def _stops(writes: list[Write]) -> Iterator[_Stop]:
    begun: tuple[float, int] | None = None
    for number, write in enumerate(writes):
        if write.item["incident_id"] != SWITCH:
            continue
        if begun is None and write.item["stopped"]:
            begun = write.at, number
        elif begun is not None and not write.item["stopped"]:
            yield _Stop(begun[0], write.at, begun[1])
            begun = None
    if begun is not None:
        yield _Stop(begun[0], float("inf"), begun[1])


def breaker(history: History) -> Iterator[str]:
    """An open breaker, whose rest is longer than any run: no recovery of its kind begins but those that had looked before."""
    opened: dict[str, _Stop] = {}
    begun: set[str] = set()
    for number, write in enumerate(history.writes):
        item, key = write.item, write.item["incident_id"]
        if key.startswith("BREAKER#") and item.get("open_since"):
            opened.setdefault(key.removeprefix("BREAKER#"), _Stop(write.at, float("inf"), number))
        elif item.get("workflow_state") == State.EXECUTING and key not in begun:
            begun.add(key)
            for action in _planned(item) & opened.keys():
                why = _after_the_look(history.writes[: number + 1], opened[action], key, write.at)
                if why:
                    yield f"breaker: {key} begins with {action} {write.at - opened[action].at:.2f} s after it opened, which {why}"


def _planned(item: Mapping[str, Any]) -> set[str]:
    plan = from_item(item).results["plan"]
    return {str(step["action_id"]) for step in plan["steps"]} if isinstance(plan, dict) else set()  # type: ignore[index,call-overload,union-attr]  # JSON


def where_it_stopped(history: History, records: Iterable[Incident]) -> Iterator[str]:
    """An incident that met the switch in the middle of its recovery ended there, says before which step and by whose word, and was told."""
    for record in records:
        note = record.audit[-1].note
        if not met_the_switch(record):
            continue
        if record.workflow_state is not State.FAILED or not _SAYS.search(note):
            yield f"kill switch: {record.incident_id} met it and ended {record.workflow_state}: {note[:120]!r}"
        if not any(key[:2] == (record.incident_id, "stopped") for key in history.told):
            yield f"kill switch: {record.incident_id} was stopped in silence"


def met_the_switch(record: Incident) -> bool:
    """Ended by it; those who met it at the gate ask a human."""
    note = record.audit[-1].note
    return note.startswith("stopped") and "kill switch" in note
