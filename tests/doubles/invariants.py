"""What must hold whatever happened, checked from the outside: the table, its writes, the world and the channels."""

from collections import defaultdict
from itertools import pairwise

from aiops_daemon.incidents.record import from_item
from aiops_daemon.model.incident import TERMINAL, TRANSITIONS, Outcome, State
from tests.doubles.world import Fleet


def check(fleet: Fleet, *, incidents: int, attempts: int = 8) -> None:
    records = [from_item(item) for key, item in fleet.memory.items.items() if key.startswith("inc-")]
    assert len(records) == incidents, "I1: incidents lost or made up"
    for record in records:
        assert record.workflow_state in TERMINAL, f"I2: {record.incident_id} is {record.workflow_state}"
        assert record.due_at is None, "I2: an ended incident is still open"
        assert record.owner is None, "I2: an ended incident is owned"
        states = [entry.state for entry in record.audit]
        assert [entry.seq for entry in record.audit] == list(range(1, len(states) + 1)), "I3: a gap in the audit trail"
        assert states[0] in {State.DETECTING, State.SUPPRESSED}, "I3: a wrong beginning"
        assert all(after in TRANSITIONS[before] for before, after in pairwise(states)), f"I3: no path: {states}"
        assert states[-1] is record.workflow_state, "I3: state and trail disagree"
    for token, count in fleet.world.starts.items():
        assert count <= 1, f"I4: {token} acted {count} times"
    assert len(fleet.world.starts) <= len({record.resource_key for record in records}), "I4: two recoveries of one resource"
    told: dict[tuple[str, str, str], int] = defaultdict(int)
    for channel, notice in fleet.world.delivered:
        told[notice.incident_id, notice.notice_id, channel] += 1
    assert all(count <= attempts for count in told.values()), f"I6: too many notices {told}"
    for record in records:
        if record.outcome in {Outcome.VERIFIED, Outcome.FAILED, Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED, Outcome.QUARANTINED}:
            assert any(key[0] == record.incident_id for key in told), f"I5: {record.incident_id} ended {record.outcome} in silence"
    _check_writes(fleet)


def _check_writes(fleet: Fleet) -> None:
    fences: dict[str, int] = {}
    holders: dict[str, str] = {}
    for item in fleet.memory.writes:
        key = item["incident_id"]
        if key.startswith("RES#"):
            holders[key] = item["holder"]
        if not key.startswith("inc-"):
            continue
        assert item["fence"] >= fences.get(key, 0), f"I8: a lower fence wrote {key}"
        fences[key] = item["fence"]
        if item["workflow_state"] == State.EXECUTING:
            claims = [holder for claim, holder in holders.items() if claim.endswith(item["resource_key"])]
            assert claims == [key], f"I9: {key} executes without its claim"
