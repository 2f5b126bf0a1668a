"""What departs together is one alert; what flares up again soon is the same one; an end is told once."""

from collections.abc import Sequence

import pytest

from aiops_daemon.logwatch.episodes import REOPEN_SECONDS, SAME_GROUP_SECONDS, Change, EpisodeBook
from aiops_daemon.logwatch.findings import MOST_FINDINGS, Alert, Deploy, Ending, Finding, GroupStep, Kind, Urgency
from aiops_daemon.logwatch.probability import Forecast

T0 = 1_767_571_200
TOTAL = "*"


def finding(
    template: str = "t1", at: int = T0, *, group: str = "/a", kind: Kind = Kind.SPIKE, since: int | None = None, level: str = "INFO",
    sigma: float = 5.0,
) -> Finding:  # fmt: skip
    onset = at - 300 if since is None else since
    return Finding(at, group, kind, f"text of {template}", template, 40, 3.0, sigma, onset, 0, level=level)


def ending(template: str = "t1", until: int = T0 + 600, *, group: str = "/a", rising: bool = True, adopted: bool = False) -> Ending:
    return Ending(group, template, rising, until, adopted)


def step(
    at: int = T0, *findings: Finding, deploys: Sequence[Deploy] = (), forecast: Forecast | None = None, lead: int | None = None
) -> GroupStep:
    said = forecast or Forecast(None, "no forecast yet: too little history (3 of 288 points)")
    return GroupStep(at, "/a", findings, (), (), tuple(deploys), said, failed=False, lead_seconds=lead)


def opened(changes: list[tuple[Change, Alert]]) -> Alert:
    ((change, alert),) = changes
    assert change is Change.OPENED
    return alert


def test_templates_of_one_tick_are_one_alert_named_by_the_strongest_error() -> None:
    book = EpisodeBook()
    found = [
        finding(TOTAL, sigma=9.0),
        finding("calm", sigma=8.0),
        finding("weak", level="ERROR"),
        finding("loud", level="ERROR", sigma=6.0),
    ]
    alert = opened(book.found(T0, found))
    assert [f.template_id for f in alert.findings] == ["loud", "weak", "calm", TOTAL]
    assert alert.urgency is Urgency.HIGH
    assert alert.groups == ["/a"]


@pytest.mark.parametrize(
    ("later", "kind", "named"), [(300, Kind.SPIKE, True), (900, Kind.RAMP, True), (1200, Kind.SPIKE, False), (300, Kind.DROP, False)]
)
def test_a_template_names_the_alert_of_a_total_a_few_buckets_later(later: int, kind: Kind, named: bool) -> None:
    book = EpisodeBook()
    alert = opened(book.found(T0, [finding("level:ERROR")]))
    told = book.found(T0 + later, [finding("culprit", T0 + later, kind=kind)])
    assert (alert.cause.template_id == "culprit") is named
    assert told == ([(Change.UPDATED, alert)] if named else [])
    assert alert.alert_id == book.alerts[0].alert_id
    assert book.found(T0 + later, [finding("another", T0 + later, kind=kind)]) == [], "the first template keeps the place"


def test_the_same_onset_in_another_group_joins_and_is_told() -> None:
    book = EpisodeBook()
    alert = opened(book.found(T0, [finding()]))
    assert book.found(T0 + 300, [finding("t9", T0 + 300, group="/b", since=T0)]) == [(Change.UPDATED, alert)]
    assert alert.groups == ["/a", "/b"]
    assert book.found(T0 + 300, [finding("t7", T0 + 300, group="/b", since=T0)]) == [], "nothing new to people"
    assert len(alert.findings) == 3


def test_another_onset_in_another_group_is_another_alert() -> None:
    book = EpisodeBook()
    opened(book.found(T0, [finding()]))
    opened(book.found(T0 + 1_200, [finding("t9", T0 + 1_200, group="/b")]))
    assert len({alert.alert_id for alert in book.alerts}) == 2


def test_the_same_group_much_later_is_another_alert() -> None:
    book = EpisodeBook()
    opened(book.found(T0, [finding()]))
    later = T0 + SAME_GROUP_SECONDS + 300
    opened(book.found(later, [finding("t2", later)]))


def test_an_end_is_told_when_the_last_series_is_normal() -> None:
    book = EpisodeBook()
    alert = opened(book.found(T0, [finding("t1"), finding("t2")]))
    assert book.ended(T0 + 900, [ending("t1", T0 + 600)]) == []
    assert book.ended(T0 + 900, [ending("t1", T0 + 600), ending("unknown")]) == [], "it has ended already"
    assert book.ended(T0 + 1_200, [ending("t2", T0 + 900)]) == [(Change.CLOSED, alert)]
    assert (alert.until, alert.close_reason) == (T0 + 900, "back to normal")
    assert [f.until for f in alert.findings] == [T0 + 600, T0 + 900]


def test_a_drop_does_not_end_a_spike_of_the_same_template() -> None:
    book = EpisodeBook()
    opened(book.found(T0, [finding("t1")]))
    assert book.ended(T0 + 900, [ending("t1", rising=False)]) == []


