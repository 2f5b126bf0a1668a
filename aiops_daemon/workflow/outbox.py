"""The outbox: notices are part of the transition that they tell of; delivery comes after, per channel, and may be repeated.

A channel that fails delays nothing and loses nothing: the incident stays open (parked) until every entry is delivered or given up.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from aiops_daemon.model.errors import AiopsError
from aiops_daemon.model.incident import OutboxEntry
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.ports import Notifier
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.notices import compose
from aiops_daemon.workflow.run import Run
from aiops_daemon.workflow.together import all_of

log = logger("outbox")
_DELIVERY_SECONDS = 15.0
_RETRY_LIMIT_SECONDS = 900.0


def _pending(run: Run, entries: Iterable[OutboxEntry]) -> list[OutboxEntry]:
    """What is neither delivered nor given up."""
    limit = run.tools.settings.notify_attempts
    return [entry for entry in entries if not entry.delivered and entry.attempts < limit]


def _open_entries(run: Run) -> list[OutboxEntry]:
    return _pending(run, run.incident.outbox.values())


async def deliver(run: Run) -> list[OutboxEntry]:
    """Try every open entry once, in parallel; returns the entries as they are to be recorded."""
    channels = {notifier.name: notifier for notifier in run.tools.notifiers}
    tried = await all_of(*(_one(run, entry, channels.get(entry.channel)) for entry in _open_entries(run)))
    counts = run.tools.metrics.notifications
    for entry in tried:
        pending = bool(_pending(run, [entry]))
        counts.tried(f"{entry.notice_id}/{entry.channel}", run.tools.clock.monotonic(), pending=pending)
        counts.sent.labels(entry.channel, "delivered" if entry.delivered else "retried" if pending else "given-up").inc()
    return tried


async def flush(run: Run) -> None:
    """Deliver and record, keeping the lease: for incidents that go on."""
    if _open_entries(run):
        await run.tools.journal.settle(run.held, await deliver(run))


async def finish(run: Run) -> None:
    """After the terminal state: deliver, then close; or park until the failed channels are to be tried again."""
    entries = await deliver(run)
    pending = _pending(run, entries)
    if not pending:
        await run.tools.journal.close(run.held, entries)
        return
    await run.wait(_pause(run, pending), "the outbox is tried again", settled=entries)


async def give_up(run: Run) -> None:
    """Too many workers died while they told of the end: close it untold, and say so where it can be seen."""
    error = f"given up: {run.incident.takeovers} workers died on this incident"
    limit = run.tools.settings.notify_attempts
    entries = [entry.model_copy(update={"attempts": limit, "last_error": error}) for entry in _open_entries(run)]
    for entry in entries:
        run.tools.metrics.notifications.sent.labels(entry.channel, "given-up").inc()
    log.error(LogEvent.NOTICES_GIVEN_UP, channels=sorted({entry.channel for entry in entries}), reason=error)
    await run.tools.journal.close(run.held, entries)


def next_try(run: Run) -> datetime | None:
    """When a parked incident has to wake for its outbox; None: everything is delivered or given up."""
    pending = _open_entries(run)
    return run.tools.clock.now() + timedelta(seconds=_pause(run, pending)) if pending else None


def _pause(run: Run, pending: list[OutboxEntry]) -> float:
    first = run.tools.settings.notify_pause_seconds
    return float(min(first * 2 ** (max(entry.attempts for entry in pending) - 1), _RETRY_LIMIT_SECONDS))


async def _one(run: Run, entry: OutboxEntry, channel: Notifier | None) -> OutboxEntry:
    tried = entry.model_copy(update={"attempts": entry.attempts + 1})
    if channel is None:
        return tried.model_copy(
            update={"attempts": run.tools.settings.notify_attempts, "last_error": "the channel is no longer configured"}
        )
    try:
        notice = compose(run.incident, NoticeKind(entry.notice_id.rpartition(".")[2])).model_copy(update={"notice_id": entry.notice_id})
        async with asyncio.timeout(_DELIVERY_SECONDS):
            await channel.deliver(notice)
    except (AiopsError, TimeoutError) as error:
        log.warning(LogEvent.NOTICE_NOT_DELIVERED, channel=channel.name, error=str(error) or type(error).__name__, attempts=tried.attempts)
    except Exception as error:  # fan-out: a bug in one channel, or a notice that cannot be written, must not silence the others
        log.exception(LogEvent.NOTIFIER_FAILED, channel=channel.name, error=repr(error))
    else:
        return tried.model_copy(update={"delivered": True, "last_error": ""})
    return tried.model_copy(update={"last_error": f"attempt {tried.attempts} failed"})
