"""The breaker: when it opens, who closes it, the one probe of a half-open one, and writes that meet each other."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.breaker import REST_LIMIT, Breaker, BreakerState
from aiops_daemon.model.errors import ConditionFailed
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import TestClock

HOLD = timedelta(minutes=20)


@pytest.mark.parametrize(
    ("marks", "open_"),
    [
        ("bb", False),
        ("bbb", True),  # three in a row
        ("bbgb", False),
        ("ggggb", False),  # one of five
        ("gggbb", True),  # two of five are more than 30 %
        ("bgbgg", True),
    ],
)
async def test_the_breaker_opens_on_a_row_or_a_share_of_failures(marks: str, open_: bool) -> None:
    breaker = Breaker(MemoryTable(), TestClock())
    for n, mark in enumerate(marks):
        await breaker.record("ec2.start", incident=f"inc-{n}", good=mark == "g")
    assert ((await breaker.look("ec2.start")).open_since is not None) is open_
    assert (await breaker.look("rds.start")).open_since is None


async def test_an_incident_that_says_it_again_after_a_long_outage_still_counts_once() -> None:
    clock = TestClock()
    breaker = Breaker(MemoryTable(), clock)
    await breaker.record("a", incident="inc-1", good=False)
    clock.advance(3700)
    await breaker.record("a", incident="inc-2", good=False)
    state = await breaker.record("a", incident="inc-1", good=False)
    assert (state.failures, state.open_since) == (2, None)


async def test_one_incident_counts_once_and_old_failures_are_forgotten() -> None:
    clock = TestClock()
    breaker = Breaker(MemoryTable(), clock)
    for _ in range(5):
        assert (await breaker.record("a", incident="inc-1", good=False)).failures == 1
    for n in range(4):
        clock.advance(1201)
        await breaker.record("a", incident=f"ok-{n}", good=True)
    assert len((await breaker.look("a")).recent) == 3


async def test_a_success_that_was_no_probe_closes_nothing_but_a_human_does() -> None:
    clock = TestClock()
    breaker = Breaker(MemoryTable(), clock)
    for n in range(3):
        await breaker.record("a", incident=f"inc-{n}", good=False)
    opened = await breaker.look("a")
    clock.advance(7200)
    after = await breaker.record("a", incident="inc-9", good=True)
    assert (after.open_since, after.reason) == (opened.open_since, "3 recoveries in a row failed")
    assert (
        await breaker.close("a", by="ann", reason="capacity is back")
    ).closed == "by ann at 2026-03-02T05:00:00.000000Z: capacity is back"
    assert (await breaker.look("a")).open_since is None
    assert (await breaker.record("a", incident="inc-10", good=False)).failures == 1


class Raced(MemoryTable):
    """Another worker counts between our look and our write, once."""

    raced = False

    async def put(self, item: Any, condition: str | None = None, values: Any = None) -> None:
        if not self.raced and item["incident_id"].startswith("BREAKER#"):
            self.raced = True
            await Breaker(self, TestClock()).record("a", incident="theirs", good=False)
        await super().put(item, condition, values)


async def test_two_that_count_at_the_same_moment_both_count() -> None:
    breaker = Breaker(Raced(), TestClock())
    assert (await breaker.record("a", incident="ours", good=False)).failures == 2


async def opened(table: MemoryTable | None = None, action: str = "a") -> tuple[Breaker, MemoryTable, TestClock]:
    """Three in a row failed."""
    table, clock = table or MemoryTable(), TestClock()
    breaker = Breaker(table, clock)
    for n in range(3):
        await breaker.record(action, incident=f"inc-{n}", good=False)
    return breaker, table, clock


async def test_the_incident_that_opened_it_is_named_also_when_it_says_its_result_again() -> None:
    breaker, _, _ = await opened()
    assert (await breaker.record("a", incident="inc-2", good=False)).opened_by == "inc-2"
    assert (await breaker.record("a", incident="inc-3", good=False)).opened_by == "inc-2", "a later failure opens nothing"
    await breaker.close("a", by="ann", reason="x")
    assert (await breaker.record("a", incident="inc-2", good=False)).opened_by == "", "known after the closing too: it does not count again"


async def test_nobody_is_the_probe_before_the_rest_is_over_and_then_exactly_one() -> None:
    breaker, table, clock = await opened()
    assert not await breaker.take_probe("a", incident="p-1", hold=HOLD)
    clock.advance(3600)
    other = Breaker(table, clock)
    assert breaker.half_open(await breaker.look("a"), "p-1")
    assert [await breaker.take_probe("a", incident="p-1", hold=HOLD), await other.take_probe("a", incident="p-2", hold=HOLD)] == [
        True,
        False,
    ]
    assert await other.take_probe("a", incident="p-1", hold=HOLD), "whoever goes on with the probe's incident is still the probe"
    assert not other.half_open(await other.look("a"), "p-2")


async def test_a_probe_that_succeeds_closes_it_and_the_record_says_so() -> None:
    breaker, table, clock = await opened()
    clock.advance(3600)
    await breaker.take_probe("a", incident="p-1", hold=HOLD)
    closed = await breaker.record("a", incident="p-1", good=True)
    assert (closed.open_since, closed.failures, closed.probe) == (None, 0, "")
    assert closed.closed.endswith(": the probe succeeded")
    assert "p-1" in closed.closed
    assert await breaker.take_probe("a", incident="p-2", hold=HOLD), "a closed breaker needs no probe"
    assert "probe" not in table.items["BREAKER#a"]


async def test_a_probe_that_fails_opens_it_anew_for_twice_as_long_up_to_a_day() -> None:
    breaker, _, clock = await opened()
    state, waits = await breaker.look("a"), []
    for n in range(7):
        assert state.probe_at is not None
        assert state.open_since is not None
        waits.append(state.probe_at - state.open_since)
        clock.advance(waits[-1].total_seconds())
        assert await breaker.take_probe("a", incident=f"p-{n}", hold=HOLD)
        state = await breaker.record("a", incident=f"p-{n}", good=False)
        assert (state.opened_by, state.open_since, state.reason) == (f"p-{n}", clock.now(), f"its probe p-{n} failed")
    assert waits == [timedelta(hours=hours) for hours in (1, 2, 4, 8, 16, 24, 24)]
    assert waits[-1] == REST_LIMIT


async def test_others_that_finish_while_the_probe_runs_neither_close_nor_reopen() -> None:
    breaker, _, clock = await opened()
    clock.advance(3600)
    await breaker.take_probe("a", incident="p-1", hold=HOLD)
    for incident, good in (("late-1", True), ("late-2", False)):
        state = await breaker.record("a", incident=incident, good=good)
        assert (state.probe, state.opened_by) == ("p-1", "inc-2")


@pytest.mark.parametrize("how", ["lapsed", "given up"])
async def test_a_probe_that_tried_nothing_makes_room_for_another(how: str) -> None:
    breaker, _, clock = await opened()
    clock.advance(3600)
    await breaker.take_probe("a", incident="p-1", hold=HOLD)
    await breaker.give_up_probe("a", incident="p-2")
    assert (await breaker.look("a")).probe == "p-1", "only the probe itself gives up"
    if how == "lapsed":
        clock.advance(HOLD.total_seconds() + 1)
    else:
        await breaker.give_up_probe("a", incident="p-1")
    assert await breaker.take_probe("a", incident="p-2", hold=HOLD)
    assert (await breaker.record("a", incident="p-1", good=True)).open_since is not None, "too late: somebody else is the probe"


class News(MemoryTable):
    """Somebody else's write comes between a read and the write that follows it."""

    news: dict[str, Any] | None = None

    async def put(self, item: Any, condition: str | None = None, values: Any = None) -> None:
        if self.news is not None:
            self.items["BREAKER#a"], self.news = self.news, None
        await super().put(item, condition, values)