def test_what_lasted_a_week_says_that_it_is_the_new_normal() -> None:
    book = EpisodeBook()
    alert = opened(book.found(T0, [finding()]))
    book.ended(T0 + 604_800, [ending(until=T0 + 604_500, adopted=True)])
    assert alert.close_reason == "this is the new normal"


@pytest.mark.parametrize(("quiet", "again"), [(REOPEN_SECONDS, True), (REOPEN_SECONDS + 300, False)])
def test_a_flare_up_within_the_hour_reopens(quiet: int, again: bool) -> None:
    book = EpisodeBook()
    alert = opened(book.found(T0, [finding()]))
    book.ended(T0 + 900, [ending(until=T0 + 600)])
    at = T0 + 600 + quiet
    ((change, told),) = book.found(at, [finding(at=at)])
    assert (told is alert, change) == ((True, Change.UPDATED) if again else (False, Change.OPENED))
    assert not told.closed
    assert len(told.findings) == 1
    assert told.findings[0].until is None


def test_closed_alerts_are_forgotten_after_two_hours() -> None:
    book = EpisodeBook()
    book.found(T0, [finding()])
    book.ended(T0 + 900, [ending()])
    book.ended(T0 + 900 + 7_200, [])
    assert len(book.alerts) == 1
    book.ended(T0 + 900 + 7_201, [])
    assert book.alerts == []
    assert book.open_members == {}


def test_what_grows_is_updated_and_keeps_its_onset() -> None:
    book = EpisodeBook()
    alert = opened(book.found(T0, [finding(level="ERROR")]))
    before = alert.urgency
    louder = finding(at=T0 + 600, level="ERROR", kind=Kind.RAMP, sigma=12.0)
    assert book.changed(T0 + 600, [louder, finding("unknown", T0 + 600)]) == [(Change.UPDATED, alert)]
    assert (alert.cause.kind, alert.cause.sigma, alert.cause.since, alert.cause.at) == (Kind.RAMP, 12.0, T0 - 300, T0)
    assert (before, alert.urgency) == (Urgency.NORMAL, Urgency.HIGH)


def test_a_group_that_falls_silent_is_urgent_a_template_is_not() -> None:
    assert opened(EpisodeBook().found(T0, [finding(TOTAL, kind=Kind.SILENCE)])).urgency is Urgency.HIGH
    assert opened(EpisodeBook().found(T0, [finding("t1", kind=Kind.SILENCE)])).urgency is Urgency.NORMAL


@pytest.mark.parametrize(
    ("before", "where", "named"),
    [(300, "", True), (1_800, "/a", True), (1_801, "", False), (-600, "", True), (-601, "", False), (300, "/b", False)],
)
def test_a_deploy_just_before_the_onset_is_named_and_lowers_urgency(before: int, where: str, named: bool) -> None:
    book = EpisodeBook()
    deploy = Deploy(T0 - 300 - before, "orders 1.4", where)
    (changed, *_) = book.settle([step(T0, finding(level="ERROR", sigma=20.0), deploys=[deploy])])
    alert = opened([changed])
    assert alert.deploy == (deploy if named else None)
    assert alert.urgency is (Urgency.LOW if named else Urgency.HIGH)


def test_deploys_are_remembered_for_a_day_and_once() -> None:
    book = EpisodeBook()
    for at in (T0, T0, T0 + 86_401):
        book.note_deploy(Deploy(at, "orders"))
    assert [deploy.at for deploy in book.deploys] == [T0 + 86_401]


def test_the_forecast_and_its_lead_come_with_a_ramp() -> None:
    book = EpisodeBook()
    ramp = opened(book.settle([step(T0, finding(kind=Kind.RAMP), forecast=Forecast(0.8), lead=1_500)]))
    assert (ramp.probability, ramp.no_forecast, ramp.lead_seconds) == (0.8, "", 1_500)
    spike = opened(EpisodeBook().settle([step(T0, finding(), lead=1_500)]))
    assert (spike.probability, spike.lead_seconds) == (None, None)
    assert spike.no_forecast == "no forecast yet: too little history (3 of 288 points)"
    assert EpisodeBook().settle([]) == []


def test_what_falls_silent_in_a_group_that_is_silent_is_the_same_alert_however_late_that_is_certain() -> None:
    book = EpisodeBook()
    alert = opened(book.found(T0, [finding(TOTAL, kind=Kind.SILENCE)]))
    late = T0 + 3 * SAME_GROUP_SECONDS
    assert book.found(late, [finding("t1", late, kind=Kind.SILENCE)]) == []
    assert alert.findings[-1].template_id == "t1"
    other = EpisodeBook()
    other.found(T0, [finding(TOTAL, kind=Kind.SILENCE)])
    opened(other.found(late, [finding("t2", late, kind=Kind.SPIKE)]))  # what rises is something else


def test_an_alert_lists_what_somebody_may_read_and_ends_with_all_that_it_is_about() -> None:
    book = EpisodeBook()
    names = [f"t{n}" for n in range(MOST_FINDINGS + 20)]
    (alert,) = (a for _, a in book.found(T0, [finding(name) for name in names]))
    assert len(alert.findings) == MOST_FINDINGS
    assert book.ended(T0 + 900, [ending(name) for name in names[:-1]]) == []
    assert [change for change, _ in book.ended(T0 + 900, [ending(names[-1])])] == [Change.CLOSED]
