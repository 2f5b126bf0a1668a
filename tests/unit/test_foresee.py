"""From an alert of the log watch to an incident: what is in it, and which alerts open none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from aiops_daemon.actions.evidence import configured_for
from aiops_daemon.analysts.rules import RulesAnalyst
from aiops_daemon.assembly import judging
from aiops_daemon.foresee import Warnings, aimed, log_event, remedy
from aiops_daemon.logwatch.announcer import FollowUp
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Deploy, Finding, Kind, Urgency
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.logwatch.remedies import LogAction
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.event import Event, EventKind, Resource
from aiops_daemon.model.incident import Incident, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.verdict import Provenance
from aiops_daemon.policy.settings import PolicySettings
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.worker import Workers
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import START, Fleet, StartAction, World, WorldProbe, stopped

AT = int(START.timestamp())
NOTHING = Record(0, 0, 0, None, None)


def alert(**changes: object) -> Alert:
    finding = Finding(
        at=AT, log_group="/shop/orders", kind=Kind.RAMP, template="pool of <*> is exhausted", template_id="t1", observed=40,
        expected=3.1, sigma=8.24, since=AT - 600, first_seen=AT - 86_400, level="ERROR", samples=("ERROR pool of a is exhausted" * 20,),
    )  # fmt: skip
    made = Alert("log-1", AT, [finding], Urgency.NORMAL, updated_at=AT, groups=["/shop/orders", "/shop/pay"])
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name fields of Alert


def warnings(fleet: Fleet) -> tuple[Warnings, Workers]:
    rules = RulesAnalyst()
    workers = Workers(replace(fleet.tools(), rules=rules), "one")
    admission = Admission(workers.tools.journal, fleet.clock, judging(fleet.policy), lambda _: Provenance())
    return Warnings(admission, workers, fleet.clock, account="123456789012", region="eu-west-1"), workers


async def incidents(fleet: Fleet) -> list[Incident]:
    ids = [str(item["incident_id"]) for item in fleet.memory.items.values() if "workflow_state" in item]
    return [await fleet.incident(one) for one in ids]


def test_what_is_known_are_the_facts() -> None:
    record = Record(20, 17, 1, 2_460, 0.1)
    event = log_event(alert(probability=0.834, lead_seconds=2_500), record, account="123456789012", region="eu-west-1", now=START)
    assert (event.kind, event.name) == (EventKind.LOG_ANOMALY, "log-anomaly ramp")
    assert event.resource.key == "logs:log-group#/shop/orders"
    assert (event.account, event.region) == ("123456789012", "eu-west-1")
    assert event.occurred_at == START
    sample = str(event.facts["sample"])
    assert len(sample) == 300
    assert {name: value for name, value in event.facts.items() if name != "sample"} == {
        "what": "pool of <*> is exhausted",
        "how unusual": "8.2 standard deviations above normal (40 lines, 3.1 expected)",
        "since": "2026-03-02T02:50:00+00:00",
        "probability of failure": "83% within the hour",
        "expected in": "41 minutes",
        "affected groups": "/shop/orders, /shop/pay",
        "urgency": "normal",
        "recent deploy": "none",
        "likely cause": "connections are held longer than before or there are too few of them",
        "recommended": "look at the database's load and slow queries; more tasks, a larger pool or a larger database give room",
        "my record": "my last 20 warnings: 17 right, 1 acted on in time, median 41 minutes early",
    }


def test_what_is_not_known_is_said() -> None:
    bare = alert(groups=[], deploy=Deploy(AT - 900, "orders 1.4"))
    bare.findings = [replace(bare.cause, samples=())]
    facts = log_event(bare, NOTHING, account="1", region="r", now=START).facts
    assert facts["probability of failure"] == "no forecast yet: too little history"
    assert facts["affected groups"] == "/shop/orders"
    assert facts["recent deploy"] == "orders 1.4"
    assert facts["sample"] == ""
    assert facts["my record"] == "no warning has been scored yet"
    assert "expected in" not in facts


@pytest.mark.parametrize(("urgency", "severity"), [(Urgency.LOW, 3), (Urgency.NORMAL, 6), (Urgency.HIGH, 8)])
def test_urgency_is_severity(urgency: Urgency, severity: float) -> None:
    assert log_event(alert(urgency=urgency), NOTHING, account="1", region="r", now=START).severity == severity


async def test_an_onset_is_one_incident_however_often_it_is_told() -> None:
    fleet = Fleet()
    warn, workers = warnings(fleet)
    for _ in range(3):
        await warn(Change.OPENED, alert(), NOTHING)
    await fleet.settle(workers)
    await warn(Change.OPENED, alert(), NOTHING)
    await fleet.settle(workers)
    (incident,) = await incidents(fleet)
    assert incident.workflow_state is State.SUPPRESSED
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.WARNING]
    labels = {label for label, _ in fleet.world.delivered[0][1].facts}
    assert {"What", "How unusual", "Since", "Probability of failure", "My record"} <= labels
    assert not fleet.world.starts


async def test_two_episodes_are_two_incidents() -> None:
    fleet = Fleet()
    warn, workers = warnings(fleet)
    await warn(Change.OPENED, alert(), NOTHING)
    await warn(Change.OPENED, alert(alert_id="log-2"), NOTHING)
    await fleet.settle(workers)
    assert len(await incidents(fleet)) == 2


@pytest.mark.parametrize(
    ("change", "muted"), [(Change.UPDATED, False), (Change.CLOSED, False), (Change.OPENED, True)], ids=["updated", "closed", "muted"]
)
async def test_updates_endings_and_muted_alerts_open_nothing(change: Change, muted: bool) -> None:
    fleet = Fleet()
    warn, workers = warnings(fleet)
    await warn(change, alert(muted=muted), NOTHING)
    await fleet.settle(workers)
    assert await incidents(fleet) == []
    assert fleet.world.delivered == []


async def test_what_could_not_be_recorded_is_told_again() -> None:
    class Away(MemoryTable):
        async def put(self, *_: object, **__: object) -> None:
            raise RetryLater("the table is away")

    fleet = Fleet(Away())
    warn, _ = warnings(fleet)
    with pytest.raises(RetryLater):
        await warn(Change.OPENED, alert(), NOTHING)


# -- where the settings name a resource
SERVICE = "arn:aws:ecs:eu-central-1:210987654321:service/prod/orders"
SCALE_OUT = LogAction(log_group="/shop/*", matching="*pool*", action="ecs.scale_out", resource=SERVICE, at_most=6, approve=False)
SCALE_UP = LogAction(
    log_group="/shop/*", action="rds.scale_up", resource="arn:aws:rds:eu-central-1:210987654321:db:orders",
    instance_classes=("db.t3.medium", "db.t3.large"),
)  # fmt: skip


class ScaleOut(StartAction):
    """The real one's rule when it applies; its effect on the world of the test."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spec = self.spec.model_copy(update={"id": "ecs.scale_out", "resource_types": ("ecs:service",)})

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        return configured_for(event, self.spec.id) or {}


