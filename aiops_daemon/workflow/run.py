"""One worker's run of one incident: the journal as the workflow sees it.

A stage asks for an earlier result by name and records its own with the transition. Leaving is an exception: `Parked` (somebody goes on
later, the coroutine is run again and finished steps answer from the record) or `Ended` (a terminal state was written).

A transition after which nothing is done to the world may wait for the next one (`defer`): both then are one conditional write, with an
audit entry each. Until then it lives in this run only; whoever takes over after a crash decides it again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import NoReturn, TypeVar

from pydantic import JsonValue, TypeAdapter

from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.budgets import Budget, CostBudget
from aiops_daemon.incidents.change import Change
from aiops_daemon.incidents.claims import Claims, claim_key
from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.history import IncidentHistory
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.incidents.storm import Storms
from aiops_daemon.model.event import Event
from aiops_daemon.model.incident import Incident, OutboxEntry, Outcome, State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.policy.settings import PolicySettings
from aiops_daemon.ports import Action, Analyst, AwsClients, Clock, Notifier, Probe
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.workflow.settings import WorkflowSettings

log = logger("workflow")
T = TypeVar("T")
_IN_PLACE_SECONDS = 60.0  # after so long in one run short waits park as well
# What the log tells as it happens: a hand on the world, or a question to a person. The record has the rest.
_TOLD = frozenset({State.EXECUTING, State.VERIFYING, State.ROLLING_BACK, State.AWAITING_APPROVAL})


@cache
def _reader(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


class Parked(Exception):
    """The incident was given up until a later time."""


class Ended(Exception):
    """The incident reached a terminal state."""


@dataclass(frozen=True)
class Tools:
    """What the stages work with; assembled once."""

    journal: Journal
    claims: Claims
    history: IncidentHistory
    switch: KillSwitch
    breaker: Breaker
    storms: Storms
    recoveries: Budget
    model_calls: Budget
    model_money: CostBudget
    rules: Analyst
    model: Analyst | None
    actions: Mapping[str, Action]
    probes: Mapping[str, Probe]
    notifiers: Sequence[Notifier]
    clients: AwsClients
    policy: PolicySettings
    settings: WorkflowSettings
    clock: Clock
    metrics: Metrics


class Run:
    """`held` is the lease; `tools` the world."""

    def __init__(self, held: Held, tools: Tools) -> None:
        self.held = held
        self.tools = tools
        self._deferred: list[Change] = []
        self.heard = len(held.incident.signals)  # signals that this run has listened to; later writes may bring more into the record
        self._waits_since: float | None = None

    @property
    def incident(self) -> Incident:
        return self.held.incident

    @property
    def event(self) -> Event:
        return self.held.incident.event

    @property
    def claim(self) -> tuple[str, str]:
        """The key of the resource's claim, and who asks for it."""
        return claim_key(self.event), self.incident.incident_id

    @property
    def state(self) -> State:
        return self._deferred[-1].to if self._deferred else self.held.incident.workflow_state

    @property
    def interrupted(self) -> bool:
        """Whether an earlier run ended in the middle: it may have written more than the record says."""
        return self.incident.takeovers > 0 or "errors" in self.incident.results

    def result(self, key: str, kind: type[T]) -> T | None:
        """What an earlier run or stage recorded under `key`, or None."""
        value = self._value(key)
        return None if value is None else _reader(kind).validate_python(value, strict=False)  # type: ignore[arg-type]  # a class is hashable

    def raw(self, key: str) -> dict[str, JsonValue]:
        """The same as a plain object, {} where there is none."""
        value = self._value(key)
        return value if isinstance(value, dict) else {}

    def _value(self, key: str) -> JsonValue:
        return next((change.results[key] for change in reversed(self._deferred) if key in change.results), self.incident.results.get(key))

    def defer(self, to: State, note: str, *, results: Mapping[str, JsonValue] | None = None, classification: str | None = None) -> None:
        """A transition that is written with the next one, before any effect."""
        self._deferred.append(Change(to=to, note=note, results=results or {}, classification=classification))

    async def move(
        self,
        to: State,
        note: str,
        *,
        results: Mapping[str, JsonValue] | None = None,
        notice: NoticeKind | None = None,
        classification: str | None = None,
    ) -> None:
        """One transition. `notice` goes to every channel through the outbox, in the same write."""
        await self._write(Change(to=to, note=note, results=results or {}, outbox=self._outbox(notice), classification=classification))

    async def end(
        self,
        to: State,
        note: str,
        outcome: Outcome,
        *,
        notice: NoticeKind | None = None,
        results: Mapping[str, JsonValue] | None = None,
        success: bool | None = None,
        also: NoticeKind | None = None,
    ) -> NoReturn:
        """Write the terminal state and leave. `also`: a second notice in the same write."""
        seconds = (self.tools.clock.now() - self.incident.incident_timestamp).total_seconds()
        await self._write(
            Change(
                to=to,
                note=note,
                results=results or {},
                outbox=[*self._outbox(notice), *self._outbox(also)],
                outcome=outcome,
                success=success,
                duration_seconds=None if success is None else round(seconds, 3),
            ),
        )
        raise Ended(to)

    async def _write(self, *changes: Change) -> None:
        self._measure()
        all_of_them = [*self._deferred, *changes]
        await self.tools.journal.transition(self.held, *all_of_them)
        self._deferred.clear()
        for change in all_of_them:
            self.tools.metrics.incidents.transitions.labels(change.to).inc()
            if change.to in _TOLD:
                log.info(LogEvent.INCIDENT_MOVED, state=change.to, note=change.note)

    def _measure(self) -> None:
        """How long this worker was in the stage that it leaves; parked time belongs to nobody."""
        last = self.incident.audit[-1]
        if last.by == self.held.owner:
            spent = (self.tools.clock.now() - last.at).total_seconds()
            self.tools.metrics.incidents.stage_seconds.labels(last.state).observe(max(0.0, spent))

    async def wait(self, seconds: float, why: str, *, settled: Iterable[OutboxEntry] = ()) -> None:
        """Wait in place when short; otherwise park, and raise Parked. Many short waits are a long one: who stops the process waits, too."""
        entries = list(settled)
        now = self.tools.clock.monotonic()
        self._waits_since = now if self._waits_since is None else self._waits_since
        short = seconds <= self.tools.settings.wait_in_place_seconds and now - self._waits_since < _IN_PLACE_SECONDS
        if short and not entries:
            await self.tools.clock.sleep(seconds)
            return
        await self.park(self.tools.clock.now() + timedelta(seconds=seconds), why, entries)

    async def park(self, until: datetime, why: str, settled: Iterable[OutboxEntry] = ()) -> NoReturn:
        """Give the incident up until `until`. Raises Parked."""
        if self._deferred:
            await self._write()
        await self.tools.journal.park(self.held, until, settled, self.heard)
        raise Parked(why)

    def _outbox(self, kind: NoticeKind | None) -> list[OutboxEntry]:
        if kind is None:
            return []
        told = {entry.notice_id for entry in self.incident.outbox.values() if entry.notice_id.endswith(f".{kind}")}
        number = f"{len(told) + 1}." if told else ""  # told again is another message: channels drop what they know
        name = f"{self.incident.incident_id}.{number}{kind}"
        return [OutboxEntry(notice_id=name, channel=channel.name) for channel in self.tools.notifiers]
