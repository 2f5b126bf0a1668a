"""From a message to recorded incidents. The message may be deleted once this returns: everything that it said is durable by then."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.model.event import Event
from aiops_daemon.model.incident import AuditEntry, Incident, OutboxEntry, Outcome, State, incident_id
from aiops_daemon.model.verdict import Classification, Evidence, Provenance, Verdict
from aiops_daemon.ports import Clock


@dataclass(frozen=True, slots=True)
class Triage:
    """The rules' word at intake: cheap, local, deterministic."""

    provenance: Provenance
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of one event: `held` is to be worked on now, `known` was there before, neither: recorded for later or for good."""

    incident_id: str
    held: Held | None = None
    known: Incident | None = None


class Admission:
    """`triage` judges an event; `outcome` of NORMAL events is written in the same single put that records them."""

    def __init__(self, journal: Journal, clock: Clock, triage: Callable[[Evidence], Verdict], cause: Callable[[Event], Provenance]) -> None:
        self._journal = journal
        self._clock = clock
        self._triage = triage
        self._cause = cause

    def judge(self, event: Event) -> Triage:
        """No AWS call."""
        provenance = self._cause(event)
        return Triage(provenance, self._triage(Evidence(event=event, provenance=provenance)))

    async def admit(self, event: Event, triage: Triage, owner: str | None) -> Admitted:
        """Record the event as an incident; `owner` None leaves the work to whoever has room (it is due at once)."""
        incident = self._incident(event, triage, owner)
        known = await self._journal.open(incident)
        if known is not None:
            return Admitted(incident.incident_id, known=known)
        if owner is None or incident.terminal:
            return Admitted(incident.incident_id)
        return Admitted(incident.incident_id, held=Held(incident, owner))

    def _incident(self, event: Event, triage: Triage, owner: str | None) -> Incident:
        now = self._clock.now()
        verdict = triage.verdict
        normal = verdict.classification is Classification.NORMAL
        due = None if normal else (now + self._journal.lease if owner else now - timedelta(microseconds=1))
        identity = incident_id(event)
        state = State.SUPPRESSED if normal else State.DETECTING
        first = AuditEntry(
            entry_id=f"{owner or 'intake'}:birth:{now.timestamp()}",
            seq=1,
            at=now,
            state=state,
            note=verdict.reasoning[:1000] if normal else f"{event.name} on {event.resource.key} by {event.actor.label or 'unknown'}"[:1000],
            by=owner or "intake",
            fence=1,
        )
        return Incident(
            incident_id=identity,
            incident_timestamp=now,
            workflow_state=state,
            resource_type=event.resource.type,
            resource_id=event.resource.id,
            resource_key=event.resource.key,
            correlation_id=event.group,
            event=event,
            owner=None if normal else owner,
            due_at=due,
            results={"provenance": triage.provenance.model_dump(mode="json"), "rules": verdict.model_dump(mode="json")},
            outbox=dict[str, OutboxEntry](),
            audit=[first],
            event_classification=verdict.classification.value,
            outcome=Outcome.SUPPRESSED if normal else None,
            closed_at=now if normal else None,
        )
