"""Each invariant flags a history that breaks it, and passes the one that does not."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.stamps import stamp
from aiops_daemon.model.incident import State
from tests.chaos.cloud import Effect, Write
from tests.chaos.judge import Seen, Wanted, broken
from tests.doubles.world import START

INSTANCE = "i-0123456789abcdef0"
CLAIM = f"RES#123456789012#us-east-1#ec2:instance#{INSTANCE}"
POISON = "not json"
WANTED = Wanted({("e1", INSTANCE)}, {POISON}, cooldown_seconds=300)
Spoil = Callable[[Seen], None]


def test_a_good_history_breaks_nothing(good: Seen) -> None:
    assert broken(WANTED, good) == []


def _incidents(seen: Seen) -> list[Write]:
    return [write for write in seen.history.writes if write.item["incident_id"].startswith("inc-")]


def _again(seen: Seen, number: int, **changed: Any) -> None:
    """Another write of an incident, like its number-th."""
    like = _incidents(seen)[number]
    seen.history.writes.append(Write(like.at + 1000, like.by, deepcopy(like.item) | changed))


def _lost(seen: Seen) -> None:
    seen.items.clear()


def _made_up(seen: Seen) -> None:
    seen.items.append(deepcopy(seen.items[0]) | {"resource_id": "i-other"})


def _twice(seen: Seen) -> None:
    seen.items.append(deepcopy(seen.items[0]))


def _deleted_first(seen: Seen) -> None:
    seen.history.deleted[0] = (seen.history.writes[0].at - 1, "1.1", json.dumps({"id": "e1"}))


def _never_ended(seen: Seen) -> None:
    seen.items[0]["workflow_state"] = State.VERIFYING


def _still_open(seen: Seen) -> None:
    seen.items[0]["due_at"] = stamp(START)


def _left_its_end(seen: Seen) -> None:
    _again(seen, -1, workflow_state=State.FAILED)


def _gap(seen: Seen) -> None:
    del seen.items[0]["audit"][1]


def _rewritten(seen: Seen) -> None:
    _again(seen, -1, audit=[])


def _lower_fence(seen: Seen) -> None:
    _again(seen, -1, fence=0)


def _two_owners(seen: Seen) -> None:
    _again(seen, -2, owner="somebody else")


def _foreign_write(seen: Seen) -> None:
    last = _incidents(seen)[-1]
    seen.history.writes.append(Write(last.at + 1, "2.1", deepcopy(last.item) | {"seq": last.item["seq"] + 1}))


def _claim_stolen(seen: Seen) -> None:
    """By somebody who began before the first was done, and within its cooldown."""
    claim = next(write for write in seen.history.writes if write.item["incident_id"] == CLAIM)
    executing = next(write for write in _incidents(seen) if write.item["workflow_state"] == State.EXECUTING)
    other = deepcopy(executing.item) | {"incident_id": "inc-other"}
    taken = deepcopy(claim.item) | {"holder": "inc-other", "until": stamp(START + timedelta(hours=1))}
    at = seen.history.writes.index(executing) + 1
    seen.history.writes[at:at] = [Write(executing.at, "2.1", taken), Write(executing.at, "2.1", other)]


def _without_claim(seen: Seen) -> None:
    seen.history.writes[:] = [write for write in seen.history.writes if write.item["incident_id"] != CLAIM]


def _late_effect(seen: Seen) -> None:
    seen.history.effects.append(Effect(START.timestamp(), "2.1", "StartInstances", INSTANCE, True, ((State.EXECUTING, "1.1", "inc-x"),)))


def _silent(seen: Seen) -> None:
    seen.history.told.clear()


def _spam(seen: Seen) -> None:
    (key,) = seen.history.told
    seen.history.told[key] = 9


def _poison_lost(seen: Seen) -> None:
    seen.parked.clear()


def _no_reason(seen: Seen) -> None:
    seen.parked[0] = (POISON, "")


def _good_parked(seen: Seen) -> None:
    seen.parked.append(('{"id": "e1"}', "why ever"))


def _left(seen: Seen) -> None:
    seen.queue.append("a message")


def _double_failed(seen: Seen) -> None:
    seen.history.broken.append("the double failed in Scan: KeyError()")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_lost, "I1: lost"),
        (_made_up, "I1: made up"),
        (_twice, "I1: two incidents"),
        (_deleted_first, "before it was on record"),
        (_never_ended, "is VERIFYING"),
        (_still_open, "still open or owned"),
        (_left_its_end, "I2: "),
        (_gap, "I3: a gap"),
        (_rewritten, "was rewritten"),
        (_claim_stolen, "claim ran out"),
        (_claim_stolen, "acts while"),
        (_claim_stolen, "I4: two recoveries"),
        (_silent, "I5: "),
        (_spam, "I6: "),
        (_poison_lost, "I7: poison was not parked"),
        (_no_reason, "I7: parked without a reason"),
        (_good_parked, "I7: parked, and no poison"),
        (_left, "I7: 1 messages are left"),
        (_lower_fence, "I8: a lower fence"),
        (_two_owners, "I8: "),
        (_foreign_write, "under the fence"),
        (_without_claim, "I9: "),
        (_late_effect, "I9: 2.1 called StartInstances"),
        (_double_failed, "the double failed"),
    ],
)
def test_what_is_broken_is_said(good: Seen, spoil: Spoil, says: str) -> None:
    spoil(good)
    found = broken(WANTED, good)
    assert any(says in line for line in found), found
