"""One message: envelope -> events -> triage -> recorded incidents. Returns only when everything that the message said is durable."""

import json
from collections.abc import Callable
from datetime import datetime

from aiops_daemon.analysts.calls_unusual import reads_only
from aiops_daemon.intake.messages import Disposition, Done, Drop, Message, Park, Retry
from aiops_daemon.intake.once import Once
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.errors import GiveUp, InvalidInput, RetryLater
from aiops_daemon.model.event import Event, Ignored, Parked, Reading
from aiops_daemon.model.incident import Signal, State, incident_id
from aiops_daemon.model.verdict import Cause
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import correlation, logger
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.workflow.admission import Admission, Triage
from aiops_daemon.workflow.worker import Workers

_log = logger("handler")
_DECISION = "aiops_decision"  # the one body that is not an AWS event: an operator's word, sent straight to the queue


class MessageHandler:
    """Called by the consumer for every message."""

    def __init__(
        self,
        read: Callable[[str, datetime], Envelope | Ignored | Parked],
        recognize: Callable[[Envelope], Reading],
        admission: Admission,
        workers: Workers,
        metrics: Metrics,
        heard: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._heard = heard
        self._read = read
        self._recognize = recognize
        self._admission = admission
        self._workers = workers
        self._metrics = metrics
        self._once = Once()

    async def __call__(self, message: Message) -> Disposition:
        """What shall become of the message. RetryLater leaves it on the queue."""
        try:
            return await self._disposition(message)
        except InvalidInput as error:
            return Park(f"cannot be recorded: {error}")  # too large for an item, say: it will not fit later either
        except RetryLater:
            self._workers.nudge()  # it looks at the table, and intake waits for what it sees
            raise
        except GiveUp as error:
            self._workers.nudge()
            return Retry(f"cannot be recorded: {error}")  # no table, no permission: an operator's business, and the message waits

    async def _disposition(self, message: Message) -> Disposition:
        decision = _decision(message.body)
        if decision is not None:
            return await self._decide(decision, message)
        reading = self._reading(message)
        if isinstance(reading, Ignored):
            return Drop(reading.reason)
        if isinstance(reading, Parked):
            return Park(reading.reason)
        for event in reading.events:
            self._heard(event)
        judged = [(event, self._admission.judge(event)) for event in reading.events]
        noteworthy = [(event, triage) for event, triage in judged if triage.verdict.noteworthy]
        if not noteworthy:
            return Drop(_expected(judged[0][1]) if judged else "no event")
        for event, triage in noteworthy:
            await self._admit(event, triage)
        return Done()

    def _reading(self, message: Message) -> Reading:
        envelope = self._read(message.body, message.received_at)
        if isinstance(envelope, Envelope) and reads_only(envelope.detail):
            return Ignored(reason="a call that reads only")
        return self._recognize(envelope) if isinstance(envelope, Envelope) else envelope

    async def _admit(self, event: Event, triage: Triage) -> None:
        with correlation(event.group):
            admitted = await self._once.do(incident_id(event), lambda: self._admission.admit(event, triage, self._workers.owner_if_room()))
            if admitted is None or admitted.known is not None:
                self._metrics.intake.deduplicated.inc()
                return
            self._metrics.incidents.opened.labels(event.kind).inc()
            self._metrics.incidents.event_delay.observe(max(0.0, (event.received_at - event.occurred_at).total_seconds()))
            _log.info(
                LogEvent.INCIDENT_OPENED, incident_id=admitted.incident_id, resource=event.resource.key, event_name=event.name,
                classification=triage.verdict.classification, why=triage.verdict.reasoning,
            )  # fmt: skip
            if admitted.held is not None:
                self._workers.start(admitted.held)
            else:
                self._workers.nudge()

    async def _decide(self, decision: dict[str, str], message: Message) -> Disposition:
        wanted = decision["incident_id"]
        signal = Signal(
            signal_id=decision.get("signal_id", "")[:64] or message.message_id,
            decision=decision["decision"],
            by=f"{decision.get('by', 'unknown')[:200]} ({message.sender_id})",
            reason=decision.get("reason", "")[:500],
            at=message.sent_at,
            override=decision.get("override") == "yes",
        )
        journal = self._workers.tools.journal
        asked = await journal.load(wanted)
        if asked is not None and signal.signal_id in asked.signals:
            return Done()  # a copy of what was heard already
        if asked is not None and not asked.terminal and asked.workflow_state is not State.AWAITING_APPROVAL:
            return Park(f"decision before anybody was asked: {wanted}")  # else a plan would be approved that nobody has seen
        incident = await journal.signal(wanted, signal)
        _log.info(LogEvent.OPERATOR_DECISION, incident_id=wanted, decision=signal.decision, by=signal.by, found=incident is not None)
        if incident is None:
            return Park(f"decision without an open incident: {wanted}")
        self._workers.nudge()
        return Done()


def _expected(triage: Triage) -> str:
    """The metric's label stands before the colon: few, and without ids."""
    cause = triage.provenance.cause
    return f"expected{'' if cause is Cause.UNEXPLAINED else ' (' + cause.value + ')'}: {triage.verdict.reasoning}"


def _decision(body: str) -> dict[str, str] | None:
    if _DECISION not in body[:200]:
        return None
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    decision = parsed.get(_DECISION) if isinstance(parsed, dict) else None
    if not isinstance(decision, dict) or decision.get("decision") not in {"approve", "reject"}:
        return None
    if not isinstance(decision.get("incident_id"), str):
        return None
    return {key: value for key, value in decision.items() if isinstance(value, str)}
