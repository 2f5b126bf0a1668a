"""A process that sleeps between two calls of one action for longer than its lease: its successor acts, and the sleeper calls nothing more.

The real actions against one small world, and the sleep right after the look that leads to the effect. What the look said is stale then,
so that without the fence before each call (workflow/fenced.py) the sleeper acts on it: the mutant at the end fails always.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from aiops_daemon.actions.ec2_start import Ec2Start
from aiops_daemon.actions.ecs_scale_out import EcsScaleOut
from aiops_daemon.actions.rds_start import RdsStart
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.actions.ssm_restore_parameter import SsmRestoreParameter
from aiops_daemon.analysts.rules import RulesAnalyst
from aiops_daemon.model.event import Event, EventKind, Resource
from aiops_daemon.model.incident import State
from aiops_daemon.ports import Action
from aiops_daemon.probes import probes
from aiops_daemon.workflow import fenced
from aiops_daemon.workflow.worker import Workers
from tests.doubles.world import Fleet, stopped

INSTANCE, SERVICE = "i-0123456789abcdef0", "arn:aws:ecs:us-east-1:123456789012:service/prod/orders"
QUICK = ActionSettings(poll_seconds=1)


@dataclass(frozen=True)
class Case:
    action: Action
    event: Event
    looks: str  # after this call the process sleeps
    effect: str  # which its successor makes once
    look: int = 1  # the first, or a later one


@dataclass
class Cloud:
    """What is changed is changed at once. `nap` comes after a look of the first worker's step, whose answer is stale then."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = True
    tasks: int = 3
    values: list[str] = field(default_factory=lambda: ["good", "bad"])
    looks: str = ""
    look: int = 1
    acting: Callable[[], bool] = lambda: False
    nap: Callable[[], Awaitable[None]] | None = None

    async def call(self, who: str, operation: str, asked: dict[str, Any]) -> Any:
        self.calls.append((who, operation))
        answer = self._answer(operation, asked)
        if self.nap is not None and who == "old" and operation == self.looks and self.acting():
            self.look -= 1
            if self.look == 0:
                nap, self.nap = self.nap, None
                await nap()
                self.calls.append((who, "woke up"))
        return answer

    def _answer(self, operation: str, asked: dict[str, Any]) -> Any:
        state = "stopped" if self.stopped else "running"
        if operation in {"start_instances", "start_db_instance"}:
            self.stopped = False
        elif operation == "update_service":
            self.tasks = asked["desiredCount"]
        elif operation == "put_parameter":
            self.values.append(asked["Value"])
        counts = {"desiredCount": self.tasks, "runningCount": self.tasks}
        versions = [{"Name": "/app/flag", "Type": "String", "Version": at, "Value": value} for at, value in enumerate(self.values, 1)]
        answers: dict[str, Any] = {
            "describe_instances": {"Reservations": [{"Instances": [{"InstanceId": INSTANCE, "State": {"Name": state}}]}]},
            "describe_instance_status": {"InstanceStatuses": []},
            "describe_db_instances": {"DBInstances": [{"DBInstanceStatus": state.replace("running", "available")}]},
            "describe_services": {"services": [{"status": "ACTIVE", "deployments": [], **counts}]},
            "get_parameter_history": {"Parameters": versions},
            "put_parameter": {"Version": len(self.values)},
        }
        return answers.get(operation, {})


@dataclass
class Door:
    """The clients of one worker."""

    who: str
    cloud: Cloud

    async def client(self, service: str, *, region: str | None = None, account: str | None = None, once: bool = False) -> "Door":
        return self

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        async def call(**asked: Any) -> Any:
            return await self.cloud.call(self.who, operation, asked)

        return call


def _called(name: str, kind: str, identifier: str, **facts: Any) -> Event:
    return stopped().model_copy(update={"name": name, "resource": Resource(type=kind, id=identifier), "facts": facts})


def _warning() -> Event:
    facts = {"configured action": "ecs.scale_out", "at most": 9, "needs approval": False, "calibrated probability": 0.93, "what": "x"}
    event = _called("log-anomaly ramp", "ecs:service", SERVICE, **facts)
    return event.model_copy(update={"kind": EventKind.LOG_ANOMALY, "source": "aiops.logwatch", "severity": 8})


CASES = [
    Case(Ec2Start(QUICK), stopped(), "describe_instances", "start_instances"),
    Case(RdsStart(QUICK), _called("StopDBInstance", "rds:db", "orders"), "describe_db_instances", "start_db_instance"),
    Case(
        SsmRestoreParameter(), _called("PutParameter", "ssm:parameter", "/app/flag", responseElements={"version": 2}),
        "get_parameter_history", "put_parameter",
    ),
    Case(EcsScaleOut(QUICK), _warning(), "describe_services", "update_service", look=2),  # the first look only finds the count
]  # fmt: skip


async def story(case: Case) -> tuple[Fleet, Cloud, str]:
    fleet, cloud = Fleet(), Cloud(looks=case.looks, look=case.look)
    fleet.action = case.action  # type: ignore[assignment]  # the real one
    fleet.rules.verdict = fleet.rules.verdict.model_copy(update={"action_id": case.action.spec.id})

    def worker(who: str) -> Workers:
        found = {kind: probe for probe in probes() for kind in probe.resource_types}
        tools = replace(fleet.tools(), clients=Door(who, cloud), probes=found)
        if case.event.kind is EventKind.LOG_ANOMALY:
            tools = replace(tools, rules=RulesAnalyst())
        return Workers(tools, who)

    old, new = worker("old"), worker("new")
    name = await fleet.admit(old, case.event)

    async def nap() -> None:
        fleet.clock.advance(31)
        await new.drain()

    cloud.acting = lambda: fleet.memory.items[name]["workflow_state"] == State.EXECUTING
    cloud.nap = nap
    await old.drain()
    await fleet.settle(new)
    return fleet, cloud, name


async def holds(case: Case) -> None:
    fleet, cloud, name = await story(case)
    assert cloud.nap is None, "nobody slept in the middle of a step"
    woke = cloud.calls.index(("old", "woke up"))
    assert ("new", case.effect) in cloud.calls[:woke], "the successor acted while it slept"
    assert [call for call in cloud.calls[woke + 1 :] if call[0] == "old"] == [], "the sleeper acts for its successor"
    assert [operation for _, operation in cloud.calls].count(case.effect) == 1
    assert (await fleet.incident(name)).workflow_state is State.COMPLETED


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action.spec.id)
async def test_who_slept_in_the_middle_of_a_step_calls_nothing_more(case: Case) -> None:
    await holds(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action.spec.id)
async def test_the_mutant_without_the_fence_before_effects_is_caught(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ours(run: Any) -> None:
        return

    monkeypatch.setattr(fenced, "still_ours", ours)
    with pytest.raises(AssertionError, match="the sleeper acts for its successor"):
        await holds(case)
