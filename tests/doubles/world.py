"""A small honest world for workflow tests: a clock that tests advance, resources that fail and heal, and every effect counted."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from pydantic import JsonValue

from aiops_daemon.incidents.budgets import Budget, CostBudget
from aiops_daemon.incidents.claims import Claims
from aiops_daemon.incidents.history import IncidentHistory
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.model.errors import GiveUp
from aiops_daemon.model.event import Actor, ActorKind, Event, EventKind, Resource
from aiops_daemon.model.incident import Incident
from aiops_daemon.model.notice import Notice
from aiops_daemon.model.plan import ActionSpec, Effect, Health, HealthStatus, Progress, Running, Succeeded
from aiops_daemon.model.verdict import Classification, Evidence, Provenance, Verdict
from aiops_daemon.policy.settings import PolicySettings
from aiops_daemon.ports import ActionCall, AwsClients, Table
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.workflow.admission import Admission, Triage
from aiops_daemon.workflow.rails import breakers
from aiops_daemon.workflow.run import Tools
from aiops_daemon.workflow.settings import WorkflowSettings
from aiops_daemon.workflow.storm import storms
from aiops_daemon.workflow.worker import Workers
from tests.doubles.memory_table import MemoryTable

START = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


class TestClock:
    """Sleeping advances it at once."""

    __test__ = False

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class World:
    """`healthy` is the truth about resources; actions and probes go through here."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.healthy: dict[str, bool] = {}
        self.starts: Counter[str] = Counter()  # real effects by token: idempotent calls count once
        self.undone: Counter[str] = Counter()
        self.delivered: list[tuple[str, Notice]] = []
        self.polls_needed = 0
        self.two_phases = False  # the action first plans, then acts at a poll
        self.stale = 0  # so many plans are refused as stale when they are applied
        self.start_answer: Progress | None = None
        self.undo_answer: Progress = Succeeded()
        self.heals = True
        self.polls: Counter[str] = Counter()


class StartAction:
    """Starts a resource; idempotent under its token."""

    def __init__(self, world: World, *, undoable: bool = True) -> None:
        self.world = world
        self.spec = ActionSpec(
            id="ec2.start", title="start the instance", resource_types=("ec2:instance",), effect=Effect.REVERSIBLE,
            timeout_seconds=300, success="it runs", undoable=undoable,
        )  # fmt: skip

    def parameters(self, event: Event) -> Mapping[str, JsonValue] | str:
        return {} if event.name == "StopInstances" else "only for stopped instances"

    async def start(self, call: ActionCall) -> Progress:
        if self.world.two_phases:
            return Running(handle={"token": call.token, "phase": "plan"}, again_in_seconds=10)
        self.world.starts[call.token] += 0
        if not self.world.starts[call.token]:
            self.world.starts[call.token] += 1
        if self.world.start_answer is not None:
            return self.world.start_answer
        if self.world.polls_needed:
            return Running(handle={"token": call.token}, again_in_seconds=10)
        self.world.healthy[call.resource.id] = self.world.heals
        return Succeeded(result={"was": "stopped"})

    async def poll(self, call: ActionCall, handle: Mapping[str, JsonValue]) -> Progress:
        assert handle["token"] == call.token
        if handle.get("phase") == "plan":
            return Running(handle={**handle, "phase": "planned"}, again_in_seconds=0, note="planned", acts_next=True, plan="1 to create")
        if handle.get("phase") == "planned" and self.world.stale > int(str(handle.get("round", 0))):
            return Running(
                handle={**handle, "phase": "plan", "round": int(str(handle.get("round", 0))) + 1}, again_in_seconds=10, note="stale"
            )
        if handle.get("phase") == "planned":
            self.world.starts[call.token] = 1
        self.world.polls[call.token] += 1
        if self.world.polls[call.token] < self.world.polls_needed:
            return Running(handle=dict(handle), again_in_seconds=10)
        self.world.healthy[call.resource.id] = self.world.heals
        return Succeeded(result={"was": "stopped"})

    async def undo(self, call: ActionCall, result: Mapping[str, JsonValue]) -> Progress:
        assert result == {"was": "stopped"}
        self.world.undone[call.token] += 1
        return self.world.undo_answer


class WorldProbe:
    resource_types = ("ec2:instance",)

    def __init__(self, world: World) -> None:
        self.world = world

    async def look(self, clients: AwsClients, event: Event, results: Mapping[str, JsonValue]) -> Health:
        well = self.world.healthy.get(event.resource.id, False)
        return Health(status=HealthStatus.HEALTHY if well else HealthStatus.UNHEALTHY, detail="running" if well else "stopped")


