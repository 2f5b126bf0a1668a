import asyncio
from collections.abc import Sequence

from aiops_daemon.intake.heartbeat import Heartbeat
from aiops_daemon.intake.messages import Message
from aiops_daemon.intake.queue import Queue, Refused
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.telemetry.metrics import Metrics
from tests.doubles.virtual_time import START, LoopClock, run_virtual


class Recording(Queue):
    """Keeps the renewals; refuses those whose body says how."""

    def __init__(self) -> None:
        super().__init__(None, None, IntakeSettings(queue_url="q"), LoopClock())
        self.renewed: list[tuple[float, str]] = []

    async def set_visibility(self, changes: Sequence[tuple[Message, int]]) -> list[Refused]:
        self.renewed += [(self._clock.monotonic(), message.message_id) for message, _ in changes]
        return [
            Refused(index, "refused", final=message.body == "gone")
            for index, (message, _) in enumerate(changes)
            if message.body in {"gone", "busy"}
        ]


def test_renewals_and_refusals() -> None:
    queue, metrics = Recording(), Metrics()

    def message(name: str, body: str) -> Message:
        return Message(name, body, f"{name}#1", 1, START, "", START)

    async def main() -> None:
        heartbeat = Heartbeat(queue, IntakeSettings(visibility_seconds=40), LoopClock(), metrics.intake)
        for each in (message("good", ""), message("gone", "gone"), message("busy", "busy"), message("short", "")):
            heartbeat.hold(each)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(heartbeat.run())
            await asyncio.sleep(5)
            heartbeat.drop(message("short", ""))
            heartbeat.drop(message("never held", ""))
            await asyncio.sleep(60)
            task.cancel()

    run_virtual(main())
    times: dict[str, list[float]] = {}
    for at, name in queue.renewed:
        times.setdefault(name, []).append(at)
    assert times == {"good": [20, 40, 60], "gone": [20], "busy": [20, 30, 40, 50, 60]}
    assert metrics.registry.get_sample_value("aiops_heartbeat_failures_total") == 6
