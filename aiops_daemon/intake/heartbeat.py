"""Keeps what we hold invisible to others, for as long as we hold it."""

from dataclasses import dataclass

from aiops_daemon.intake.messages import Message
from aiops_daemon.intake.queue import BATCH, Queue
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.metrics import IntakeMetrics

_log = logger("intake")


@dataclass(slots=True)
class _Held:
    message: Message
    until: float  # monotonic: when it becomes visible again


class Heartbeat:
    """Looks four times per visibility timeout and renews what has less than half of it left.

    So a renewal may fail once without harm, and a message that leaves us has at least a quarter left, in which its delete is sent.
    """

    def __init__(self, queue: Queue, settings: IntakeSettings, clock: Clock, metrics: IntakeMetrics) -> None:
        self._queue = queue
        self._visibility = settings.visibility_seconds
        self._clock = clock
        self._metrics = metrics
        self._held: dict[str, _Held] = {}  # by receipt handle: a redelivered message is another one

    def hold(self, message: Message) -> None:
        """It was just received."""
        self._held[message.receipt_handle] = _Held(message, self._clock.monotonic() + self._visibility)

    def drop(self, message: Message) -> None:
        """It has left us."""
        self._held.pop(message.receipt_handle, None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(self._visibility / 4)
            soon = self._clock.monotonic() + self._visibility / 2
            due = [held for held in self._held.values() if held.until <= soon]
            for begin in range(0, len(due), BATCH):
                await self._renew(due[begin : begin + BATCH])

    async def _renew(self, batch: list[_Held]) -> None:
        began = self._clock.monotonic()
        try:
            refused = await self._queue.set_visibility([(held.message, self._visibility) for held in batch])
        except AiopsError as error:
            self._failed(len(batch), str(error))
            return
        for held in batch:
            held.until = began + self._visibility
        for each in refused:
            held = batch[each.index]
            held.until = 0.0  # again at the next look
            if each.final:  # visible to others since long, or deleted: it is not ours any more
                self.drop(held.message)
        if refused:
            self._failed(len(refused), refused[0].code)

    def _failed(self, count: int, reason: str) -> None:
        self._metrics.heartbeat_failures.inc(count)
        _log.warning(LogEvent.HEARTBEAT_FAILED, count=count, reason=reason)
