"""Watches how full the event queue and its dead-letter queue are, for the alerts on both.

Approximate on SQS's side, and read seldom: the age of what is received says more about how we keep up, and costs nothing.
"""

import asyncio
from typing import Any

from aiops_daemon.intake.queue import Queue
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.metrics import IntakeMetrics

INTERVAL_SECONDS = 60.0  # twice 1,440 calls a day are two thirds of a cent
_log = logger("intake")


class DepthGauge:
    """A background task of the daemon. Without permission to ask it is silent after the first warning."""

    def __init__(self, client: Any, settings: IntakeSettings, clock: Clock, metrics: IntakeMetrics) -> None:
        self._queue = Queue(client, client, settings, clock)
        self._metrics = metrics
        self._warned = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                await self.look()
                self._warned = False
            except AiopsError as error:
                if not self._warned:
                    _log.warning(LogEvent.QUEUE_DEPTH_UNKNOWN, reason=str(error))
                self._warned = True
            try:
                async with asyncio.timeout(INTERVAL_SECONDS):
                    await stop.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """Ask once and set the gauges."""
        await self._queue.find()
        for name, url in (("events", self._queue.url), ("dead-letters", await self._queue.dead_letters())):
            if url is not None:
                self._metrics.queue_messages.labels(name).set(await self._queue.depth(url))
