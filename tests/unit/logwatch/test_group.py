"""One group from counts to findings: how they are named, templates that merge or go, another reader."""

import random
from collections.abc import Sequence

import numpy as np
import pytest

from aiops_daemon.logwatch.analysis import LogAnalysis
from aiops_daemon.logwatch.baseline import BUCKET_SECONDS, DAY
from aiops_daemon.logwatch.episodes import Change, EpisodeBook
from aiops_daemon.logwatch.findings import MOST_FINDINGS, Finding, GroupStep, Kind
from aiops_daemon.logwatch.group import INSIGHTS, GroupAnalysis
from aiops_daemon.logwatch.lines import Line
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.summary import busiest
from aiops_daemon.logwatch.templates import FORGOTTEN, TemplateMiner

START = 1_767_571_200 // BUCKET_SECONDS  # a Monday
WARM = 2 * DAY
YOUNG = DAY + 30


class Miner:
    """Ids are the texts; some are other ones by now."""

    def __init__(self, limit: int = 10_000) -> None:
        self.limit = limit
        self.became: dict[str, str] = {}

    def __contains__(self, identifier: str) -> bool:
        return True

    def assign(self, messages: Sequence[str]) -> list[str]:
        return list(messages)

    def text(self, identifier: str) -> str:
        return f"<{identifier}>"

    def resolve(self, identifier: str) -> str:
        return self.became.get(identifier, identifier)


class Live:
    """A group with 40 lines of `ok` a bucket and now and then one of three errors."""

    def __init__(self, miner: Miner | None = None) -> None:
        self.miner = miner or Miner()
        self.group: GroupAnalysis = LogAnalysis(LogWatchSettings(), miner=lambda: self.miner).group("/shop")
        self.rng = np.random.default_rng(1)
        self.at = 0

    def run(self, buckets: int, **more: int) -> list[GroupStep]:
        steps = []
        for _ in range(buckets):
            bucket = START + self.at
            self.group.count(bucket, "ok", "INFO", int(self.rng.poisson(40)), ["INFO ok"])
            for error in ("e1", "e2", "e3"):
                if self.rng.random() < 0.15:
                    self.group.count(bucket, error, "ERROR", 1, [f"ERROR {error}"])
            for template, count in more.items():
                self.group.count(bucket, template, "INFO" if template == "ok" else "ERROR", count, [f"sample of {template}"])
            self.at += 1
            while self.group.due((START + self.at) * BUCKET_SECONDS + 60) is not None:
                steps.append(self.group.step())
        return steps


def found(steps: list[GroupStep]) -> list[Finding]:
    return [finding for step in steps for finding in step.findings]


def test_a_total_that_departs_names_the_template_behind_it_or_nobody() -> None:
    live = Live()
    assert not found(live.run(WARM))
    by_key = {f.template_id: f for f in found(live.run(3, e1=9))}
    assert by_key["level:ERROR"].template == "(level ERROR, most of them: <e1>)"
    assert by_key["level:ERROR"].level == "ERROR"
    assert by_key["level:ERROR"].samples[0] == "ERROR e1" or by_key["level:ERROR"].samples[0].startswith("sample of e1")
    many = Live()
    many.run(WARM)
    by_key = {f.template_id: f for f in found(many.run(3, e1=4, e2=4, e3=4))}
    assert by_key["level:ERROR"].template == "(level ERROR)"


def test_new_lines_are_reported_as_the_loudest_new_template_until_they_end() -> None:
    live = Live()
    live.run(YOUNG)
    news = [f for f in found(live.run(3, boom=6, bang=2)) if f.kind is Kind.NEW]
    assert {f.template for f in news} == {"<boom>"}
    assert live.group.row_key("boom") == "boom"
    assert live.group.row_key("never heard of") == "*"
    steps = live.run(30)
    assert "boom" in {ending.template_id for step in steps for ending in step.endings}
    assert not live.group.named


def test_templates_that_become_one_are_counted_as_one_and_are_no_news() -> None:
    live = Live()
    live.run(YOUNG)
    live.miner.became["e2"] = "e1"
    steps = live.run(30)
    monitor = live.group.monitor
    assert monitor is not None
    assert "e2" not in monitor.index
    assert "e2" not in live.group.info
    assert not found(steps)


def mined(limit: int = 100) -> GroupAnalysis:
    settings = LogWatchSettings(max_templates=limit)
    return LogAnalysis(settings, miner=lambda: TemplateMiner(settings.max_templates)).group("/shop")


def fed(group: GroupAnalysis, bucket: int, *messages: str, level: str = "INFO", late: int = 0) -> list[GroupStep]:
    group.feed([Line((bucket - late) * BUCKET_SECONDS * 1000, message, level, message) for message in messages])
    return [group.step()] if group.due((bucket + 1) * BUCKET_SECONDS + 60) is not None and not late else []


def strangers(seed: int, count: int) -> list[str]:
    """Messages that no template covers."""
    rng = random.Random(seed)
    return [" ".join("".join(rng.choices("abcdefgh", k=9)) for _ in range(3 + i)) for i in range(count)]


def test_what_the_miner_let_go_has_no_series_any_more() -> None:
    group = mined(limit=100)
    fed(group, START, "first of all")
    (first,) = group.info
    for n in range(1, 40):
        fed(group, START + n, *strangers(n, 10))
    monitor = group.monitor
    assert monitor is not None
    assert len(group.info) <= 100 + 3 * 10, "at most what the miner keeps, and what may still be judged"
    assert first not in group.info
    assert first not in monitor.index
    assert group.text(first) == FORGOTTEN


