"""What people read: subject, facts and the full timeline, always made from the record."""

from collections.abc import Iterable
from itertools import zip_longest

from pydantic import JsonValue

from aiops_daemon.incidents.stamps import shown, unstamp
from aiops_daemon.model.event import Event, EventKind
from aiops_daemon.model.incident import Incident, State
from aiops_daemon.model.notice import Notice, NoticeKind, TimelineRow
from aiops_daemon.model.plan import step_key

_HEADLINE = {
    NoticeKind.REVIEW: "Manual Review Required",
    NoticeKind.ANOMALY: "Anomaly",
    NoticeKind.RECOVERED: "Recovered",
    NoticeKind.FAILED: "Recovery FAILED",
    NoticeKind.QUARANTINED: "Quarantined",
    NoticeKind.STOPPED: "Recovery stopped",
    NoticeKind.STORM: "Storm",
    NoticeKind.WARNING: "Warning",
    NoticeKind.BREAKER: "Breaker open",
}


_STOP = 'aiops-daemon stop --reason "..."    # nothing runs any more, on any resource, until `aiops-daemon start`'
_LET_GO = (
    "aiops-daemon status    # is it still stopped, by whom and why",
    'aiops-daemon start --reason "..."    # where the stop switch did it: lets it act again',
)
BREAKER_SEVERITY = 7  # whatever the resource was worth: nothing of its kind is healed any more


def compose(incident: Incident, kind: NoticeKind) -> Notice:
    """The notice of this kind for the incident as it is on the record now."""
    verdict = _object(incident.results.get("verdict")) or _object(incident.results.get("rules"))
    headline = _HEADLINE[kind]
    if kind is NoticeKind.RECOVERED and incident.success is False:
        headline = "Recovery ran, NOT verified"
    if kind is NoticeKind.STOPPED and incident.workflow_state is State.REJECTED:
        headline = "Rejected"
    return Notice(
        notice_id=f"{incident.incident_id}.{kind}",
        incident_id=incident.incident_id,
        kind=kind,
        severity=max(int(str(verdict.get("severity", 5))), BREAKER_SEVERITY if kind is NoticeKind.BREAKER else 1),
        subject=f"[AIOps] {headline}: {_about(incident, kind)}",
        summary=_summary(incident, kind),
        facts=tuple(_facts(incident, verdict)),
        timeline=tuple(timeline(incident)),
        actions=_commands(incident, kind),
    )


def _about(incident: Incident, kind: NoticeKind) -> str:
    if kind is NoticeKind.STORM:
        return _storm_subject(incident)
    if kind is NoticeKind.BREAKER:
        return ", ".join(_actions(incident)) + " asks people from now on"
    return _subject(incident.event)


def _summary(incident: Incident, kind: NoticeKind) -> str:
    """Why people are told: the last line of the record, but for a breaker, which is told together with a failed recovery."""
    if kind is NoticeKind.BREAKER:
        return "; ".join(
            f"{breaker.get('action')} runs no more by itself: {breaker.get('reason')}; one recovery may try it again from "
            f"{breaker.get('probe_at')} on"
            for breaker in _opened(incident)
        )
    return incident.audit[-1].note if incident.audit else incident.event.name


def _opened(incident: Incident) -> list[dict[str, JsonValue]]:
    opened = _object(incident.results.get("breaker")).get("opened")
    return [_object(breaker) for breaker in opened] if isinstance(opened, list) else []


def _subject(event: Event) -> str:
    return f"{event.resource.type} {event.resource.id} {event.name}"


def _storm_subject(incident: Incident) -> str:
    return f"{len(_members(incident))} resources in account {incident.event.account}, first seen: {_subject(incident.event)}"


def _members(incident: Incident) -> list[str]:
    members = _object(incident.results.get("storm")).get("members")
    return [str(member) for member in members] if isinstance(members, list) else []


def _facts(incident: Incident, verdict: dict[str, JsonValue]) -> Iterable[tuple[str, str]]:
    """What a woken person needs comes first: a channel with little room leaves out the last ones."""
    yield from _what_and_why(incident, verdict)
    yield from _done(incident)
    yield from _beside(incident, verdict)
    yield "Incident", incident.incident_id


