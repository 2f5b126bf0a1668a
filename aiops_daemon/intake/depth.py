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
from aiops_daemon.telemetry.minute import every_minute

_log = logger("intake")


class DepthGauge:
    """A background task of the daemon: two calls a minute, less than a cent a day. Without permission to ask it warns once."""

    def __init__(self, client: Any, settings: IntakeSettings, clock: Clock, metrics: IntakeMetrics) -> None:
        self._queue = Queue(client, client, settings, clock)
        self._metrics = metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""

        def blind(error: Exception) -> None:
            _log.warning(LogEvent.QUEUE_DEPTH_UNKNOWN, reason=str(error))

        await every_minute(self.look, stop, blind=blind, errors=(AiopsError,))

    async def look(self) -> None:
        """Ask once and set the gauges."""
        await self._queue.find()
        for name, url in (("events", self._queue.url), ("dead-letters", await self._queue.dead_letters())):
            if url is not None:
                self._metrics.queue_messages.labels(name).set(await self._queue.depth(url))
