"""What was done to the world: each judgement flags a history that breaks it, and passes the one that does not."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from aiops_daemon.incidents.kill_switch import SWITCH
from aiops_daemon.incidents.record import from_item
from aiops_daemon.model.incident import State
from tests.chaos import hands
from tests.chaos.builds import Build, Builds, pins_of
from tests.chaos.cloud import Effect, History, Write
from tests.chaos.judge import Seen, Wanted, broken
from tests.chaos.people import OPERATOR, REASON

INSTANCE, POISON = "i-0123456789abcdef0", "not json"
WANTED = Wanted({("e1", INSTANCE)}, {POISON}, cooldown_seconds=300)
STOPPED = f"stopped before step recover: kill switch set by {OPERATOR} at 2026-03-02T03:00:00.000000Z: {REASON}"


def _acts(seen: Seen) -> int:
    """Where the incident is written that is about to act."""
    return next(at for at, write in enumerate(seen.history.writes) if write.item.get("workflow_state") == State.EXECUTING)


def _switch(seen: Seen, at: int, seconds: float, *, stopped: bool = True) -> None:
    """Before the at-th write, at that time or so."""
    when = seen.history.writes[min(at, len(seen.history.writes) - 1)].at + seconds
    seen.history.writes.insert(at, Write(when, "operator", {"incident_id": SWITCH, "stopped": stopped}))


def _before_the_intent(seen: Seen) -> None:
    _switch(seen, _acts(seen), -0.5)


def _after_the_intent(seen: Seen) -> None:
    _switch(seen, _acts(seen) + 1, -0.8)


def _after_the_effect(seen: Seen) -> None:
    _switch(seen, _acts(seen) + 1, -0.2)


def _cleared_in_time(seen: Seen) -> None:
    _switch(seen, 0, -1)
    _switch(seen, _acts(seen), -0.5, stopped=False)


def _repeated_by_the_sdk(seen: Seen) -> None:
    _after_the_intent(seen)
    seen.history.effects *= 2


@pytest.mark.parametrize("when", [_before_the_intent, _after_the_intent, _after_the_effect, _cleared_in_time, _repeated_by_the_sdk])
def test_what_was_in_flight_when_the_switch_was_set_is_no_fault(good: Seen, when: Callable[[Seen], None]) -> None:
    when(good)
    assert broken(WANTED, good) == []


def _before_it_was_born(seen: Seen) -> None:
    _switch(seen, 0, -1)


def _at_rest(seen: Seen) -> None:
    for write in seen.history.writes[: _acts(seen)]:
        write.item.pop("owner", None)
    _before_the_intent(seen)


def _taken_since(seen: Seen) -> None:
    _before_the_intent(seen)
    for write in seen.history.writes[_acts(seen) :]:
        if "fence" in write.item:
            write.item["fence"] += 1


def _went_on(seen: Seen) -> None:
    """Two writes of the trail, and the effect after the second."""
    before = _acts(seen)
    like = seen.history.writes[before]
    _before_the_intent(seen)
    more = deepcopy(like.item) | {"audit": like.item["audit"][:-1]}
    seen.history.writes.insert(before + 1, Write(like.at - 0.1, like.by, more))


def _second_change(seen: Seen) -> None:
    _after_the_intent(seen)
    seen.history.effects.append(replace(seen.history.effects[0], invocation="second"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_before_it_was_born, "which was not worked on then"),
        (_at_rest, "which was not worked on then"),
        (_taken_since, "which was taken since"),
        (_went_on, "which went on 2 times since"),
        (_second_change, "which changed something since then already"),
    ],
)
def test_an_effect_of_a_later_decision_is_one(good: Seen, spoil: Callable[[Seen], None], says: str) -> None:
    spoil(good)
    (line,) = hands.kill_switch(good.history)
    assert line.startswith("kill switch: StartInstances on i-0123456789abcdef0")
    assert line.endswith(says)


def _opened(seen: Seen, at: int) -> None:
    when = seen.history.writes[at].at - 0.5
    item = {"incident_id": "BREAKER#ec2.start", "open_since": "2026-03-02T03:00:00.000000Z", "version": 1}
    seen.history.writes.insert(at, Write(when, "2.1", item))


def test_who_had_looked_at_the_breaker_before_it_opened_may_begin(good: Seen) -> None:
    _opened(good, _acts(good))
    assert list(hands.breaker(good.history)) == []


def test_who_begins_under_an_open_breaker_is_told(good: Seen) -> None:
    _opened(good, 0)
    (line,) = hands.breaker(good.history)
    assert line.startswith("breaker: inc-")
    assert line.endswith("after it opened, which was not worked on then")


def _met(seen: Seen, note: str, state: State = State.FAILED) -> None:
    """The incident ended at the switch instead."""
    item = seen.items[0]
    last = json.loads(item["audit"][-1])
    item["audit"][-1] = json.dumps(last | {"note": note, "state": state.value})
    item["workflow_state"] = state.value


def test_who_met_the_switch_says_where_and_is_heard(good: Seen) -> None:
    _met(good, STOPPED)
    name = good.items[0]["incident_id"]
    (silent,) = hands.where_it_stopped(good.history, [from_item(good.items[0])])
    assert silent == f"kill switch: {name} was stopped in silence"
    good.history.told[name, "stopped", "sns"] = 1
    assert list(hands.where_it_stopped(good.history, [from_item(good.items[0])])) == []


@pytest.mark.parametrize(
    ("note", "state"),
    [
        ("stopped: kill switch", State.FAILED),
        (STOPPED.replace(REASON, ""), State.FAILED),
        (STOPPED.replace(OPERATOR, "?"), State.FAILED),
        (STOPPED, State.COMPLETED),
    ],
)
def test_who_met_the_switch_and_says_less_is_told(good: Seen, note: str, state: State) -> None:
    _met(good, note, state)
    good.history.told[good.items[0]["incident_id"], "stopped", "sns"] = 1
    (line,) = hands.where_it_stopped(good.history, [from_item(good.items[0])])
    assert "met it and ended" in line


def _built(**variables: str) -> History:
    """A plan, and its apply four seconds later; `variables` change the apply."""
    history, clock = History(), [100.0]
    builds = Builds(lambda: clock[0], lambda: "1.1", lambda *_: None, begun=history.builds)

    def start(token: str, **more: str) -> None:
        named = {"INCIDENT_ID": "inc-1", "RESOURCE_ID": "i-0d1", "AIOPS_TOKEN": token} | more
        asked = [{"name": name, "value": value} for name, value in named.items()]
        builds.call("StartBuild", {"idempotencyToken": token, "environmentVariablesOverride": asked})

    start("inc-1-recover-plan", MODE="plan")
    clock[0] += 4
    pins = dict(zip(("PLAN_VERSION", "PLAN_SHA256", "PLAN_JSON_SHA256"), pins_of(history.builds[0]), strict=True))
    start("inc-1-recover-apply", **({"MODE": "apply"} | pins | variables))
    return history


def test_one_plan_and_its_apply_are_as_it_should_be() -> None:
    assert list(hands.builds(_built())) == []


def _again(history: History) -> None:
    history.builds.append(replace(history.builds[1], build_id="recovery:3", token="other"))


def _hasty(history: History) -> None:
    history.builds[1] = replace(history.builds[1], at=history.builds[0].at + 0.1)


def _planless(history: History) -> None:
    del history.builds[0]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_again, "I4: 2 builds (apply) of inc-1"),
        (_again, "does not carry its token"),
        (_hasty, "is not of its plan"),
        (_planless, "is not of its plan"),
    ],
)
def test_a_build_that_should_not_be_is_told(spoil: Callable[[History], None], says: str) -> None:
    history = _built()
    spoil(history)
    assert any(says in line for line in hands.builds(history)), list(hands.builds(history))


def test_an_apply_of_another_plan_is_told() -> None:
    assert ["is not of its plan" in line for line in hands.builds(_built(PLAN_SHA256="0" * 64))] == [True]


def test_the_double_honours_a_token_as_long_as_it_says() -> None:
    clock = [100.0]
    found: list[bool] = []
    builds = Builds(lambda: clock[0], lambda: "1.1", lambda *told: found.append(told[2]), token_seconds=10)
    asked: dict[str, Any] = {"idempotencyToken": "t", "environmentVariablesOverride": [{"name": "RESOURCE_ID", "value": "i-0d1"}]}
    asked["environmentVariablesOverride"] += [{"name": "MODE", "value": "plan"}, {"name": "INCIDENT_ID", "value": "inc-1"}]
    for seconds in (0, 9, 2):
        clock[0] += seconds
        builds.call("StartBuild", asked)
    assert found == [True, False, True]
    assert [type(build) for build in builds.begun] == [Build, Build]


def _scaled(state: State, *incidents: str) -> History:
    at_work = tuple((state, "1.1", incident) for incident in incidents)
    return History(effects=[Effect(1, "1.1", "UpdateService", "out-1", True, (one,), 1, one[2]) for one in at_work])


def test_one_task_more_is_one_of_each_incident() -> None:
    assert list(hands.one_task_more(_scaled(State.EXECUTING, "inc-1", "inc-2"))) == []
    assert list(hands.one_task_more(_scaled(State.ROLLING_BACK, "inc-1", "inc-1"))) == []
    assert list(hands.one_task_more(_scaled(State.EXECUTING, "inc-1", "inc-1"))) == ["I4: inc-1 scaled out-1 out 2 times"]


def _unpaid(seen: Seen) -> None:
    seen.history.writes[:] = [write for write in seen.history.writes if not write.item["incident_id"].startswith("BUDGET#")]


@pytest.mark.parametrize(
    ("spoil", "wanted", "says"),
    [
        (_unpaid, WANTED, "budget: inc-"),
        (lambda seen: None, replace(WANTED, per_hour=0), "budget: 1 recoveries paid for BUDGET#recoveries#"),
        (lambda seen: None, replace(WANTED, per_resource=0), f"budget: 1 recoveries of ec2:instance#{INSTANCE} in a day"),
    ],
)
def test_who_does_not_pay_or_pays_too_much_is_told(good: Seen, spoil: Callable[[Seen], None], wanted: Wanted, says: str) -> None:
    spoil(good)
    (line,) = broken(wanted, good)
    assert line.startswith(says)


def test_who_says_verified_of_what_never_got_well_is_told(good: Seen) -> None:
    good.history.ill.append(("inc-1", "db-7"))
    assert broken(WANTED, good) == ["verified: inc-1 says so, and db-7 was never well under it"]
