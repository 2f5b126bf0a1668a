"""Reading by Logs Insights, and giving up: what cannot be read now is left to the next run."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from aiops_daemon.logwatch.reader import LogReader
from aiops_daemon.model.errors import GiveUp, RetryLater, Throttled
from tests.doubles.cloudwatch import Clock, Event, Logs

START = 1_767_571_200


class Slow(Logs):
    """A query that is `pending` for some looks, then `status`."""

    pending = 0
    status = "Complete"
    looks = 0

    async def get_query_results(self, **parameters: Any) -> Mapping[str, Any]:
        self.looks += 1
        if self.looks <= self.pending:
            return {"status": "Running", "results": []}
        return {**await super().get_query_results(**parameters), "status": self.status}


def slow() -> tuple[Slow, LogReader]:
    logs = Slow(Clock(START), random.Random(1), [Event(f"e{i}", "s", (START + i) * 1000, "INFO x", 0) for i in range(400)])
    return logs, LogReader(logs, logs.clock, random.Random(1))


async def test_a_query_is_waited_for() -> None:
    logs, reader = slow()
    logs.pending = 5
    found = await reader.count_by_insights("/app/a", START * 1000, (START + 600) * 1000)
    assert found == [(START // 300, "INFO", 300), (START // 300 + 1, "INFO", 100)]
    assert logs.looks == 6
    assert logs.clock.seconds == START + 5


async def test_a_query_that_failed_or_never_ends_is_tried_again_later() -> None:
    logs, reader = slow()
    logs.status = "Failed"
    with pytest.raises(RetryLater, match="ended as Failed"):
        await reader.count_by_insights("/app/a", START * 1000, (START + 600) * 1000)
    assert logs.stopped == []
    for throttle in (0.0, 1.0):
        logs, reader = slow()
        logs.pending, logs.throttle = 10_000, throttle
        with pytest.raises(RetryLater, match="took longer than 120 s"):
            await reader.count_by_insights("/app/a", START * 1000, (START + 600) * 1000)
        assert len(logs.stopped) == 1, "it does not run on, or at least we asked"


@pytest.mark.parametrize("whole_last_second", [True, False])
async def test_counts_are_exact_to_the_millisecond(whole_last_second: bool) -> None:
    edges = [START * 1000 - 1, START * 1000, (START + 300) * 1000 - 1, (START + 300) * 1000, (START + 600) * 1000 - 1, (START + 600) * 1000]
    clock = Clock(START + 700)
    logs = Logs(clock, random.Random(1), [Event(f"e{i}", "s", at, "INFO x", 0) for i, at in enumerate(edges)])
    logs.whole_last_second = whole_last_second
    reader = LogReader(logs, clock, random.Random(1))
    found = await reader.count_by_insights("/app/a", START * 1000, (START + 600) * 1000)
    assert found == [(START // 300, "INFO", 2), (START // 300 + 1, "INFO", 2)]


async def test_a_result_that_may_have_been_cut_off_is_not_believed() -> None:
    logs, reader = slow()
    logs.events = [Event(f"e{i}", "s", (START + i * 300) * 1000, "INFO x", 0) for i in range(10_000)]
    logs.clock.seconds = START + 10_001 * 300
    with pytest.raises(GiveUp, match="there are more"):
        await reader.count_by_insights("/app/a", START * 1000, (START + 10_000 * 300) * 1000)


async def test_a_query_that_is_throttled_is_asked_again() -> None:
    logs, reader = slow()
    refused = 0

    async def busy(**parameters: Any) -> Mapping[str, Any]:
        nonlocal refused
        refused += 1
        if refused < 4:
            raise Throttled("logs StartQuery: LimitExceededException")
        return await Logs.start_query(logs, **parameters)

    logs.start_query = busy  # type: ignore[method-assign]  # too many queries at once in this account
    assert sum(n for _, _, n in await reader.count_by_insights("/app/a", START * 1000, (START + 600) * 1000)) == 400
    assert logs.clock.seconds > START


async def test_throttling_slows_down_and_gives_up_in_the_end() -> None:
    logs, reader = slow()
    logs.throttle = 1.0
    with pytest.raises(Throttled):
        await reader.read("/app/a", START * 1000, (START + 300) * 1000, lambda lines: None, most=1000)
    assert logs.calls == 8
    assert START < logs.clock.seconds < START + 120


async def test_groups_by_name_prefix_and_glob() -> None:
    logs = Logs(Clock(START), random.Random(1), groups=("/app/a", "/app/b", "/app/c-old", "/ecs/x"))
    reader = LogReader(logs, logs.clock, random.Random(1))
    assert await reader.groups(("/ecs/x", "/app/*")) == ["/ecs/x", "/app/a", "/app/b", "/app/c-old"]
    assert await reader.groups(("*/?",)) == ["/app/a", "/app/b", "/ecs/x"]
