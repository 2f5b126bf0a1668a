"""The five-minute task: read what is new in each log group, judge it, remember it, tell people.

Several daemons share the groups: a slot item per group and window lets one of them do it. What a crash, a throttle or a lost
slot leaves undone is done by the next run, which starts at the group's checkpoint; nothing is lost within `catch_up_seconds`.
Per group: slot -> state -> read [checkpoint - overlap, now - settle] -> judge -> one conditional write -> book -> announce.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import TypeAdapter

from aiops_daemon.logwatch.analysis import new_group
from aiops_daemon.logwatch.announcer import Announcer, FollowedUp, OnAlert, nobody_knows
from aiops_daemon.logwatch.baseline import BUCKET_SECONDS
from aiops_daemon.logwatch.deploys import DeploysSeen
from aiops_daemon.logwatch.findings import Deploy, GroupStep
from aiops_daemon.logwatch.group import INSIGHTS, GroupAnalysis, Miner
from aiops_daemon.logwatch.reader import LogReader, TooLarge
from aiops_daemon.logwatch.settings import LogWatchSettings
from aiops_daemon.logwatch.state import OtherVersion, pack, unpack
from aiops_daemon.logwatch.store import Head, PatternStore
from aiops_daemon.logwatch.summary import busiest
from aiops_daemon.model.errors import AiopsError, ConditionFailed
from aiops_daemon.ports import Clock
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.metrics import LogWatchMetrics

_AT_ONCE = 4  # groups; FilterLogEvents allows five calls a second per account in the smaller regions
_SLICE_SECONDS = 3_600  # catching up reads an hour at a time
_BACK_TO_READER = 0.7  # of the limit: do not change the reader to and fro
_NEWER_RUNS_SECONDS = 3_600  # a state of a newer version that is younger than this has a newer daemon behind it
_GOING_SECONDS = 5  # to free a slot when the process is asked to leave
_STEPS = TypeAdapter(list[GroupStep])
_log = logger("logwatch")


@dataclass
class _Read:
    """What one run saw of one group."""

    lines: int = 0
    seconds: int = 0


class LogWatch:
    """`run` until cancelled, or `tick` once. `on_alert` is told of every change at least once; it may raise RetryLater."""

    def __init__(
        self,
        settings: LogWatchSettings,
        reader: LogReader,
        store: PatternStore,
        clock: Clock,
        rng: random.Random,
        *,
        miner: Callable[[], Miner],
        redact: Callable[[str], str],
        on_alert: OnAlert,
        follow_up: FollowedUp = nobody_knows,
        deploys: DeploysSeen | None = None,
        metrics: LogWatchMetrics,
    ) -> None:
        self._settings, self._reader, self._store = settings, reader, store
        self._clock, self._rng, self._metrics = clock, rng, metrics
        self.announcer = Announcer(settings, store, clock, rng, on_alert=on_alert, follow_up=follow_up, metrics=metrics)
        self._fresh: Callable[[str], GroupAnalysis] = lambda name: new_group(name, settings, miner(), redact)
        self._deploys = deploys or DeploysSeen()
        self._cache: dict[str, tuple[int, GroupAnalysis]] = {}  # version of the stored state -> the group in that state

    async def run(self) -> None:
        """One tick per interval, settled and jittered, for ever."""
        while True:
            await self._clock.sleep(self._until_next())
            try:
                await self.tick()
            except Exception:  # noqa: BLE001  # the log-watch loop is one of the three homes: a bad tick must not end the watch
                self._metrics.runs.labels("failed").inc()
                _log.exception(LogEvent.LOG_WATCH_FAILED)

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    def _until_next(self) -> float:
        interval, settle = self._settings.interval_seconds, self._settings.settle_seconds
        now = self._clock.now().timestamp()
        due = ((now - settle) // interval + 1) * interval + settle
        return due - now + self._rng.uniform(0, self._settings.jitter_seconds)

    async def tick(self) -> None:
        """Every group that nobody else has taken."""
        names = await self._reader.groups(self._settings.groups)
        self._rng.shuffle(names)
        await self._look_back(names)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> None:
            async with limit:
                await self._guarded(name)

        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(one(name))
        self._metrics.last_run.set(self._now())
        self._metrics.templates.set(sum(len(group.info) for _, group in self._cache.values()))

    async def _look_back(self, names: list[str]) -> None:
        try:
            await self.announcer.look_back()
            while self._deploys.waiting:
                seen = self._deploys.waiting[0]
                await self.announcer.note_deploys([Deploy(seen.at, seen.name, group) for group in names if seen.explains(group)])
                self._deploys.waiting.popleft()
        except AiopsError as error:  # a warning that was acted on may be scored as false: no reason not to watch
            _log.warning(LogEvent.LOG_SCORE_DELAYED, error=str(error))

    async def _guarded(self, name: str) -> None:
        """A group fails alone, whatever fails in it; its slot goes to whoever wants it."""
        window = (self._now() - self._settings.settle_seconds) // self._settings.interval_seconds
        result, began = "failed", self._clock.monotonic()
        try:
            result = "ok" if await self._window(name, window) else "elsewhere"
        except asyncio.CancelledError:
            result = "cancelled"
            with contextlib.suppress(TimeoutError):  # else an error in place of the cancellation would keep `run` running
                async with asyncio.timeout(_GOING_SECONDS):
                    await self._free(name, window)
            raise
        except AiopsError as error:
            _log.warning(LogEvent.LOG_WINDOW_FAILED, log_group=name, error=str(error))
            await self._free(name, window)
        except Exception:  # noqa: BLE001  # the log-watch loop again: a bug that one group's lines set off must not blind us to the others
            _log.exception(LogEvent.LOG_WINDOW_FAILED, log_group=name)
            await self._free(name, window)
        finally:
            self._metrics.runs.labels(result).inc()
            self._metrics.seconds.observe(self._clock.monotonic() - began)

    async def _free(self, name: str, window: int) -> None:
        self._cache.pop(name, None)
        try:
            await self._store.free_slot(name, window)
        except AiopsError as error:  # the slot frees itself in time
            _log.warning(LogEvent.LOG_WINDOW_FAILED, log_group=name, error=str(error))

    async def _window(self, name: str, window: int) -> bool:
        now = self._now()
        if not await self._store.take_slot(name, window, now, self._settings.slot_seconds):
            return False
        head = await self._store.head(name)
        if head.pending:
            await self.announcer.enter(_STEPS.validate_python(head.pending))
        group, totals = await self._group(head)
        steps, read = await self._read_and_judge(group, head, totals, now)
        if group.monitor is not None:
            await self._save(group, head, steps, read, now)
        await self.announcer.enter(steps)
        await self._store.finish_slot(name, window, self._now())
        self._metrics.lines.inc(read.lines)
        due = (now - self._settings.settle_seconds) // BUCKET_SECONDS * BUCKET_SECONDS
        self._metrics.lateness.set(0 if group.monitor is None else due - (group.monitor.bucket + 1) * BUCKET_SECONDS)
        return True

    async def _group(self, head: Head) -> tuple[GroupAnalysis, dict[int, int]]:
        """The group in the state that is stored, and the totals of its open buckets, to see what came late."""
        cached = self._cache.pop(head.group, None)  # back in only after a successful save
        if cached is not None and cached[0] == head.version:
            return cached[1], cached[1].reopen()
        group = self._fresh(head.group)
        if not head.pieces:
            return group, {}
        try:
            return group, unpack(group, await self._store.state(head))
        except OtherVersion as error:
            if error.newer and self._now() - head.saved_at < _NEWER_RUNS_SECONDS:
                raise  # a newer daemon runs beside us: it watches the group, and what it has learned is not ours to overwrite
            _log.warning(LogEvent.LOG_STATE_FOREIGN, log_group=head.group, error=str(error))
            return group, {}  # an update or a rollback, and nobody who could read it: learn anew, from the history that is read back
        except ConditionFailed:
            if (await self._store.head(head.group)).version != head.version:
                raise  # another task went on: this window is done
            return group, {}  # a state that nobody wrote for two months is gone: begin anew

    # -- reading
    async def _read_and_judge(self, group: GroupAnalysis, head: Head, totals: dict[int, int], now: int) -> tuple[list[GroupStep], _Read]:
        end = now - self._settings.settle_seconds
        steps: list[GroupStep] = []
        start = group.reads_from()
        oldest = (now - self._settings.catch_up_seconds) // BUCKET_SECONDS * BUCKET_SECONDS
        if start is None:
            start = end // BUCKET_SECONDS * BUCKET_SECONDS - self._settings.history_seconds
        elif start < oldest:
            _log.warning(LogEvent.LOG_WINDOW_SKIPPED, log_group=group.name, seconds=oldest - start)
            steps.append(group.skip_to(oldest // BUCKET_SECONDS, now))
            start = oldest
        read = _Read(seconds=end - start)
        # one reader for the whole run: what the last run measured decides, and a group that turns out too large does not come back in it
        most = self._settings.max_lines_per_window
        group.switch(to_insights=head.lines_per_window > most * (_BACK_TO_READER if group.by_insights else 1.0))
        judged = group.monitor.bucket if group.monitor else -1
        while start < end:
            stop = min(end, start + _SLICE_SECONDS)
            read.lines += await self._read(group, start, stop)
            self._count_late(group, totals, judged)
            # within a catch-up the past is complete, late lines and all: nothing is read twice but the open end
            while group.due(stop + self._settings.settle_seconds) is not None:
                steps.append(group.step())
            start = stop
            await asyncio.sleep(0)
        return steps, read

    def _count_late(self, group: GroupAnalysis, totals: dict[int, int], judged: int) -> None:
        """Lines that came after their bucket had been judged; counted now, since the bucket is still open."""
        for bucket in [b for b in totals if b in group.open.buckets]:
            before = totals.pop(bucket)
            if bucket <= judged:
                group.open.late += max(0, group.open.buckets[bucket].total - before)

    async def _read(self, group: GroupAnalysis, start: int, stop: int) -> int:
        if not group.by_insights:
            most = self._settings.max_lines_per_window * -(-(stop - start) // BUCKET_SECONDS)
            try:
                return (await self._reader.read(group.name, start * 1000, stop * 1000, group.feed, most=most)).lines
            except TooLarge:
                group.switch(to_insights=True, from_bucket=start // BUCKET_SECONDS)
        lines = 0
        for bucket, level, counted in await self._reader.count_by_insights(group.name, start * 1000, stop * 1000):
            group.count(bucket, f"{INSIGHTS}{level}", level, counted)
            lines += counted
        return lines

    # -- remembering
    async def _save(self, group: GroupAnalysis, head: Head, steps: list[GroupStep], read: _Read, now: int) -> None:
        rate = read.lines * BUCKET_SECONDS / max(read.seconds, BUCKET_SECONDS)
        telling = [step for step in steps if step.findings or step.changed or step.endings or step.deploys or step.failed]
        new = Head(
            group.name,
            checkpoint=group.reads_from() or 0,
            lines_per_window=rate,
            pending=_STEPS.dump_python(telling, mode="json"),
            patterns=busiest(group),
        )
        await self._store.save(head, new, pack(group), now)
        self._cache[group.name] = (new.version, group)
