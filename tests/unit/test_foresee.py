"""From an alert of the log watch to an incident: what is in it, and which alerts open none."""

from dataclasses import replace

import pytest

from aiops_daemon.analysts.rules import RulesAnalyst
from aiops_daemon.foresee import Warnings, log_event
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Deploy, Finding, Kind, Urgency
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.model.errors import RetryLater
from aiops_daemon.model.event import EventKind
from aiops_daemon.model.incident import Incident, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.verdict import Provenance
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.worker import Workers
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import START, Fleet

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
    admission = Admission(workers.tools.journal, fleet.clock, rules.judge_now, lambda _: Provenance())
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
