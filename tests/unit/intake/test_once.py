import asyncio

import pytest

from aiops_daemon.intake.once import Once
from tests.doubles.virtual_time import run_virtual


class Recorder:
    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        await asyncio.sleep(1)
        if self.calls <= self.failures:
            raise ConnectionError
        return self.calls


async def copies(once: Once, record: Recorder, number: int) -> list[int | BaseException | None]:
    outcomes: list[int | BaseException | None] = []

    async def one() -> None:
        try:
            outcomes.append(await once.do("key", record))
        except ConnectionError as error:
            outcomes.append(error)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(number):
            tasks.create_task(one())
    return outcomes


def test_copies_in_flight_and_later_ones_are_recorded_once() -> None:
    async def main() -> None:
        once, record = Once(), Recorder()
        assert await copies(once, record, 50) == [1] + [None] * 49
        assert await once.do("key", record) is None
        assert record.calls == 1
        assert await once.do("other", record) == 2

    run_virtual(main())


def test_a_failure_is_not_remembered() -> None:
    async def main() -> None:
        once, record = Once(), Recorder(failures=2)
        outcomes = await copies(once, record, 5)
        assert [type(outcome) for outcome in outcomes[:2]] == [ConnectionError, ConnectionError]
        assert outcomes[2:] == [3, None, None]

    run_virtual(main())


def test_a_cancelled_first_leaves_the_way_free() -> None:
    async def main() -> None:
        once, record = Once(), Recorder()
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(once.do("key", record))
            second = tasks.create_task(once.do("key", record))
            await asyncio.sleep(0.5)
            first.cancel()
        assert second.result() == 2

    run_virtual(main())


def test_memory_is_bounded_and_what_is_used_stays() -> None:
    async def main() -> None:
        once, record = Once(capacity=2), Recorder()
        for key in ("a", "b", "a", "c", "a"):
            await once.do(key, record)
        assert record.calls == 3
        assert await once.do("b", record) == 4

    run_virtual(main())


def test_errors_reach_the_caller() -> None:
    async def main() -> None:
        with pytest.raises(ConnectionError):
            await Once().do("key", Recorder(failures=1))

    run_virtual(main())
