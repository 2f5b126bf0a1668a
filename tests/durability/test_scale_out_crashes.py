"""A warning that scales a service out, killed before and after every call to ECS and every write: one task more, never two."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from aiops_daemon.actions.ecs_scale_out import EcsScaleOut
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.analysts.rules import RulesAnalyst
from aiops_daemon.assembly import judging
from aiops_daemon.model.event import Event, EventKind, Resource
from aiops_daemon.model.incident import Outcome, State
from aiops_daemon.model.verdict import Provenance
from aiops_daemon.probes.ecs_service import EcsServiceProbe
from aiops_daemon.workflow.admission import Admission
from aiops_daemon.workflow.worker import Workers
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import START, Fleet

SERVICE = "arn:aws:ecs:eu-west-1:123456789012:service/prod/orders"


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Fate:
    """Kills the process at one call to the outside, before or after it has had its effect; `at` 0 never does."""

    at: int = 0
    after: bool = False
    calls: int = 0

    def before_call(self) -> None:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise Killed

    def after_call(self) -> None:
        if self.calls == self.at and self.after:
            raise Killed


@dataclass
class Ecs:
    """One service; it runs what is desired at once. Stands for the clients of every service."""

    fate: Fate
    desired: int = 3
    ordered: list[int] = field(default_factory=list)

    async def client(self, service: str, *, region: str | None = None, account: str | None = None, once: bool = False) -> "Ecs":
        return self

    async def describe_services(self, **_: Any) -> dict[str, Any]:
        self.fate.before_call()
        seen = {"status": "ACTIVE", "desiredCount": self.desired, "runningCount": self.desired, "deployments": []}
        self.fate.after_call()
        return {"services": [seen]}

    async def update_service(self, *, desiredCount: int, **_: Any) -> dict[str, Any]:  # noqa: N803  # boto's name
        self.fate.before_call()
        self.desired = desiredCount
        self.ordered.append(desiredCount)
        self.fate.after_call()
        return {}


class Writes(MemoryTable):
    """The record's table; each write is a call to the outside, too."""

    fate = Fate()

    async def update(self, *arguments: Any, **more: Any) -> Any:
        self.fate.before_call()
        found = await super().update(*arguments, **more)
        self.fate.after_call()
        return found


def warning() -> Event:
    facts = {"configured action": "ecs.scale_out", "at most": 9, "needs approval": False, "calibrated probability": 0.93, "what": "x"}
    return Event(
        event_id="log-1", source="aiops.logwatch", detail_type="Log anomaly", kind=EventKind.LOG_ANOMALY, name="log-anomaly ramp",
        resource=Resource(type="ecs:service", id=SERVICE), account="123456789012", region="eu-west-1", occurred_at=START, received_at=START,
        severity=8, facts=facts,
    )  # fmt: skip


async def story(fate: Fate) -> tuple[Ecs, State, Outcome | None]:
    table = Writes()
    fleet = Fleet(table)
    fleet.memory = table
    ecs = Ecs(fate)

    def worker(name: str) -> Workers:
        action = EcsScaleOut(ActionSettings(poll_seconds=1))
        tools = replace(fleet.tools(), rules=RulesAnalyst(), clients=ecs, actions={"ecs.scale_out": action})
        return Workers(replace(tools, probes={"ecs:service": EcsServiceProbe()}), name)

    first = worker("first")
    admission = Admission(first.tools.journal, fleet.clock, judging(fleet.policy), lambda _: Provenance())
    admitted = await admission.admit(warning(), admission.judge(warning()), None)
    table.fate = fate
    try:
        await fleet.settle(first)
    except (Killed, BaseExceptionGroup):
        fate.at = 0
    await fleet.settle(worker("second"))
    incident = await fleet.incident(admitted.incident_id)
    return ecs, incident.workflow_state, incident.outcome


async def calls_of_a_calm_story() -> int:
    fate = Fate()
    ecs, state, outcome = await story(fate)
    assert (ecs.ordered, state, outcome) == ([4], State.COMPLETED, Outcome.VERIFIED)
    return fate.calls


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_anywhere_it_is_one_task_more(after: bool) -> None:
    calls = await calls_of_a_calm_story()
    assert calls >= 8
    for at in range(1, calls + 1):
        ecs, state, outcome = await story(Fate(at, after))
        assert ecs.desired == 4, f"killed at call {at}"
        assert set(ecs.ordered) == {4}, f"killed at call {at}"
        assert (state, outcome) == (State.COMPLETED, Outcome.VERIFIED), f"killed at call {at}"


async def test_a_step_that_did_not_record_what_it_found_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant orders in `start`, one more than it sees: killed after the order, the second worker orders again."""
    start: Callable[..., Any] = EcsScaleOut.start

    async def hasty(self: EcsScaleOut, call: Any) -> Any:
        progress = await start(self, call)
        await (await call.client("ecs")).update_service(desiredCount=progress.handle["desired"])
        return progress.model_copy(update={"handle": {**progress.handle, "ordered": True}})

    monkeypatch.setattr(EcsScaleOut, "start", hasty)
    counts = {(await story(Fate(at, after=True)))[0].desired for at in range(1, 12)}
    assert 5 in counts
