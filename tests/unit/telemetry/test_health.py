import asyncio

from aiops_daemon.telemetry.health import Check, Health, Watchdog
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.settings import TelemetrySettings
from tests.doubles.virtual_time import LoopClock, run_virtual


def test_one_reason_makes_it_red() -> None:
    assert Health().ok
    assert Health((Check("queue"), Check("table"))).ok
    assert not Health((Check("queue"), Check("table", "table is missing"))).ok


def test_the_watchdog_beats_and_measures_lag() -> None:
    metrics = Metrics()

    async def main() -> None:
        watchdog = Watchdog(TelemetrySettings(beat_seconds=1, beat_limit_seconds=30), LoopClock(), metrics.process)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(watchdog.run())
            await asyncio.sleep(100.5)
            assert watchdog.alive
            assert watchdog.age <= 1
            task.cancel()
        await asyncio.sleep(31)
        assert not watchdog.alive

    run_virtual(main())
    assert metrics.registry.get_sample_value("aiops_event_loop_lag_seconds_count") == 100
    assert metrics.registry.get_sample_value("aiops_event_loop_lag_seconds_sum") == 0
