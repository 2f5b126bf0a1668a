"""Who is behind an event: what AWS wrote decides, what the caller claims does not."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest

from aiops_daemon.model.event import Actor, ActorKind, Event, EventKind
from aiops_daemon.model.verdict import Cause
from aiops_daemon.policy.provenance import explain_cause, role_name
from aiops_daemon.policy.settings import MaintenanceWindow, PolicySettings

POLICY = PolicySettings(
    authorised_actors=("arn:aws:iam::111122223333:user/ops-*",),
    maintenance_windows=(MaintenanceWindow(weekdays=("wed",), start=time(11), end=time(12, 30), reason="patching"),),
)
NO_WINDOW = PolicySettings(authorised_actors=POLICY.authorised_actors)
MakeEvent = Callable[..., Event]


@pytest.mark.parametrize(
    ("actor", "cause"),
    [
        (Actor(), Cause.UNEXPLAINED),
        (Actor(kind=ActorKind.USER, arn="arn:aws:iam::111122223333:user/ops-ann"), Cause.AUTHORISED),
        (Actor(kind=ActorKind.USER, arn="arn:aws:iam::999922223333:user/ops-ann"), Cause.UNEXPLAINED),
        (Actor(kind=ActorKind.SERVICE, name="ec2.amazonaws.com"), Cause.SERVICE_ON_PURPOSE),
        (Actor(kind=ActorKind.USER, invoked_by="autoscaling.amazonaws.com"), Cause.SERVICE_ON_PURPOSE),
        (Actor(kind=ActorKind.ROLE, invoked_by="cloudformation.amazonaws.com"), Cause.SERVICE_ON_PURPOSE),
        (Actor(kind=ActorKind.USER, invoked_by="signin.amazonaws.com"), Cause.UNEXPLAINED),
        (Actor(kind=ActorKind.USER, invoked_by="AWS Internal"), Cause.UNEXPLAINED),
        (
            Actor(
                kind=ActorKind.ROLE,
                arn="arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForECS/ecs",
                issuer_arn="arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            ),
            Cause.SERVICE_ON_PURPOSE,
        ),
        (Actor(arn="arn:aws:sts::111122223333:assumed-role/aiops-daemon-task-role/x", account="111122223333"), Cause.OWN_ACTION),
        (Actor(issuer_arn="arn:aws:iam::111122223333:role/ops/aiops-daemon-codebuild-role"), Cause.OWN_ACTION),
        (Actor(arn="arn:aws:sts::999922223333:assumed-role/aiops-daemon-task-role/x", account="999922223333"), Cause.UNEXPLAINED),
        (Actor(user_agent="autoscaling.amazonaws.com Terraform/1.11 aiops-daemon-task-role"), Cause.UNEXPLAINED),
    ],
)
def test_the_actor_explains_the_call(make_event: MakeEvent, actor: Actor, cause: Cause) -> None:
    found = explain_cause(make_event(actor=actor), NO_WINDOW)
    assert found.cause is cause
    assert bool(found.reason) is (cause is not Cause.UNEXPLAINED)


def test_a_refused_call_did_nothing_whoever_made_it(make_event: MakeEvent) -> None:
    mine = Actor(arn="arn:aws:sts::111122223333:assumed-role/aiops-daemon-task-role/x")
    assert explain_cause(make_event(actor=mine, error_code="AccessDenied"), POLICY).cause is Cause.DENIED


def test_a_service_event_is_the_services_own_doing(make_event: MakeEvent) -> None:
    found = explain_cause(make_event(kind=EventKind.SERVICE_ACTION, name="RotateKey", event_source="kms.amazonaws.com"), NO_WINDOW)
    assert (found.cause, "kms.amazonaws.com" in found.reason) == (Cause.SERVICE_ON_PURPOSE, True)


def test_a_window_explains_until_its_end_and_not_a_minute_longer(make_event: MakeEvent) -> None:
    during = make_event()
    after = make_event(occurred_at=during.occurred_at + timedelta(minutes=31))
    assert explain_cause(during, POLICY).cause is Cause.AUTHORISED
    assert "patching from 11:00 to 12:30" in explain_cause(during, POLICY).reason
    assert explain_cause(after, POLICY).cause is Cause.UNEXPLAINED


@pytest.mark.parametrize("kind", [EventKind.FINDING, EventKind.SIGN_IN, EventKind.LOG_ANOMALY])
def test_neither_window_nor_actor_explains_a_finding_or_a_sign_in(make_event: MakeEvent, kind: EventKind) -> None:
    ops = Actor(arn="arn:aws:iam::111122223333:user/ops-ann")
    assert explain_cause(make_event(kind=kind, actor=ops), POLICY).cause is Cause.UNEXPLAINED


@pytest.mark.parametrize("kind", [EventKind.STATE_CHANGE, EventKind.ALARM])
def test_a_report_without_an_actor_is_not_a_services_purpose(make_event: MakeEvent, kind: EventKind) -> None:
    assert explain_cause(make_event(kind=kind, actor=Actor(kind=ActorKind.SERVICE)), NO_WINDOW).cause is Cause.UNEXPLAINED


def test_role_names() -> None:
    assert role_name("arn:aws:iam::1:role/path/of/name") == "name"
    assert role_name("arn:aws:sts::1:assumed-role/name/session") == "name"
    assert role_name("arn:aws:iam::1:user/ann") is None
    assert role_name(None) is None