def acting(fleet: Fleet) -> tuple[Warnings, Workers]:
    """A daemon with the real rules, one mapping, and a service that is healthy, as it is before a failure."""
    fleet.world.healthy[SERVICE] = True
    rules = RulesAnalyst()
    tools = replace(
        fleet.tools(), rules=rules, actions={"ecs.scale_out": ScaleOut(fleet.world)}, probes={"ecs:service": WorldProbe(fleet.world)}
    )
    workers = Workers(tools, "one")
    admission = Admission(tools.journal, fleet.clock, judging(fleet.policy), lambda _: Provenance())
    return Warnings(admission, workers, fleet.clock, account="123456789012", region="eu-west-1", actions=(SCALE_OUT,)), workers


@pytest.mark.parametrize(
    ("changes", "cause", "expected"),
    [
        ({}, {}, SCALE_OUT),
        ({}, {"template": "(level ERROR)"}, SCALE_OUT),  # its sample names the pool
        ({}, {"template": "disk is full", "samples": ()}, SCALE_UP),
        ({}, {"log_group": "/pay/x"}, None),
        ({}, {"kind": Kind.SILENCE}, None),  # it has failed already, and nobody knows that more of it helps
        ({"urgency": Urgency.LOW}, {}, None),  # a deploy explains it
    ],
)
def test_which_line_of_the_settings_counts(changes: dict[str, object], cause: dict[str, Any], expected: LogAction | None) -> None:
    one = alert(**changes)
    one.findings = [replace(one.cause, **cause)]
    assert remedy((SCALE_OUT, SCALE_UP), one) is expected


