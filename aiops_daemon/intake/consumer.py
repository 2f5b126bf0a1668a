"""The intake: messages from SQS to their handler, and what the handler decides back to SQS.

What would surprise: permits are taken before a receive, and no message waits for the slowest of its batch. A long poll in flight is
never cancelled, since SQS would hand its messages to nobody until they become visible again. A missing or forbidden queue makes
`ready` a reason and is asked for again and again: a process that ends would only be started again into the same. Nothing is received
while nothing can be recorded: each receive counts, and after the fifth a message lies with the dead letters.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from aiops_daemon.intake.acknowledger import Acknowledger
from aiops_daemon.intake.backoff import full_jitter
from aiops_daemon.intake.heartbeat import Heartbeat
from aiops_daemon.intake.messages import Disposition, Done, Drop, Message, Park, Retry
from aiops_daemon.intake.permits import Permits
from aiops_daemon.intake.queue import BATCH, Queue
from aiops_daemon.intake.settings import IntakeSettings
from aiops_daemon.model.errors import AiopsError, ConfigurationError, GiveUp, NotFound, NotPermitted, RetryLater
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.metrics import IntakeMetrics
from aiops_daemon.telemetry.minute import stopped_within

_FLUSH_SECONDS = 5.0  # of the shutdown time, kept for the last acknowledgements
_CLOSED_SECONDS = 1.0
_RED_AFTER_FAILURES = 3  # a queue that answers nothing may be a hiccup; one that says no is not


class Consumer:
    """`ready` is None when messages flow, else a sentence for /readyz. `run` may be called once.

    `closed` says why nothing can be recorded now; None: it can.
    """

    def __init__(
        self,
        receiver: Any,
        changer: Any,
        settings: IntakeSettings,
        clock: Clock,
        metrics: IntakeMetrics,
        handle: Callable[[Message], Awaitable[Disposition]],
        rng: random.Random | None = None,
        closed: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._queue = Queue(receiver, changer, settings, clock)
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._handle = handle
        self._closed = closed
        self._told_closed = False
        self._rng = rng or random.Random()  # noqa: S311  # jitter
        self._heartbeat = Heartbeat(self._queue, settings, clock, metrics)
        self._permits = Permits(settings.concurrency + settings.buffer)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._pollers = 0
        self._failures = 0
        self._unavailable: str | None = "no receive has succeeded yet"
        self._parking: str | None = None
        self._stop = asyncio.Event()
        self._log = logger("intake")
        self._acknowledger: Acknowledger

    @property
    def ready(self) -> str | None:
        """Why the intake does not work; None: it does."""
        return self._unavailable or self._acknowledger.problem or self._parking

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then leave in order within `shutdown_seconds`."""
        self._stop = stop
        self._log = self._log.bind()  # concrete from here on: a lazy logger costs 10 us a line that is not even written
        self._log.info(LogEvent.INTAKE_STARTED, queue=self._queue.name, concurrency=self._settings.concurrency)
        async with asyncio.TaskGroup() as background:
            self._acknowledger = Acknowledger(self._queue, self._settings, self._clock, self._metrics, background, self._rng)
            beats = background.create_task(self._heartbeat.run())
            try:
                await self._work(background)
                beats.cancel()
                await self._acknowledger.drain()
            finally:
                self._acknowledger.close()
        self._log.info(LogEvent.INTAKE_STOPPED)

    async def _work(self, background: asyncio.TaskGroup) -> None:
        """Returns when no handler runs any more."""
        try:
            async with asyncio.timeout(None) as limit:
                background.create_task(self._leave_when_told(limit))
                async with asyncio.TaskGroup() as work:
                    self._add_poller(work)
        except TimeoutError:
            self._log.error(LogEvent.INTAKE_OVERRAN, seconds=self._settings.shutdown_seconds)

    async def _leave_when_told(self, limit: asyncio.Timeout) -> None:
        await self._stop.wait()
        self._log.info(LogEvent.INTAKE_STOPPING)
        self._permits.close()
        left = max(self._settings.shutdown_seconds - _FLUSH_SECONDS, self._settings.shutdown_seconds / 2)
        limit.reschedule(asyncio.get_running_loop().time() + left)

    def _add_poller(self, work: asyncio.TaskGroup) -> None:
        self._pollers += 1
        work.create_task(self._poll(work))

    async def _poll(self, work: asyncio.TaskGroup) -> None:
        """One receive after the other. All but one poller leave when the queue is empty; a full batch calls another one."""
        try:
            while not self._stop.is_set() and (permits := await self._permits.take()):
                messages = await self._receive(permits)
                self._permits.give(permits - len(messages))
                for message in messages:
                    self._metrics.in_flight.inc()
                    self._heartbeat.hold(message)
                    work.create_task(self._take_in(message))
                if not messages and self._pollers > 1:
                    break
                if len(messages) == BATCH and self._pollers < self._settings.pollers and not self._stop.is_set():
                    self._add_poller(work)
        finally:
            self._pollers -= 1

    async def _receive(self, most: int) -> list[Message]:
        try:
            await self._queue.find()
            if not await self._open():
                return []
            # The first look, and the first after a failure, does not wait: readiness must not depend on a message arriving.
            messages = await self._queue.receive(most, 0 if self._unavailable else self._settings.wait_seconds)
        except AiopsError as error:
            await self._pause_after(error)
            return []
        now = self._clock.now()
        if self._failures:
            self._log.info(LogEvent.QUEUE_AVAILABLE, queue=self._queue.name)
        self._failures, self._unavailable = 0, None
        metrics = self._metrics
        metrics.receives.labels("full" if len(messages) == most else "some" if messages else "empty").inc()
        metrics.received.inc(len(messages))
        metrics.last_poll.set(now.timestamp())
        oldest = min((message.sent_at for message in messages), default=now)
        metrics.queue_age.set(max(0.0, (now - oldest).total_seconds()))
        return messages

    async def _open(self) -> bool:
        """Wait until what is received can be recorded; False: it is time to leave."""
        while (reason := self._closed()) is not None:
            if not self._told_closed:
                self._log.warning(LogEvent.INTAKE_HELD_BACK, reason=reason)
            self._told_closed = True
            if await stopped_within(_CLOSED_SECONDS, self._stop):
                return False
        if self._told_closed:
            self._log.info(LogEvent.INTAKE_GOES_ON)
        self._told_closed = False
        return True

    async def _pause_after(self, error: AiopsError) -> None:
        self._failures += 1
        self._metrics.receives.labels("failed").inc()
        if isinstance(error, GiveUp | ConfigurationError) or self._failures >= _RED_AFTER_FAILURES:
            self._unavailable = f"cannot receive from {self._queue.name}: {error}"
        cap = self._settings.unavailable_cap_seconds
        seconds = min(1.0, cap) + full_jitter(self._failures, 1.0, cap, self._rng)
        self._log.warning(LogEvent.QUEUE_UNAVAILABLE, queue=self._queue.name, reason=str(error), again_in_seconds=round(seconds, 1))
        await stopped_within(seconds, self._stop)

    async def _take_in(self, message: Message) -> None:
        """One message from receipt to settlement. A task of its own, so the binding ends with it."""
        structlog.contextvars.bind_contextvars(correlation_id=message.message_id)
        try:
            async with self._slots:
                if self._stop.is_set():
                    self._release(message)
                else:
                    await self._settle(message, await self._handled(message))
        except asyncio.CancelledError:
            self._release(message)  # out of time: somebody else shall have it now
            raise
        finally:
            self._heartbeat.drop(message)
            self._permits.give()
            self._metrics.in_flight.dec()

    async def _handled(self, message: Message) -> Disposition:
        began = self._clock.monotonic()
        try:
            return await self._handle(message)
        except RetryLater as error:
            return Retry(f"{type(error).__name__}: {error}")
        except Exception:  # noqa: BLE001  # the worker loop: one bad message must not end the daemon, and the queue keeps it
            self._metrics.handler_errors.inc()
            self._log.exception(LogEvent.MESSAGE_HANDLER_FAILED, receive_count=message.receive_count)
            return Retry("handler failed")
        finally:
            self._metrics.handle_seconds.observe(self._clock.monotonic() - began)

    async def _settle(self, message: Message, disposition: Disposition) -> None:
        match disposition:
            case Done():
                self._metrics.done.inc()
                self._acknowledger.delete(message)
            case Drop(reason):
                self._metrics.dropped(reason)
                self._log.debug(LogEvent.MESSAGE_DROPPED, reason=reason)
                self._acknowledger.delete(message)
            case Park(reason):
                await self._park(message, reason)
            case Retry(reason):
                self._retry(message, reason)

    async def _park(self, message: Message, reason: str) -> None:
        try:
            await self._queue.park(message, reason)
        except AiopsError as error:
            # Nothing is lost: it stays on the queue, whose own redrive policy moves it in the end.
            self._parking = f"cannot park messages: {error}" if isinstance(error, NotFound | NotPermitted) else self._parking
            self._log.warning(LogEvent.MESSAGE_PARKING_FAILED, reason=reason, error=str(error))
            self._retry(message, "parking failed")
            return
        self._parking = None
        self._metrics.parked(reason)
        self._log.warning(LogEvent.MESSAGE_PARKED, reason=reason)
        self._acknowledger.delete(message)

    def _retry(self, message: Message, reason: str) -> None:
        settings = self._settings
        seconds = math.ceil(full_jitter(message.receive_count, settings.retry_base_seconds, settings.retry_cap_seconds, self._rng))
        self._metrics.retried(reason)
        self._log.info(LogEvent.MESSAGE_RETRIED, reason=reason, receive_count=message.receive_count, again_in_seconds=seconds)
        self._acknowledger.set_visibility(message, seconds)

    def _release(self, message: Message) -> None:
        self._metrics.released.inc()
        self._acknowledger.set_visibility(message, 0)
