"""The operator's policy: windows, patterns, and what an action may do."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from pydantic import ValidationError

from aiops_daemon.model.event import Actor, Event
from aiops_daemon.model.verdict import Autonomy
from aiops_daemon.policy.settings import MaintenanceWindow, PolicySettings, policy_facts

WEDNESDAY = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        (WEDNESDAY + timedelta(hours=2), True),
        (WEDNESDAY + timedelta(hours=3, minutes=59), True),
        (WEDNESDAY + timedelta(hours=4), False),  # the end is exclusive: one minute later the daemon acts again
        (WEDNESDAY + timedelta(days=1, hours=2), False),
        (WEDNESDAY + timedelta(hours=1, minutes=59), False),
    ],
)
def test_a_window_covers_its_hours_on_its_days(at: datetime, inside: bool) -> None:
    window = MaintenanceWindow(weekdays=("Wednesday",), start=time(2), end=time(4), resources=("ec2:*",))
    assert window.covers(at, "ec2:instance#i-1") is inside
    assert not window.covers(at, "rds:db#main")


@pytest.mark.parametrize(("hours", "inside"), [(23, True), (25, True), (29, False), (1, False), (12, False), (24 + 23, False)])
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(hours: int, inside: bool) -> None:
    window = MaintenanceWindow(weekdays=("wed",), start=time(22), end=time(4))
    assert window.covers(WEDNESDAY + timedelta(hours=hours), "rds:db#main") is inside


def test_a_window_refuses_days_and_offsets_that_it_cannot_mean() -> None:
    with pytest.raises(ValidationError, match="no weekday: someday"):
        MaintenanceWindow(weekdays=("someday",), start=time(1), end=time(2))
    with pytest.raises(ValidationError, match="carry no offset"):
        MaintenanceWindow(start=time(1, tzinfo=UTC), end=time(2))


def test_what_is_not_listed_never_runs_and_the_narrower_entry_wins() -> None:
    policy = PolicySettings(
        allowed_actions=("ec2.start", "rds.start", "ecs.redeploy"),
        autonomy={"ec2.start": Autonomy.AUTO, "rds.start@rds:cluster": Autonomy.SUGGEST, "rds.start": Autonomy.AUTO},
    )
    assert policy.autonomy_for("ec2.start", "ec2:instance") is Autonomy.AUTO
    assert policy.autonomy_for("rds.start", "rds:cluster") is Autonomy.SUGGEST
    assert policy.autonomy_for("rds.start", "rds:db") is Autonomy.AUTO
    assert policy.autonomy_for("ecs.redeploy", "ecs:service") is Autonomy.APPROVE
    assert policy.autonomy_for("ssm.restore_parameter", "ssm:parameter") is Autonomy.OBSERVE


def test_nobody_can_authorise_everybody() -> None:
    with pytest.raises(ValidationError, match="would authorise everybody"):
        PolicySettings(authorised_actors=("*",))
    with pytest.raises(ValidationError, match="extra"):
        PolicySettings.model_validate({"autonomie": {}})


def test_an_actor_is_authorised_by_its_own_arn_or_its_roles() -> None:
    policy = PolicySettings(authorised_actors=("arn:aws:iam::111122223333:role/ops-*",))
    session = "arn:aws:sts::111122223333:assumed-role/ops-1/ann"
    assert policy.authorises(Actor(arn=session, issuer_arn="arn:aws:iam::111122223333:role/ops-1"))
    assert not policy.authorises(Actor(arn=session))
    assert not policy.authorises(Actor(name="arn:aws:iam::111122223333:role/ops-1", user_agent="ops-1"))


def test_analysts_are_told_what_the_policy_says_of_the_resource(make_event: Callable[..., Event]) -> None:
    policy = PolicySettings(guarded=("ec2:instance#i-0*",), cooldown_minutes=7)
    facts = policy_facts(make_event(), policy)
    assert facts == {"mode": "act", "confidence_threshold": 0.8, "protected": False, "guarded": True}
    assert policy.cooldown == timedelta(minutes=7)