async def test_what_changed_since_it_was_seen_is_not_closed_unseen() -> None:
    breaker, table, _ = await opened(News())
    assert isinstance(table, News)
    table.news = table.items["BREAKER#a"] | {"version": 9, "reason": "its probe p-1 failed"}
    with pytest.raises(ConditionFailed, match="changed at this very moment"):
        await breaker.close("a", by="ann", reason="x")
    assert (await breaker.look("a")).reason == "its probe p-1 failed"


async def test_two_that_want_to_be_the_probe_at_the_same_moment_are_one_probe() -> None:
    breaker, table, clock = await opened(News())
    assert isinstance(table, News)
    clock.advance(3600)
    table.news = table.items["BREAKER#a"] | {"version": 9, "probe": "p-2", "probe_until": "2026-03-02T05:00:00.000000Z"}
    assert not await breaker.take_probe("a", incident="p-1", hold=HOLD)


class Forgetful(MemoryTable):
    """The reply to each write is lost and the SDK sends it again."""

    async def put(self, item: Any, condition: str | None = None, values: Any = None) -> None:
        await super().put(item, condition, values)
        await super().put(item, condition, values)


async def test_a_lost_reply_is_recognised_in_every_write() -> None:
    breaker, _, clock = await opened(Forgetful())
    assert (await breaker.look("a")).failures == 3
    clock.advance(3600)
    assert await breaker.take_probe("a", incident="p-1", hold=HOLD)
    assert (await breaker.close("a", by="ann", reason="x")).open_since is None


async def test_what_an_older_version_left_is_understood() -> None:
    table = MemoryTable()
    table.items["BREAKER#a"] = {
        "incident_id": "BREAKER#a", "record_type": "breaker", "version": 3, "failures": 3, "recent": [],
        "open_since": "2026-03-02T02:00:00.000000Z", "reason": "3 recoveries in a row failed",
    }  # fmt: skip
    breaker = Breaker(table, TestClock())
    state = await breaker.look("a")
    assert (state.probe_at, state.opened_by, state.closed) == (TestClock().now(), "", "")
    assert await breaker.take_probe("a", incident="p-1", hold=HOLD)
    assert await Breaker(MemoryTable(), TestClock()).look("b") == BreakerState()