def test_what_was_let_go_is_remembered_as_no_news_as_far_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiops_daemon.logwatch.group_series._MOST_FAMILIAR", 3)
    live = Live()
    live.run(2)
    monitor = live.group.monitor
    assert monitor is not None
    monitor.remember(["a", "b", "c"])
    monitor.remember(["d", "e"])
    assert list(monitor.familiar) == ["c", "d", "e"]


def test_the_series_of_an_open_departure_stays_although_its_template_is_gone() -> None:
    group = mined(limit=100)
    for n in range(YOUNG):
        fed(group, START + n, *["beat"] * 40)
    (beat,) = group.info
    for n in range(YOUNG, YOUNG + 60):
        fed(group, START + n, *strangers(n, 10))
    monitor = group.monitor
    assert monitor is not None
    assert beat not in group.miner
    assert beat in {monitor.keys[row] for row in monitor.active}, "its silence has an end to be told of"


def test_a_late_line_of_a_new_template_does_not_stop_the_group() -> None:
    group = mined()
    for n in range(YOUNG):
        fed(group, START + n, *["served"] * 40)
    fed(group, START + YOUNG, "late news", level="ERROR", late=1)
    steps = fed(group, START + YOUNG, *["served"] * 40, *["boom and bang"] * 30, level="ERROR")
    assert "boom and bang" in {f.template for f in found(steps) if f.kind is Kind.NEW}


@pytest.mark.parametrize("becomes", ["e2", "wider"])
def test_an_alert_about_a_template_that_becomes_another_one_ends_all_the_same(becomes: str) -> None:
    live, book = Live(), EpisodeBook()
    live.run(WARM)
    steps = live.run(4, e1=12)
    live.miner.became["e1"] = becomes
    steps += live.run(4, e1=12)
    told = [change for step in steps for change, _ in book.settle([step])]
    assert told.count(Change.OPENED) == 1
    (alert,) = book.alerts
    assert (alert.cause.template_id, alert.cause.level, alert.closed) == ("e1", "ERROR", False)
    assert live.group.row_key("e1") == becomes
    assert [change for step in live.run(40) for change, _ in book.settle([step])][-1] is Change.CLOSED
    assert not live.group.named


def test_of_two_departures_that_become_one_both_end() -> None:
    live = Live()
    live.run(WARM)
    steps = live.run(4, e1=12, e2=12)
    assert {"e1", "e2"} <= {finding.template_id for finding in found(steps)}
    live.miner.became["e1"] = "e2"
    assert "e1" in {ending.template_id for step in live.run(1, e2=24) for ending in step.endings}
    assert "e2" in {ending.template_id for step in live.run(40) for ending in step.endings}


def test_what_was_open_when_the_reader_changed_is_closed_and_does_not_swallow_what_comes_after() -> None:
    live, book = Live(), EpisodeBook()
    live.run(WARM)
    steps = live.run(4, e1=12)
    live.group.switch(to_insights=True)
    live.group.switch(to_insights=False)
    steps += live.run(YOUNG)
    told = [change for step in steps for change, _ in book.settle([step])]
    assert (told[0], told[-1]) == (Change.OPENED, Change.CLOSED)
    again = [change for step in live.run(4, e1=12) for change, _ in book.settle([step])]
    assert again[0] is Change.OPENED


def test_a_new_history_ends_what_was_open() -> None:
    live = Live()
    live.run(WARM)
    opened = {finding.template_id for finding in found(live.run(4, e1=12))}
    live.group.restart()
    assert {ending.template_id for step in live.run(2) for ending in step.endings} == opened


def test_of_hundreds_that_depart_at_once_the_totals_and_the_strongest_are_told() -> None:
    live = Live()
    weak = [f"w{n}" for n in range(MOST_FINDINGS)]
    for _ in range(WARM):
        live.run(1, **dict.fromkeys(weak, 1), strong=1)
    steps = live.run(3, **dict.fromkeys(weak, 40), strong=400)
    findings = max((step.findings for step in steps), key=len)
    assert len(findings) == MOST_FINDINGS
    assert {"*", "level:ERROR", "strong"} <= {finding.template_id for finding in findings}


def test_another_reader_is_no_news() -> None:
    live = Live()
    live.run(YOUNG)
    live.group.switch(to_insights=True)
    live.group.switch(to_insights=True)
    steps = []
    for _ in range(20):
        live.group.count(START + live.at, f"{INSIGHTS}INFO", "INFO", int(live.rng.poisson(40)))
        live.at += 1
        while live.group.due((START + live.at) * BUCKET_SECONDS + 60) is not None:
            steps.append(live.group.step())
    assert not found(steps)
    monitor = live.group.monitor
    assert monitor is not None
    assert "ok" not in monitor.index
    assert live.group.text(f"{INSIGHTS}INFO") == "(insights INFO)"


def test_before_the_first_line_there_is_nothing() -> None:
    group = Live().group
    assert group.due(10**10) is None
    assert group.reads_from() is None
    assert group.row_key("x") == "*"
    assert busiest(group) == []
    group.switch(to_insights=True)
    with pytest.raises(RuntimeError, match="before the first line"):
        group.step()


def test_a_line_that_comes_too_late_is_counted_as_such() -> None:
    live = Live()
    live.run(40)
    live.group.count(START, "ok", "INFO", 3)
    assert live.group.open.too_late == 3


def test_buckets_that_nobody_will_read_end_what_was_open() -> None:
    live = Live()
    live.run(YOUNG)
    assert found(live.run(3, ok=300))
    after = START + live.at + 50
    step = live.group.skip_to(after, after * BUCKET_SECONDS)
    assert {ending.template_id for ending in step.endings} >= {"ok"}
    assert live.group.reads_from() == after * BUCKET_SECONDS
