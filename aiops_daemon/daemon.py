"""The daemon: one TaskGroup with intake, workers, log watch and HTTP. SIGTERM = stop taking, finish what runs, leave."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field

from aiops_daemon.intake.consumer import Consumer
from aiops_daemon.telemetry.health import Watchdog
from aiops_daemon.telemetry.http import HttpServer
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.worker import Workers

_log = logger("daemon")
Background = Callable[[asyncio.Event], Coroutine[None, None, None]]


@dataclass
class Daemon:
    """`background` tasks run until the stop event; each is handed it."""

    consumer: Consumer
    workers: Workers
    http: HttpServer
    watchdog: Watchdog
    background: tuple[Background, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)  # for the first line of the log

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Intake leaves first, so that nothing is admitted that nobody works on."""
        intake_gone = asyncio.Event()
        async with self.http, asyncio.TaskGroup() as group:
            beat = group.create_task(self.watchdog.run())
            group.create_task(self.workers.run(intake_gone))
            for task in self.background:
                group.create_task(task(stop))
            _log.info(LogEvent.DAEMON_STARTED, port=self.http.port, workers=self.workers.name, **self.about)
            try:
                await self.consumer.run(stop)
            finally:
                intake_gone.set()
                self.workers.nudge()
                await self.workers.idle()
                beat.cancel()
        _log.info(LogEvent.DAEMON_STOPPED)


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask to stop; a second one is the operating system's business."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
