"""The invariants of a whole fleet, from what an outsider saw: the queue, the table's writes in order, the effects, the announcements."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

from aiops_daemon.incidents.record import from_item
from aiops_daemon.incidents.stamps import unstamp
from aiops_daemon.model.incident import TERMINAL, Incident, State
from tests.chaos import hands
from tests.chaos.cloud import History, Write, short
from tests.doubles import invariants

ATTEMPTS = 8
CLOCK_SECONDS = 0.05  # a stamp is taken before the write that carries it arrives


@dataclass(frozen=True)
class Wanted:
    """What the traffic makes true."""

    pairs: Set[tuple[str, str]]
    poison: Set[str]
    cooldown_seconds: float
    per_hour: int = 100_000  # recoveries of the account
    per_resource: int = 3  # recoveries a day


@dataclass(frozen=True)
class Seen:
    """The end of a run."""

    history: History
    items: list[dict[str, Any]]  # of incidents
    queue: list[str]  # bodies left
    parked: list[tuple[str, str]]  # body, reason


def broken(wanted: Wanted, seen: Seen) -> list[str]:
    """Everything that does not hold."""
    records = [from_item(item) for item in seen.items]
    history = seen.history
    return [
        *history.broken,
        *_one_incident_a_pair(wanted, records),
        *_recorded_before_deleted(history),
        *invariants.ends(records),
        *_one_recovery_a_window(wanted, history.writes),
        *hands.effects(history),
        *hands.builds(history),
        *hands.one_task_more(history),
        *hands.budgets(history, per_hour=wanted.per_hour, per_resource=wanted.per_resource),
        *hands.verified(history),
        *hands.kill_switch(history),
        *hands.breaker(history),
        *hands.where_it_stopped(history, records),
        *invariants.announcements(records, history.told, ATTEMPTS),
        *_poison(wanted, seen),
        *invariants.writes(write.item for write in history.writes),
        *_written_by_the_owner(history.writes),
    ]


def _one_incident_a_pair(wanted: Wanted, records: Iterable[Incident]) -> Iterator[str]:
    found = [(record.event.event_id, short(record.resource_id)) for record in records]
    yield from (f"I1: lost: {pair}" for pair in sorted(wanted.pairs - set(found)))
    yield from (f"I1: made up: {pair}" for pair in sorted(set(found) - wanted.pairs))
    if len(found) != len(set(found)):
        yield "I1: two incidents of one event and resource"


def _recorded_before_deleted(history: History) -> Iterator[str]:
    """A message goes only after what it said is durable."""
    born: dict[str, float] = {}
    for write in history.writes:
        if write.item["incident_id"].startswith("inc-"):
            born.setdefault(json.loads(write.item["event_details"])["event_id"], write.at)
    for at, by, body in history.deleted:
        event = _event_id(body)
        if event in born and at < born[event]:
            yield f"I1: {by} deleted the message of {event} before it was on record"


def _event_id(body: str) -> str:
    try:
        return str(json.loads(body)["id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _one_recovery_a_window(wanted: Wanted, writes: Iterable[Write]) -> Iterator[str]:
    """I4: by the moments at which incidents began to act, and by who took the claim from whom."""
    begun: dict[str, list[tuple[float, str]]] = defaultdict(list)
    acted: set[str] = set()
    ended: set[str] = set()
    claims: dict[str, dict[str, Any]] = {}
    for write in writes:
        item, key = write.item, write.item["incident_id"]
        if key.startswith("inc-"):
            if item["workflow_state"] in TERMINAL:
                ended.add(key)
            if item["workflow_state"] == State.EXECUTING and key not in acted:
                acted.add(key)
                yield from _too_soon(wanted, begun[item["resource_key"]], write, ended)
                begun[item["resource_key"]].append((write.at, key))
        elif key.startswith("RES#"):
            last = claims.get(key)
            if last and last["holder"] != item["holder"] and last["until"] != "0":
                early = unstamp(last["until"]).timestamp() - write.at
                if early > CLOCK_SECONDS:
                    yield f"I4: {item['holder']} took {key} {early:.1f} s before {last['holder']}'s claim ran out"
            claims[key] = item


def _too_soon(wanted: Wanted, earlier: list[tuple[float, str]], write: Write, ended: set[str]) -> Iterator[str]:
    for at, incident in earlier:
        if incident not in ended:
            yield f"I4: {write.item['incident_id']} acts while {incident} does, on {write.item['resource_key']}"
        if write.at - at < wanted.cooldown_seconds:
            yield f"I4: two recoveries of {write.item['resource_key']} within {write.at - at:.1f} s"


def _poison(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """I7. An operator's word that came too late is parked as well."""
    if seen.queue:
        yield f"I7: {len(seen.queue)} messages are left in the queue"
    bodies = {body for body, _ in seen.parked}
    yield from (f"I7: poison was not parked: {body[:60]!r}" for body in sorted(wanted.poison - bodies))
    for body, reason in seen.parked:
        if not reason:
            yield f"I7: parked without a reason: {body[:60]!r}"
        if body not in wanted.poison and "aiops_decision" not in body:
            yield f"I7: parked, and no poison ({reason}): {body[:60]!r}"


def _written_by_the_owner(writes: Iterable[Write]) -> Iterator[str]:
    """I8: under one fence only one process writes; others may speak to an incident, which leaves its sequence number alone."""
    last: dict[str, tuple[int, int, str]] = {}
    for write in writes:
        item, key = write.item, write.item["incident_id"]
        if not key.startswith("inc-"):
            continue
        fence, seq, by = last.get(key, (0, 0, ""))
        if item["fence"] == fence and item["seq"] != seq and by != write.by and by != "nobody":
            yield f"I8: {write.by} wrote {key} under the fence {fence} of {by}"
        if item["fence"] != fence or item["seq"] != seq:
            last[key] = (item["fence"], item["seq"], write.by)
