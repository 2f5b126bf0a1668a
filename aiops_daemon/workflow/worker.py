"""The workers: run what intake admitted, take what is due, and be stopped by the fence. One of the three homes of `except Exception`."""

import asyncio
import uuid
from datetime import timedelta

from pydantic import JsonValue

from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.journal import MAX_TAKEOVERS
from aiops_daemon.model.errors import AiopsError, GiveUp, LostOwnership, NeedsHuman
from aiops_daemon.model.incident import Incident, Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import correlated, correlation, logger
from aiops_daemon.workflow.incident_flow import incident_flow
from aiops_daemon.workflow.leases import Leases
from aiops_daemon.workflow.outbox import finish, give_up
from aiops_daemon.workflow.rails import settle_unfinished
from aiops_daemon.workflow.run import Ended, Parked, Run, Tools

log = logger("worker")
BATCH = 25
_AGAIN_SECONDS = 1.0  # intake waits for the table
BACKOFF_LIMIT_SECONDS = 600.0
MAX_ERRORS = 8
_MAX_DEATHS = 2 * MAX_TAKEOVERS  # half of them on the way to quarantine, the others while its end was told
_BAD_ENDS = frozenset({Outcome.FAILED, Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED, Outcome.QUARANTINED})  # somebody has to look
_QUARANTINE = f"more than {MAX_TAKEOVERS} workers died on this incident: a human has to look"


