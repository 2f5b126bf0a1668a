"""What a restart restores: the same templates, the same baseline, the same verdicts as the group that went on."""

import random

import numpy as np
import pytest

from aiops_daemon.logwatch.analysis import LogAnalysis, new_group
from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.findings import Ending, GroupStep
from aiops_daemon.logwatch.group import GroupAnalysis
from aiops_daemon.logwatch.lines import Line
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.state import pack, unpack
from aiops_daemon.logwatch.summary import busiest
from aiops_daemon.logwatch.templates import TemplateMiner
from aiops_daemon.model.errors import GiveUp

START = 1_767_571_200 // BUCKET_SECONDS  # Monday 2026-01-05 00:00 UTC, in buckets
DAY = 288


def group() -> GroupAnalysis:
    return LogAnalysis(LogWatchSettings(), miner=TemplateMiner).group("/shop")


def bucket_of(number: int, seed: int) -> list[Line]:
    rng = random.Random(f"{seed} {number}")
    texts = [f"INFO order {rng.randrange(9999)} placed" for _ in range(rng.randrange(6, 14))]
    texts += [f"INFO cache miss for session {rng.randrange(9999)}" for _ in range(rng.randrange(4))]
    at_ms = (START + number) * BUCKET_SECONDS * 1000
    return [Line(at_ms + i, text.removeprefix("INFO "), "INFO", text) for i, text in enumerate(texts)]


def outbreak(number: int) -> list[Line]:
    text = "ERROR pool exhausted after 30 ms"
    at_ms = (START + number) * BUCKET_SECONDS * 1000
    return [Line(at_ms + i, text.removeprefix("ERROR "), "ERROR", text) for i in range(40)]


def live(one: GroupAnalysis, first: int, last: int, *, bad: range = range(0)) -> list[GroupStep]:
    steps = []
    for number in range(first, last):
        one.feed(bucket_of(number, 1) + (outbreak(number) if number in bad else []))
        while one.due((START + number + 1) * BUCKET_SECONDS + 60) is not None:
            steps.append(one.step())
    return steps


def test_a_restored_group_judges_as_the_one_that_went_on() -> None:
    ran = group()
    live(ran, 0, 2 * DAY)
    restored = group()
    totals = unpack(restored, pack(ran))
    assert totals == {bucket: counts.total for bucket, counts in ran.open.buckets.items()}
    for number in (n - START for n in totals):
        restored.feed(bucket_of(number, 1))  # the open buckets are read again
    bad = range(2 * DAY + 3, 2 * DAY + 9)
    expected = live(ran, 2 * DAY, 2 * DAY + 40, bad=bad)
    assert any(step.findings for step in expected)
    assert any(step.endings for step in expected)
    found = live(restored, 2 * DAY, 2 * DAY + 40, bad=bad)
    assert found == expected
    assert busiest(restored) == busiest(ran)


def test_an_episode_that_is_open_at_the_restart_ends_after_it() -> None:
    ran = group()
    live(ran, 0, DAY + 4, bad=range(DAY, DAY + 4))
    assert ran.monitor is not None
    assert ran.monitor.active
    restored = group()
    for number in (n - START for n in unpack(restored, pack(ran))):
        restored.feed(bucket_of(number, 1) + outbreak(number))
    steps = live(restored, DAY + 4, DAY + 40)
    assert not [f for step in steps for f in step.findings], "no second onset"
    assert [e.template_id for step in steps for e in step.endings]
    assert restored.monitor is not None
    assert not restored.monitor.active


def test_the_baseline_survives_bit_by_bit() -> None:
    ran = group()
    live(ran, 0, DAY)
    restored = group()
    unpack(restored, pack(ran))
    assert ran.monitor is not None
    assert restored.monitor is not None
    before, after = ran.monitor.baseline.rows.arrays(), restored.monitor.baseline.rows.arrays()
    assert before.keys() == after.keys()
    for name, array in before.items():
        assert np.array_equal(array, after[name]), name
        assert array.dtype == after[name].dtype
    assert restored.monitor.keys == ran.monitor.keys
    assert np.array_equal(restored.monitor.baseline.expected(START + DAY), ran.monitor.baseline.expected(START + DAY))


def test_texts_that_are_no_valid_unicode_are_kept() -> None:
    ran = group()
    live(ran, 0, 3)
    at_ms = (START + 3) * BUCKET_SECONDS * 1000
    ran.feed([Line(at_ms, "odd \ud800 name", "INFO", "odd \ud800 name")])
    live(ran, 4, 8)
    unpack(restored := group(), pack(ran))
    assert "odd \ud800 name" in {restored.text(key) for key in restored.info}


def test_there_is_nothing_to_keep_before_the_first_line() -> None:
    with pytest.raises(ValueError, match="/shop: nothing to keep yet"):
        pack(group())


def test_a_state_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = group()
    live(ran, 0, 3)
    data = pack(ran)
    monkeypatch.setattr("aiops_daemon.logwatch.state.VERSION", 99)
    with pytest.raises(GiveUp, match="this daemon reads and writes 99"):
        unpack(group(), data)


def test_an_end_that_nobody_has_been_told_of_is_told_after_a_restart() -> None:
    ran = group()
    live(ran, 0, 2 * DAY)
    ran.left = [Ending("/shop", "gone", rising=True, until=START * BUCKET_SECONDS)]
    restored = group()
    unpack(restored, pack(ran))
    assert live(restored, 2 * DAY, 2 * DAY + 1)[0].endings == tuple(ran.left)


def test_another_limit_of_templates_counts_from_the_restart_on() -> None:
    ran = group()
    live(ran, 0, 3)
    restored = new_group("/shop", LogWatchSettings(), TemplateMiner(150))
    unpack(restored, pack(ran))
    assert restored.miner.limit == 150
