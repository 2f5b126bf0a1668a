"""Breaker and budgets at the gate and after a recovery. A rail that cannot be read raises, and nothing runs.

Order matters: what only looks comes first, what counts (the resource's day, the account's hour) next, the breaker's one probe last, so that
nobody holds it who is refused by something else. Each write knows its incident, so running the gate again pays nothing twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from aiops_daemon.incidents.breaker import Breaker, BreakerState
from aiops_daemon.incidents.kill_switch import Stop
from aiops_daemon.incidents.stamps import shown, stamp, unstamp
from aiops_daemon.model.incident import State
from aiops_daemon.model.notice import NoticeKind
from aiops_daemon.model.plan import STEP, Effect, Plan
from aiops_daemon.ports import Clock, Table
from aiops_daemon.telemetry.log_events import LogEvent
from aiops_daemon.telemetry.logging import logger
from aiops_daemon.workflow.run import Run, Tools
from aiops_daemon.workflow.settings import WorkflowSettings
from aiops_daemon.workflow.together import both

log = logger("rails")
_UNDO_AND_SLACK = timedelta(minutes=10)
_LONGEST_DOUBLING = 8


@dataclass(frozen=True, slots=True)
class Passage:
    """`doubt` empty: go. Else why not, which rail says so, and until when where it goes by itself."""

    doubt: str = ""
    rail: str = ""
    until: datetime | None = None
    how: str = ""  # what a person can do about it
    waiting: str = ""  # the same, where it goes on by itself
    note: str = ""  # for the record of those who go
    results: Mapping[str, JsonValue] = field(default_factory=dict)


def breakers(settings: WorkflowSettings, table: Table, clock: Clock) -> Breaker:
    """The guard rail as the settings want it."""
    return Breaker(table, clock, in_a_row=settings.breaker_failures, rest=timedelta(minutes=settings.breaker_rest_minutes))


async def switched_off(tools: Tools) -> Stop | None:
    """The kill switch now, and its gauge: what cannot be read stops everything, and is shown as set."""
    guards = tools.metrics.guards
    try:
        stop = await tools.switch.stopped()
    except Exception:
        guards.kill_switch.set(1)
        raise
    guards.kill_switch.set(stop is not None)
    return stop


async def pass_rails(run: Run, plan: Plan, *, approved: bool = False, override: bool = False) -> Passage:
    """Before the first side effect. A person who overrides passes every rail, and the record names those that held."""
    held: list[str] = []
    probes = await _breakers(run, plan, held, approved=approved, override=override)
    if isinstance(probes, Passage):
        return probes
    results: dict[str, JsonValue] = {}
    refused = None
    if any(step.effect is not Effect.NONE for step in plan.steps):
        refused = await _budgets(run, plan, held, results, override=override)
    if refused is None:
        refused = await _probe(run, plan, probes, held, override=override)
    if refused is not None:
        return refused
    notes = [f"as the probe of the breaker of {action_id}" for action_id in probes] + ([f"overridden: {'; '.join(held)}"] if held else [])
    if held:
        results["overridden"] = [*held]
    return Passage(note="".join(f"; {note}" for note in notes), results=results)


async def _breakers(run: Run, plan: Plan, held: list[str], *, approved: bool, override: bool) -> list[str] | Passage:
    """The open ones whose probe this recovery could be; or why not to go."""
    probes = []
    for action_id in dict.fromkeys(step.action_id for step in plan.steps):
        state = await run.tools.breaker.look(action_id)
        show(run, action_id, state)
        if state.open_since is None:
            continue
        if _may_probe(run, approved=approved) and run.tools.breaker.half_open(state, run.incident.incident_id):
            probes.append(action_id)
        elif override:
            held.append(f"the breaker of {action_id} is open: {state.reason}")
        else:
            return _open(run, action_id, state, approved=approved)
    return probes


async def _probe(run: Run, plan: Plan, probes: list[str], held: list[str], *, override: bool) -> Passage | None:
    for action_id in [*probes]:
        if await run.tools.breaker.take_probe(action_id, incident=run.incident.incident_id, hold=_hold(run, plan)):
            continue
        why = f"the breaker of {action_id} is open, and another recovery is its probe right now"
        if not override:
            return Passage(doubt=why, rail="breaker", how=_override(action_id))
        held.append(why)
        probes.remove(action_id)
    return None


async def _budgets(run: Run, plan: Plan, held: list[str], results: dict[str, JsonValue], *, override: bool) -> Passage | None:
    me, tools = run.incident.incident_id, run.tools
    limit = tools.settings.recoveries_per_resource_and_day
    claim = await tools.claims.charge(*run.claim, _hold(run, plan), None if override else limit)
    spent = f"budget: this resource was already recovered {limit} times today"
    if claim is None:
        tools.metrics.guards.refusals.labels("resource").inc()
        return Passage(doubt=spent, rail="resource", how=_override())
    if claim.today > limit:
        held.append(spent)
    if not await tools.recoveries.spend(me, run.event.account):
        why = f"budget: {tools.recoveries.limit} recoveries in this account and hour are spent"
        if not override:
            tools.metrics.guards.refusals.labels("account").inc()
            await tools.claims.cool_down(*run.claim, tools.policy.cooldown)  # it was held for a whole recovery
            until = tools.recoveries.renewed()
            waiting = f"it goes on by itself at {shown(until)}; approve with --override to act now"
            return Passage(doubt=why, rail="account", until=until, how=_override(), waiting=waiting)
        held.append(why)
    results["charge"] = {"today": claim.today, "streak": claim.streak, "until": stamp(claim.until)}
    return None


async def lost_claim(run: Run, plan: Plan) -> str:
    """Who holds the resource by now; empty where it is ours. The fleet may have been down, or in trouble, for longer than the claim lasts.

    Asked before each effect, and of the table only where the claim's end, as it was recorded, is near.
    """
    if all(step.effect is Effect.NONE for step in plan.steps):
        return ""
    until = run.raw("charge").get("until")
    if until is not None and unstamp(str(until)) - run.tools.clock.now() >= _UNDO_AND_SLACK:
        return ""
    claim = await run.tools.claims.claim(*run.claim, _hold(run, plan))
    return "" if claim.mine else f"the resource is {claim.why}"


def _open(run: Run, action_id: str, state: BreakerState, *, approved: bool) -> Passage:
    why = f"the breaker of {action_id} is open: {state.reason}"
    if state.probe:
        why += f"; its probe is {state.probe}"
    elif state.probe_at is not None and state.probe_at > run.tools.clock.now():
        why += f"; one recovery may be its probe from {shown(state.probe_at)} on"
    elif not approved:
        why += "; an approval makes this recovery its probe"
    return Passage(doubt=why, rail="breaker", how=_override(action_id))


def _override(action_id: str = "") -> str:
    closing = f", or close it first: aiops-daemon breaker close {action_id}" if action_id else ""
    return f"approve again with --override to act all the same{closing}"


def _may_probe(run: Run, *, approved: bool) -> bool:
    return approved or run.tools.settings.breaker_probe == "auto"


def _hold(run: Run, plan: Plan) -> timedelta:
    """As long as the recovery can take at all: before that nobody else may have the resource, or be the probe."""
    settings = run.tools.settings
    looks = settings.verify_pending_seconds + settings.verify_attempts * settings.verify_interval_seconds + settings.soak_seconds
    return timedelta(seconds=sum(step.timeout_seconds for step in plan.steps) + looks) + _UNDO_AND_SLACK


def show(run: Run, action_id: str, state: BreakerState) -> None:
    """The gauge, as the breaker was seen just now."""
    run.tools.metrics.guards.breaker.labels(action_id).set(state.open_since is not None)


async def settle_rails(run: Run, *, good: bool, untouched: bool = False) -> tuple[NoticeKind | None, dict[str, JsonValue]]:
    """After an attempted recovery, good or bad: start the cooldown (doubling for a flapping resource) and count for the breaker.

    Where this failure opened a breaker: the page that goes with the incident's end, and what it tells. `untouched`: every step was refused
    before it had any effect, which says nothing about the action.
    """
    streak = int(str(run.raw("charge").get("streak", 1)))
    period = run.tools.policy.cooldown * 2 ** (min(streak, _LONGEST_DOUBLING) - 1)
    cool = run.tools.claims.cool_down(*run.claim, period)
    if untouched:
        await both(cool, give_up_probes(run))
        return None, {}
    _, opened = await both(cool, _count(run, good=good))
    return (NoticeKind.BREAKER, {"breaker": {"opened": opened}}) if opened else (None, {})


async def _count(run: Run, *, good: bool) -> list[JsonValue]:
    """The breakers that this recovery opened."""
    opened: list[JsonValue] = []
    for action_id in _planned(run):
        state = await run.tools.breaker.record(action_id, incident=run.incident.incident_id, good=good)
        show(run, action_id, state)
        if state.opened_by == run.incident.incident_id and state.probe_at is not None:
            log.warning(LogEvent.BREAKER_OPENED, action=action_id, reason=state.reason)
            opened.append({"action": action_id, "reason": state.reason, "probe_at": stamp(state.probe_at)})
    return opened


async def settle_unfinished(run: Run) -> tuple[NoticeKind | None, dict[str, JsonValue]]:
    """For an end outside the flow (a denied call, a bug, too many dead workers): a recovery that was begun is a failed one."""
    if run.state in {State.EXECUTING, State.VERIFYING, State.ROLLING_BACK} and any(key.startswith(STEP) for key in run.incident.results):
        return await settle_rails(run, good=False)
    await give_up_probes(run)
    return None, {}


async def give_up_probes(run: Run) -> None:
    """The recovery ended before it tried anything."""
    for action_id in _planned(run):
        await run.tools.breaker.give_up_probe(action_id, incident=run.incident.incident_id)


def _planned(run: Run) -> list[str]:
    steps = run.raw("plan").get("steps")
    return list(dict.fromkeys(str(step["action_id"]) for step in steps if isinstance(step, dict))) if isinstance(steps, list) else []