class Workers:
    """At most `max_active` incidents at once; everything else waits in the table."""

    def __init__(self, tools: Tools, name: str) -> None:
        self.tools = tools
        self.name = name
        self._active: set[str] = set()
        self._leases = Leases(tools.journal, tools.clock)
        self._group: asyncio.TaskGroup | None = None
        self._wake = asyncio.Event()
        self._soonest: float | None = None
        self.ready: str | None = None  # why the table cannot be read, for /readyz
        self._behind = False  # more was due than there was room for

    @property
    def free(self) -> int:
        """How many more incidents could start now."""
        return max(0, self.tools.settings.max_active - len(self._active))

    def new_owner(self) -> str:
        """Unique per attempt, so that two attempts of one process never take each other for themselves."""
        return f"{self.name}/{uuid.uuid4().hex[:12]}"

    def owner_if_room(self) -> str | None:
        """An owner for a newborn incident, or None when this process is full."""
        if not self.free:
            self._behind = True
        return self.new_owner() if self.free and self._group is not None else None

    def start(self, held: Held) -> None:
        """Work on it in the background."""
        if self._group is None:
            return  # stopping: the lease runs out and somebody else goes on
        self._active.add(held.owner)
        self._leases.hold(held)
        self.tools.metrics.incidents.active.set(len(self._active))
        self._group.create_task(self._work(held), context=correlated(**_ids(held.incident)))

    def nudge(self, seconds: float = 0.0) -> None:
        """Scan again in `seconds`, when that is sooner than the next scan."""
        at = self.tools.clock.monotonic() + seconds
        if self._soonest is None or at < self._soonest:
            self._soonest = at
            self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Scan and work until `stop`; then let what runs come to its next rest."""
        async with asyncio.TaskGroup() as beats:
            beat = beats.create_task(self._leases.run())
            async with asyncio.TaskGroup() as group:
                self._group = group
                try:
                    while not stop.is_set():
                        await self._scan()
                        await self._pause(stop)
                finally:
                    self._group = None
            beat.cancel()

    async def idle(self) -> None:
        """Return when nothing is being worked on."""
        while self._active:
            await self.tools.clock.sleep(0.05)

    async def drain(self) -> None:
        """Work on everything that is due, until nothing is (for tests and one-shot commands)."""
        while True:
            due = await self.tools.journal.due(BATCH)
            taken = [held for seen in due if (held := await self.take(seen)) is not None]
            if not taken:
                return
            for held in taken:
                with correlation(**_ids(held.incident)):
                    await self._work(held)

    async def _scan(self) -> None:
        most = min(BATCH, self.free)
        if not most:
            return
        try:
            due = await self.tools.journal.due(most)
            self._behind = len(due) == most
            for seen in due:
                held = await self.take(seen)
                if held is not None:
                    self.start(held)
        except (AiopsError, TimeoutError) as error:
            told, self.ready = self.ready, f"incidents cannot be read: {str(error) or type(error).__name__}"
            if told is None:
                log.warning(LogEvent.SCAN_FAILED, reason=self.ready)
            self.nudge(_AGAIN_SECONDS)
        else:
            if self.ready is not None:
                log.info(LogEvent.SCAN_WORKS)
            self.ready = None

    async def take(self, seen: Incident) -> Held | None:
        """Own a due incident; one on which too many owners died goes into quarantine when it is worked on."""
        held = await self.tools.journal.take(seen, self.new_owner())
        if held is not None and held.incident.takeovers > seen.takeovers:
            self.tools.metrics.incidents.takeovers.inc()
            with correlation(**_ids(seen)):
                log.warning(LogEvent.TAKEOVER, dead_owner=seen.owner, takeovers=held.incident.takeovers, state=seen.workflow_state)
        return held

    async def _pause(self, stop: asyncio.Event) -> None:
        interval = self.tools.settings.scan_interval_seconds
        now = self.tools.clock.monotonic()
        until = now + interval if self._soonest is None else min(now + interval, max(self._soonest, now))
        while not stop.is_set():
            self._wake.clear()
            left = until - self.tools.clock.monotonic()
            if left <= 0:
                break
            try:
                async with asyncio.timeout(min(left, 0.25)):
                    await self._wake.wait()
            except TimeoutError:
                continue
            if self._soonest is not None:
                until = min(until, self._soonest)
        self._soonest = None

    async def _work(self, held: Held) -> None:
        run = Run(held, self.tools)
        try:
            await self._flow(run)
        except LostOwnership as lost:
            self.tools.metrics.incidents.ownership_lost.inc()
            log.warning(LogEvent.FENCED, reason=str(lost))
        except Parked as parked:
            self._parked(run, parked)
        except (AiopsError, TimeoutError) as error:
            log.warning(LogEvent.WORKFLOW_INTERRUPTED, error=str(error), kind=type(error).__name__, state=run.state)
            await self._back_off(run, error)
        except Exception as error:
            # the worker loop: a bug in one incident must not stop the others
            self.tools.metrics.incidents.workflow_errors.inc()
            log.exception(LogEvent.WORKFLOW_FAILED, state=run.state)
            await self._back_off(run, error)
        finally:
            self._leases.drop(held)
            self._left(held)

    def _left(self, held: Held) -> None:
        self._active.discard(held.owner)
        self.tools.metrics.incidents.active.set(len(self._active))
        if self._behind and self.free * 4 >= self.tools.settings.max_active:
            self.nudge()  # a quarter of the room at once: one look at the table for several incidents

    async def _flow(self, run: Run) -> None:
        if not run.incident.terminal:
            try:
                if run.incident.takeovers > MAX_TAKEOVERS:
                    await _end_here(run, State.QUARANTINED, _QUARANTINE, Outcome.QUARANTINED, NoticeKind.QUARANTINED)
                await self._until_it_ends(run)
            except Ended:
                self._count(run)
        if run.incident.takeovers > _MAX_DEATHS:
            await give_up(run)
        else:
            await finish(run)

    async def _until_it_ends(self, run: Run) -> None:
        try:
            await incident_flow(run)
        except (GiveUp, NeedsHuman) as error:
            await _end_here(run, State.FAILED, f"a human has to look: {error}", Outcome.FAILED, NoticeKind.FAILED)

    async def _back_off(self, run: Run, error: Exception) -> None:
        """Say on the record what went wrong, and park; after too many errors the incident fails loudly."""
        errors = int(str(run.incident.results.get("errors", 0))) + 1
        delay = min(self.tools.settings.error_pause_seconds * 2 ** (errors - 1), BACKOFF_LIMIT_SECONDS)
        note = f"error {errors}: {type(error).__name__}: {error}"[:500]
        try:
            if not run.incident.terminal:
                delay = await self._noted(run, note, errors, delay)
            await run.park(self.tools.clock.now() + timedelta(seconds=delay), note)
        except Parked as parked:
            self._parked(run, parked)
        except (AiopsError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            log.warning(LogEvent.RECORD_UNWRITTEN, reason=reason)

    async def _noted(self, run: Run, note: str, errors: int, delay: float) -> float:
        """In how many seconds to go on: at once where this was one error too many, to tell of the end."""
        try:
            if errors > MAX_ERRORS:
                await _end_here(run, State.FAILED, note, Outcome.FAILED, NoticeKind.FAILED)
            await run.move(run.state, note, results={"errors": errors})
        except Ended:
            self._count(run)
            return 0.0
        return delay

    def _parked(self, run: Run, parked: Parked) -> None:
        due = run.incident.due_at
        if due is not None:
            self.nudge(max(0.0, (due - self.tools.clock.now()).total_seconds()))
        log.info(LogEvent.INCIDENT_PARKED, reason=str(parked), state=run.state, due_at=due and due.isoformat())

    def _count(self, run: Run) -> None:
        incident = run.incident
        counts = self.tools.metrics.incidents
        counts.closed.labels(incident.event_classification or "none", incident.outcome or "none").inc()
        if incident.outcome is Outcome.COOLDOWN:
            counts.cooldowns.inc()
        if incident.recovery_duration_seconds is not None and incident.outcome is not None:
            counts.recovery_seconds.labels(incident.outcome).observe(incident.recovery_duration_seconds)
        note = incident.audit[-1].note
        tell = log.warning if incident.outcome in _BAD_ENDS else log.info
        tell(LogEvent.INCIDENT_ENDED, state=incident.workflow_state, outcome=incident.outcome, note=note)


def _ids(incident: Incident) -> dict[str, str]:
    return {"correlation_id": incident.correlation_id, "incident_id": incident.incident_id, "resource": incident.resource_key}


async def _end_here(run: Run, to: State, note: str, outcome: Outcome, notice: NoticeKind) -> None:
    """End where it stands, outside the flow; claim, breaker and probe are settled as far as they can be."""
    page, opened = None, dict[str, JsonValue]()
    try:
        page, opened = await settle_unfinished(run)
    except Exception:  # part of the worker loop: a rail that cannot be read must not keep a broken incident from its end
        log.exception(LogEvent.RAILS_UNSETTLED, state=run.state)
    await run.end(to, note, outcome, notice=notice, success=False, results=opened, also=page)
