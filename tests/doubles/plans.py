"""Plans made by hand: actions that answer from a script, and an incident that stands at the gate with the plan on its record."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from aiops_daemon.incidents.change import Change
from aiops_daemon.incidents.held import Held
from aiops_daemon.model.event import Event
from aiops_daemon.model.incident import State
from aiops_daemon.model.plan import ActionSpec, Effect, Plan, Progress, Step, Succeeded
from aiops_daemon.model.verdict import History
from aiops_daemon.ports import ActionCall
from aiops_daemon.workflow.worker import Workers
from tests.doubles.world import Fleet, stopped


class ScriptedAction:
    """`answers` in turn for start and poll, then success; every call is remembered as (verb, token)."""

    def __init__(self, action_id: str, *answers: Progress | Exception, effect: Effect = Effect.REVERSIBLE) -> None:
        self.spec = ActionSpec(
            id=action_id, title=action_id, resource_types=("ec2:instance",), effect=effect, timeout_seconds=60, success="done",
            undoable=effect is Effect.REVERSIBLE,
        )  # fmt: skip
        self.answers = list(answers)
        self.undo_answer: Progress = Succeeded()
        self.calls: list[tuple[str, str]] = []
        self.before: Any = None  # called before each answer

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        return {}

    async def start(self, call: ActionCall) -> Progress:
        return self._answer("start", call)

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        return self._answer("poll", call)

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        self.calls.append(("undo", call.token))
        return self.undo_answer

    def _answer(self, verb: str, call: ActionCall) -> Progress:
        self.calls.append((verb, call.token))
        if self.before is not None:
            self.before()
        answer = self.answers.pop(0) if self.answers else Succeeded()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.calls]


def step(action: ScriptedAction, name: str, *after: str) -> Step:
    spec = action.spec
    return Step(
        id=name, action_id=spec.id, title=spec.title, resource=stopped().resource, account="123456789012", region="us-east-1",
        timeout_seconds=spec.timeout_seconds, depends_on=after, success=spec.success, effect=spec.effect, undoable=spec.undoable,
    )  # fmt: skip


async def planned(fleet: Fleet, workers: Workers, actions: list[ScriptedAction], steps: list[Step]) -> Held:
    """An incident in EXECUTING, claimed and charged, whose first step is next."""
    tools = workers.tools
    vars(tools)["actions"] = {action.spec.id: action for action in actions}
    incident_id = await fleet.admit(workers, stopped())
    (seen,) = await tools.journal.due(1)
    held = await workers.take(seen)
    assert held is not None
    claim = "RES#123456789012#us-east-1#ec2:instance#i-0123456789abcdef0"
    fleet.memory.items[claim] = {"incident_id": claim, "holder": incident_id, "until": "2099-01-01T00:00:00.000000Z"}
    plan = Plan(steps=tuple(steps), rationale="by hand")
    verdict = fleet.rules.verdict.model_dump(mode="json")
    journal = tools.journal
    await journal.transition(held, Change(State.ANALYZING, "a", results={"history": History().model_dump(mode="json"), "verdict": verdict}))
    await journal.transition(held, Change(State.PLANNING, "p", results={"plan": plan.model_dump(mode="json")}))
    await journal.transition(held, Change(State.EXECUTING, "e", results={"charge": {"today": 1, "streak": 1}}))
    return held