class Recorder:
    """A channel that remembers."""

    def __init__(self, world: World, name: str = "sns") -> None:
        self.world = world
        self.name = name
        self.fails: Exception | None = None

    async def deliver(self, notice: Notice) -> None:
        if self.fails is not None:
            raise self.fails
        self.world.delivered.append((self.name, notice))


class StubRules:
    """The verdict that the test wants."""

    name = "rules"

    def __init__(self) -> None:
        self.verdict = Verdict(
            classification=Classification.FAILURE,
            confidence=0.95,
            severity=7,
            reasoning="stopped by an unknown user",
            action_id="ec2.start",
        )

    async def judge(self, evidence: Evidence) -> Verdict:
        return self.verdict


class NoClients:
    """Nothing in these tests may reach AWS."""

    async def client(self, service: str, *, region: str | None = None, account: str | None = None, once: bool = False) -> Any:
        raise GiveUp(f"the test has no {service}")


class Fleet:
    """One table and world, and as many daemons as the test makes."""

    def __init__(self, table: Table | None = None, **settings: Any) -> None:
        self.world = World()
        self.memory = MemoryTable()
        self.table: Table = table or self.memory
        self.rules = StubRules()
        self.sns = Recorder(self.world)
        self.action = StartAction(self.world)
        self.policy = PolicySettings()
        self.settings = WorkflowSettings(**{"retry_base_seconds": 0, "soak_seconds": 0} | settings)
        self.model: Any = None
        self._ids = count()

    @property
    def clock(self) -> TestClock:
        return self.world.clock

    def tools(self, table: Table | None = None) -> Tools:
        table = table or self.table
        clock = self.clock
        hour = timedelta(hours=1)
        return Tools(
            journal=Journal(table, clock, lease=timedelta(seconds=self.settings.lease_seconds)),
            claims=Claims(table, clock),
            history=IncidentHistory(table, clock),
            switch=KillSwitch(table, clock),
            breaker=breakers(self.settings, table, clock),
            storms=storms(self.settings, table, clock),
            recoveries=Budget(table, clock, name="recoveries", limit=self.settings.recoveries_per_account_and_hour, window=hour),
            model_calls=Budget(table, clock, name="model-calls", limit=self.settings.model_calls_per_hour, window=hour),
            model_money=CostBudget(
                table, clock, name="model-cost", dollars=self.settings.model_dollars_per_hour, window=hour, ids=self.new_id
            ),
            rules=self.rules,
            model=self.model,
            actions={self.action.spec.id: self.action},
            probes={"ec2:instance": WorldProbe(self.world)},
            notifiers=(self.sns,),
            clients=NoClients(),
            policy=self.policy,
            settings=self.settings,
            clock=clock,
            metrics=Metrics(),
        )

    def new_id(self) -> str:
        return f"id{next(self._ids)}"

    def workers(self, name: str = "a", table: Table | None = None) -> Workers:
        return Workers(self.tools(table), name)

    async def admit(self, workers: Workers, event: Event) -> str:
        """Record the event for whoever takes it; its id."""
        admission = Admission(workers.tools.journal, self.clock, lambda _: self.rules.verdict, lambda _: Provenance())
        admitted = await admission.admit(event, Triage(Provenance(), self.rules.verdict), None)
        return admitted.incident_id

    async def settle(self, workers: Workers, *, steps: int = 60, seconds: float = 31) -> None:
        """Work and let time pass until nothing is open."""
        for _ in range(steps):
            await workers.drain()
            if not self.open():
                return
            self.clock.advance(seconds)

    def open(self) -> list[str]:
        return [key for key, item in self.memory.items.items() if item.get("open")]

    async def incident(self, incident_id: str) -> Incident:
        found = await Journal(self.memory, self.clock).load(incident_id)
        assert found is not None
        return found


def stopped(instance: str = "i-0123456789abcdef0", event_id: str = "e1", at: datetime = START) -> Event:
    """Somebody unknown stopped an instance."""
    return Event(
        event_id=event_id, source="aws.ec2", detail_type="AWS API Call via CloudTrail", kind=EventKind.API_CALL, name="StopInstances",
        resource=Resource(type="ec2:instance", id=instance), account="123456789012", region="us-east-1",
        actor=Actor(kind=ActorKind.USER, arn="arn:aws:iam::123456789012:user/mallory"), occurred_at=at, received_at=at,
    )  # fmt: skip