def test_the_event_is_about_the_resource_that_the_settings_name() -> None:
    plain = log_event(alert(), NOTHING, account="123456789012", region="eu-west-1", now=START)
    event = aimed(plain, alert(probability=0.83), SCALE_OUT)
    assert (event.resource, event.account, event.region) == (Resource(type="ecs:service", id=SERVICE), "210987654321", "eu-central-1")
    more = {key: value for key, value in event.facts.items() if key not in plain.facts}
    assert more == {
        "log group": "/shop/orders", "configured action": "ecs.scale_out", "needs approval": False, "calibrated probability": 0.83,
        "at most": 6,
    }  # fmt: skip
    database = aimed(plain, alert(), SCALE_UP)
    assert database.resource == Resource(type="rds:db", id="orders")
    assert database.facts["instance classes"] == ["db.t3.medium", "db.t3.large"]
    assert aimed(plain, alert(), None) is plain


async def test_a_sure_warning_acts_although_the_resource_is_healthy_still() -> None:
    fleet = Fleet()
    warn, workers = acting(fleet)
    await warn(Change.OPENED, alert(probability=0.9), NOTHING)
    await fleet.settle(workers)
    (incident,) = await incidents(fleet)
    assert incident.workflow_state is State.COMPLETED
    assert sum(fleet.world.starts.values()) == 1
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.RECOVERED]
    assert await warn.became_of(alert(probability=0.9)) == FollowUp(acted=True)


@pytest.mark.parametrize("probability", [None, 0.4])
async def test_an_unsure_one_asks(probability: float | None) -> None:
    fleet = Fleet()
    warn, workers = acting(fleet)
    await warn(Change.OPENED, alert(probability=probability), NOTHING)
    await workers.drain()
    (incident,) = await incidents(fleet)
    assert incident.workflow_state is State.AWAITING_APPROVAL
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.REVIEW]
    assert await warn.became_of(alert(probability=probability)) == FollowUp()


async def test_what_the_cooldown_keeps_from_acting_is_still_said() -> None:
    fleet = Fleet()
    warn, workers = acting(fleet)
    await warn(Change.OPENED, alert(probability=0.9), NOTHING)
    await warn(Change.OPENED, alert(alert_id="log-2", probability=0.9), NOTHING)
    await fleet.settle(workers)
    assert sorted(incident.workflow_state for incident in await incidents(fleet)) == [State.COMPLETED, State.COOLDOWN]
    assert sorted(notice.kind for _, notice in fleet.world.delivered) == [NoticeKind.RECOVERED, NoticeKind.WARNING]
    assert sum(fleet.world.starts.values()) == 1


async def test_what_the_policy_does_not_allow_is_announced() -> None:
    fleet = Fleet()
    fleet.policy = PolicySettings(allowed_actions=("notify_only",))
    warn, workers = acting(fleet)
    await warn(Change.OPENED, alert(probability=0.9), NOTHING)
    await fleet.settle(workers)
    (incident,) = await incidents(fleet)
    assert incident.workflow_state is State.SUPPRESSED
    assert [notice.kind for _, notice in fleet.world.delivered] == [NoticeKind.WARNING]


async def test_an_incident_from_elsewhere_says_that_a_warning_came_true() -> None:
    fleet = Fleet()
    warn, workers = acting(fleet)
    one = alert(probability=0.4)
    await warn(Change.OPENED, one, NOTHING)
    fleet.clock.advance(1_200)
    event = stopped(event_id="sick", at=fleet.clock.now())
    there = {"resource": Resource(type="ecs:service", id=SERVICE), "account": "210987654321", "region": "eu-central-1"}
    await fleet.admit(workers, event.model_copy(update=there | {"account": "123456789012"}))  # another account's service
    assert (await warn.became_of(one)).failed_at is None
    await fleet.admit(workers, event.model_copy(update=there))
    assert await warn.became_of(one) == FollowUp(failed_at=AT + 1_200)
    assert await warn.became_of(replace(one, urgency=Urgency.LOW)) == FollowUp(), "no line ties it to the service"
