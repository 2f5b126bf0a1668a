"""What must hold whatever happened, checked from the outside: the table, its writes, the world and the channels.

`check` raises for a fleet in one process; the parts under it yield what is broken, for a fleet of processes (tests/chaos).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from aiops_daemon.incidents.record import from_item
from aiops_daemon.model.incident import TERMINAL, TRANSITIONS, Incident, Outcome, State
from tests.doubles.world import Fleet

ANNOUNCED = {Outcome.VERIFIED, Outcome.FAILED, Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED, Outcome.QUARANTINED}
Told = Mapping[tuple[str, str, str], int]  # (incident, notice, channel) -> how often
Item = Mapping[str, Any]


def check(fleet: Fleet, *, incidents: int, attempts: int = 8) -> None:
    records = [from_item(item) for key, item in fleet.memory.items.items() if key.startswith("inc-")]
    assert len(records) == incidents, "I1: incidents lost or made up"
    for token, count in fleet.world.starts.items():
        assert count <= 1, f"I4: {token} acted {count} times"
    assert len(fleet.world.starts) <= len({record.resource_key for record in records}), "I4: two recoveries of one resource"
    told: Counter[tuple[str, str, str]] = Counter()
    for channel, notice in fleet.world.delivered:
        told[notice.incident_id, notice.notice_id, channel] += 1
    broken = [*ends(records), *announcements(records, told, attempts), *writes(fleet.memory.writes)]
    assert not broken, "\n".join(broken)


def ends(records: Iterable[Incident]) -> Iterator[str]:
    """I2 and I3, of each record as it stands at the end."""
    for record in records:
        name, states = record.incident_id, [entry.state for entry in record.audit]
        if record.workflow_state not in TERMINAL:
            yield f"I2: {name} is {record.workflow_state}"
        if record.due_at is not None or record.owner is not None:
            yield f"I2: {name} ended and is still open or owned"
        if [entry.seq for entry in record.audit] != list(range(1, len(states) + 1)):
            yield f"I3: a gap in the audit trail of {name}"
        if states[0] not in {State.DETECTING, State.SUPPRESSED}:
            yield f"I3: {name} begins as {states[0]}"
        if not all(after in TRANSITIONS[before] for before, after in pairwise(states)):
            yield f"I3: {name} took no path: {states}"
        if states[-1] is not record.workflow_state:
            yield f"I3: state and trail of {name} disagree"


def announcements(records: Iterable[Incident], told: Told, attempts: int) -> Iterator[str]:
    """I5 and I6."""
    for key, count in told.items():
        if count > attempts:
            yield f"I6: {key} was delivered {count} times"
    heard = {incident for incident, _, _ in told}
    for record in records:
        if record.outcome in ANNOUNCED and record.incident_id not in heard:
            yield f"I5: {record.incident_id} ended {record.outcome} in silence"


def writes(items: Iterable[Item]) -> Iterator[str]:
    """I2, I3, I8 and I9 over time: each item as each accepted write left it, in order."""
    before: dict[str, Item] = {}
    holders: dict[str, str] = {}
    owners: dict[tuple[str, int], set[str]] = defaultdict(set)
    for item in items:
        key = item["incident_id"]
        if key.startswith("RES#"):
            holders[key] = item["holder"]
        if not key.startswith("inc-"):
            continue
        yield from _step(before.get(key), item)
        before[key] = item
        if item.get("owner"):
            owners[key, item["fence"]].add(item["owner"])
        if item["workflow_state"] == State.EXECUTING:
            claims = [holder for claim, holder in holders.items() if claim.endswith(item["resource_key"])]
            if claims != [key]:
                yield f"I9: {key} executes without its claim, which is held by {claims}"
    yield from (f"I8: {key} had two owners under fence {fence}" for (key, fence), found in owners.items() if len(found) > 1)


def _step(last: Item | None, item: Item) -> Iterator[str]:
    if last is None:
        return
    key = item["incident_id"]
    if item["fence"] < last["fence"]:
        yield f"I8: a lower fence wrote {key}"
    if last["workflow_state"] in TERMINAL and item["workflow_state"] != last["workflow_state"]:
        yield f"I2: {key} left {last['workflow_state']} for {item['workflow_state']}"
    if item["audit"][: len(last["audit"])] != last["audit"]:
        yield f"I3: the audit trail of {key} was rewritten"
