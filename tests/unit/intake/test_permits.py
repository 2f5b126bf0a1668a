import asyncio

from aiops_daemon.intake.permits import Permits
from tests.doubles.virtual_time import run_virtual


def test_a_full_batch_at_once_then_a_short_wait_for_company_then_none() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        permits = Permits(13, linger_seconds=0.05)
        assert await permits.take() == 10
        assert loop.time() == 0
        assert await permits.take() == 3
        assert loop.time() == 0.05
        loop.call_later(100, permits.give)
        loop.call_later(100.01, permits.give)
        assert await permits.take() == 2
        assert 100.09 < loop.time() < 100.12  # came at 100.05 and 100.06
        loop.call_later(1, permits.give, 10)
        assert await permits.take() == 10
        assert loop.time() < 101.12

    run_virtual(main())


def test_fewer_permits_than_a_batch_do_not_wait() -> None:
    async def main() -> None:
        permits = Permits(2)
        assert await permits.take() == 2
        assert permits.free == 0
        assert asyncio.get_running_loop().time() == 0

    run_virtual(main())


def test_closing_sends_everybody_away() -> None:
    async def main() -> None:
        permits = Permits(10)
        await permits.take()
        asyncio.get_running_loop().call_later(5, permits.close)
        async with asyncio.TaskGroup() as tasks:
            waiting = [tasks.create_task(permits.take()) for _ in range(3)]
        assert [task.result() for task in waiting] == [0, 0, 0]
        permits.give(10)
        assert await permits.take() == 0

    run_virtual(main())