def _what_and_why(incident: Incident, verdict: dict[str, JsonValue]) -> Iterable[tuple[str, str]]:
    event = incident.event
    yield "State", incident.workflow_state + (f" ({incident.outcome})" if incident.outcome else "")
    yield "Resource", f"{event.resource.type} {event.resource.id} in {event.account}/{event.region}"
    yield "Event", f"{event.name} at {shown(event.occurred_at)}"
    yield "By", event.actor.label or "unknown"
    until = _object(incident.results.get("asked")).get("until")
    if incident.workflow_state is State.AWAITING_APPROVAL and until:  # not due_at: while the page is delivered that is the lease's end
        yield "Answer by", f"{shown(unstamp(str(until)))}; no answer is a no"
    storm = _object(incident.results.get("storm"))
    if storm:
        yield "Storm", f"{storm.get('leader')} since {storm.get('opened_at')}"
    if members := _members(incident):
        yield "Members so far", ", ".join(members)
    if verdict:
        yield "Why", str(verdict.get("reasoning", ""))
    if event.kind is EventKind.LOG_ANOMALY:
        yield from ((label.capitalize(), str(value)) for label, value in event.facts.items() if value)


def _done(incident: Incident) -> Iterable[tuple[str, str]]:
    for step in _steps(incident):
        record = _object(incident.results.get(step_key(str(step.get("id")))))
        planned = bool(record.get("plan"))
        if planned:
            yield "Plan", str(record["plan"])
        waits = planned and incident.workflow_state is State.AWAITING_APPROVAL
        yield (
            "Action",
            f"{step.get('title')}: {'planned, waits for approval' if waits else record.get('status', 'not run')}"
            + (f", {record['reason']}" if record.get("reason") else ""),
        )
    last = _object(_object(incident.results.get("verify")).get("last"))
    if last:
        yield "Verification", f"{last.get('status')}: {last.get('detail')}"


def _beside(incident: Incident, verdict: dict[str, JsonValue]) -> Iterable[tuple[str, str]]:
    if verdict:
        yield (
            "Classification",
            f"{verdict.get('classification')} ({float(str(verdict.get('confidence', 0))):.2f}) by {verdict.get('analyst', 'rules')}",
        )
    history = _object(incident.results.get("history"))
    if history.get("count"):
        yield "Similar incidents", f"{history['count']}, success rate {history.get('success_rate')}"
    if incident.recovery_duration_seconds is not None:
        yield "Duration", f"{incident.recovery_duration_seconds:.1f} s"


def timeline(incident: Incident) -> list[TimelineRow]:
    """One row a transition, with how long it lasted."""
    rows = []
    for entry, following in zip_longest(incident.audit, incident.audit[1:]):
        seconds = None if following is None else round((following.at - entry.at).total_seconds(), 3)
        rows.append(TimelineRow(at=shown(entry.at), state=entry.state, note=entry.note, seconds=seconds))
    return rows


def _commands(incident: Incident, kind: NoticeKind) -> tuple[str, ...]:
    """What answers this notice; then how to stop the daemon, wherever it acted or is about to."""
    if kind in {NoticeKind.ANOMALY, NoticeKind.WARNING}:
        return _answers(incident, kind)
    if kind is NoticeKind.STOPPED:
        return (*_answers(incident, kind), *(() if incident.workflow_state is State.REJECTED else _LET_GO))
    return (*_answers(incident, kind), _STOP)


def _answers(incident: Incident, kind: NoticeKind) -> tuple[str, ...]:
    me = incident.incident_id
    show = f"aiops-daemon incidents show {me}"
    if kind is NoticeKind.BREAKER:
        pairs = [(f"aiops-daemon breaker show {one}", f'aiops-daemon breaker close {one} --reason "..."') for one in _actions(incident)]
        return (*(command for pair in pairs for command in pair), show)
    if kind not in {NoticeKind.REVIEW, NoticeKind.STORM} or incident.workflow_state is not State.AWAITING_APPROVAL:
        return (show,)
    verbs = [f'aiops-daemon incidents {verb} {me} --reason "..."' for verb in ("approve", "reject")]
    if _object(incident.results.get("asked")).get("rail", "policy") not in {"policy", "switch"}:  # a plain approval may meet it again
        verbs.insert(1, f'aiops-daemon incidents approve {me} --override --reason "..."')
    if kind is NoticeKind.STORM:
        verbs += [f'aiops-daemon incidents {verb} --storm {me} --reason "..."' for verb in ("approve", "reject")]
        return (*verbs, show, f"aiops-daemon incidents list --storm {me}")
    return (*verbs, show)


def _actions(incident: Incident) -> list[str]:
    return [str(breaker.get("action")) for breaker in _opened(incident)]


def _steps(incident: Incident) -> list[dict[str, JsonValue]]:
    steps = _object(incident.results.get("plan")).get("steps")
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}
