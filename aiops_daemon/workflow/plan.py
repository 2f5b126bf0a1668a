"""PLANNING: typed steps from the action catalogue. Target and parameters come from the event; a model may choose among what applies."""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from aiops_daemon.model.event import Event
from aiops_daemon.model.incident import State
from aiops_daemon.model.plan import Plan, Step
from aiops_daemon.model.verdict import Classification, Verdict
from aiops_daemon.ports import Action
from aiops_daemon.workflow.run import Run


def applicable(event: Event, actions: Iterable[Action]) -> list[Action]:
    """The actions that fit the event, in the catalogue's order of preference."""
    return [action for action, parameters in _fitting(event, actions) if not isinstance(parameters, str)]


def _fitting(event: Event, actions: Iterable[Action]) -> list[tuple[Action, Mapping[str, JsonValue] | str]]:
    kind = event.resource.type
    listed = [action for action in actions if kind in action.spec.resource_types or "*" in action.spec.resource_types]
    return [(action, action.parameters(event)) for action in listed]


async def make_plan(run: Run, verdict: Verdict) -> Plan:
    """The plan on the record; an empty one where nothing applies or nothing is to be done."""
    known = run.result("plan", Plan)
    if known is not None:
        return known
    plan = Plan(rationale="nothing to restore")
    if verdict.classification in {Classification.FAILURE, Classification.TAMPERING}:
        plan = _plan(run, verdict)
    chosen = ", ".join(step.action_id for step in plan.steps) or "no action"
    await run.move(State.PLANNING, f"{chosen}: {plan.rationale}", results={"plan": plan.model_dump(mode="json")})
    return plan


def _plan(run: Run, verdict: Verdict) -> Plan:
    fitting = [one for one in _fitting(run.event, run.tools.actions.values()) if one[0].spec.id in run.tools.policy.allowed_actions]
    candidates = {action.spec.id: (action, parameters) for action, parameters in fitting if not isinstance(parameters, str)}
    if not candidates:
        return Plan(rationale="; ".join(f"{action.spec.id}: {why}" for action, why in fitting) or "no action for this resource type")
    wanted = verdict.action_id if verdict.action_id in candidates else next(iter(candidates))
    action, parameters = candidates[wanted]
    spec = action.spec
    step = Step(
        id="restore",
        action_id=spec.id,
        title=spec.title,
        resource=run.event.resource,
        account=run.event.account,
        region=run.event.region,
        parameters=dict(parameters),
        timeout_seconds=spec.timeout_seconds,
        success=spec.success,
        effect=spec.effect,
        undoable=spec.undoable,
    )
    return Plan(steps=(step,), rationale=f"{spec.title}; success: {spec.success}")
