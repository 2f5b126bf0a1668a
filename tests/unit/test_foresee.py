"""An alert of the log watch as an incident: recorded and announced once, never acted on."""

import pytest

from aiops_daemon.foresee import Warnings, log_event
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Deploy, Finding, Kind, Urgency
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.model.event import EventKind
from aiops_daemon.model.incident import State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.verdict import Classification, Provenance
from aiops_daemon.workflow.admission import Admission
from tests.doubles.world import START, Fleet

AT = int(START.timestamp())
RECORD = Record(scored=4, right=3, prevented=0, median_lead_seconds=1800, brier=0.1)


def alert(**more: object) -> Alert:
    cause = Finding(
        at=AT, log_group="/ecs/shop", kind=next(iter(Kind)), template="pool <*> exhausted", template_id="t", observed=40, expected=3.1,
        sigma=8.2, since=AT - 300, first_seen=AT - 86400, samples=("pool a exhausted",),
    )  # fmt: skip
    made = Alert(alert_id="alert-1", at=AT, findings=[cause], urgency=Urgency.HIGH, groups=["/ecs/shop"])
    for name, value in more.items():
        setattr(made, name, value)
    return made


class Watched:
    def __init__(self) -> None:
        self.fleet = Fleet()
        self.fleet.rules.verdict = self.fleet.rules.verdict.model_copy(
            update={"classification": Classification.ANOMALY, "action_id": None, "reasoning": "the log watch reports it"}
        )
        self.workers = self.fleet.workers()
        admission = Admission(self.workers.tools.journal, self.fleet.clock, lambda _: self.fleet.rules.verdict, lambda _: Provenance())
        self.warn = Warnings(admission, self.workers, self.fleet.clock, account="123456789012", region="us-east-1")

    def recorded(self) -> list[str]:
        return [key for key in self.fleet.memory.items if key.startswith("inc-")]


async def test_the_onset_is_one_incident_one_warning_and_no_action_however_often_it_is_told() -> None:
    watched = Watched()
    for _ in range(3):
        await watched.warn(Change.OPENED, alert(), RECORD)
    await watched.fleet.settle(watched.workers)
    (incident_id,) = watched.recorded()
    assert (await watched.fleet.incident(incident_id)).workflow_state is State.SUPPRESSED
    assert [notice.kind for _, notice in watched.fleet.world.delivered] == [NoticeKind.WARNING]
    assert not watched.fleet.world.starts


@pytest.mark.parametrize("change", [Change.UPDATED, Change.CLOSED])
async def test_updates_and_the_end_page_nobody(change: Change) -> None:
    watched = Watched()
    await watched.warn(change, alert(), RECORD)
    assert watched.recorded() == []


async def test_a_muted_alert_pages_nobody() -> None:
    watched = Watched()
    await watched.warn(Change.OPENED, alert(muted=True), RECORD)
    assert watched.recorded() == []


def test_the_event_says_what_how_unusual_how_likely_and_how_good_we_were() -> None:
    told = alert(probability=0.42, lead_seconds=1500, deploy=Deploy(at=AT, name="shop v7"))
    event = log_event(told, RECORD, account="1", region="eu-west-1", now=START)
    assert (event.kind, event.resource.key, event.event_id, event.severity) == (
        EventKind.LOG_ANOMALY, "logs:log-group#/ecs/shop", "alert-1", 8.0,
    )  # fmt: skip
    assert event.facts["what"] == "pool <*> exhausted"
    assert "8.2 standard deviations" in str(event.facts["how unusual"])
    assert event.facts["probability of failure"] == "42% within the hour"
    assert event.facts["expected in"] == "25 minutes"
    assert event.facts["recent deploy"] == "shop v7"
    assert event.facts["my record"] == str(RECORD)
    assert event.occurred_at == START


def test_without_a_forecast_the_event_says_why_there_is_none() -> None:
    facts = log_event(alert(), RECORD, account="1", region="eu-west-1", now=START).facts
    assert facts["probability of failure"] == "no forecast yet: too little history"
    assert "expected in" not in facts
    assert facts["recent deploy"] == "none"
