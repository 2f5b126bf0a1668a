"""The journal against a small model, whatever the order: create, transition, lost reply, crash, expiry, takeover, park, wake, signal."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aiops_daemon.incidents.change import Change
from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.model.errors import LostOwnership
from aiops_daemon.model.incident import TERMINAL, TRANSITIONS, Signal, State
from aiops_daemon.model.verdict import Provenance
from aiops_daemon.workflow.admission import Admission, Triage
from tests.doubles.memory_table import MemoryTable
from tests.doubles.world import StubRules, TestClock, stopped

T = TypeVar("T")


class LossyTable(MemoryTable):
    """`lose` makes the SDK send the next update twice: the first reply is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lose = False

    async def update(self, *arguments: Any) -> dict[str, Any]:
        if self.lose:
            self.lose = False
            await super().update(*arguments)
        return await super().update(*arguments)


class JournalMachine(RuleBasedStateMachine):
    """`owner` is who the model believes may write; every handle ever given out is kept, to be tried when it is stale."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.clock = LossyTable(), TestClock()
        self.journal = Journal(self.table, self.clock)
        self.handles: list[Held] = []
        self.current: Held | None = None
        self.state: State | None = None
        self.trail: list[State] = []
        self.signals: set[str] = set()
        self.names = 0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    @rule()
    def create(self) -> None:
        verdict = StubRules().verdict
        admission = Admission(self.journal, self.clock, lambda _: verdict, lambda _: Provenance())
        self.names += 1
        admitted = self.do(admission.admit(stopped(), Triage(Provenance(), verdict), f"w{self.names}"))
        assert (admitted.known is None) == (self.state is None), "one event, one incident"
        if admitted.held is not None:
            self.current, self.state, self.trail = admitted.held, State.DETECTING, [State.DETECTING]
            self.handles.append(admitted.held)

    @precondition(lambda self: self.current is not None and self.state not in TERMINAL)
    @rule(choice=st.integers(0, 20), lose=st.booleans())
    def transition(self, choice: int, lose: bool) -> None:
        assert self.current is not None
        assert self.state is not None
        after = sorted(TRANSITIONS[self.state])
        to = after[choice % len(after)]
        self.table.lose = lose
        self.do(self.journal.transition(self.current, Change(to, "moved", results={f"r{choice}": choice})))
        self.state, self.trail = to, [*self.trail, to]

    @precondition(lambda self: self.current is not None)
    @rule(seconds=st.integers(0, 100), lose=st.booleans())
    def park(self, seconds: int, lose: bool) -> None:
        assert self.current is not None
        self.table.lose = lose
        self.do(self.journal.park(self.current, self.clock.now() + timedelta(seconds=seconds)))
        self.current = None

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.current is not None)
    @rule()
    def renew(self) -> None:
        assert self.current is not None
        self.do(self.journal.renew(self.current))

    @rule(lose=st.booleans())
    def take_what_is_due(self, lose: bool) -> None:
        for seen in self.do(self.journal.due(5)):
            self.names += 1
            self.table.lose = lose
            held = self.do(self.journal.take(seen, f"w{self.names}"))
            assert held is not None, "nobody else was there to take it"
            assert self.do(self.journal.take(seen, "late")) is None, "two owners"
            self.current = held
            self.handles.append(held)

    @precondition(lambda self: self.state is not None)
    @rule(name=st.sampled_from(["s1", "s2"]))
    def signal(self, name: str) -> None:
        said = Signal(signal_id=name, decision="approve", by="ann", reason="", at=self.clock.now())
        incident_id = self.handles[0].incident.incident_id
        heard = self.do(self.journal.signal(incident_id, said))
        assert heard is not None
        self.signals.add(name)

    @precondition(lambda self: len(self.handles) > 1)
    @rule(which=st.integers(0, 50))
    def a_stale_owner_wakes_up(self, which: int) -> None:
        held = self.handles[which % len(self.handles)]
        if held is self.current or held.incident.terminal:
            return
        before = dict(self.table.items[held.incident.incident_id])
        try:
            self.do(self.journal.transition(held, Change(min(TRANSITIONS[held.incident.workflow_state]), "late")))
            raise AssertionError("a stale owner wrote")
        except LostOwnership:
            assert self.table.items[held.incident.incident_id] == before

    @invariant()
    def the_record_is_what_the_model_says(self) -> None:
        if self.state is None:
            return
        incident = self.do(self.journal.load(self.handles[0].incident.incident_id))
        assert incident is not None
        assert incident.workflow_state is self.state
        assert [entry.state for entry in incident.audit] == self.trail
        assert [entry.seq for entry in incident.audit] == list(range(1, len(self.trail) + 1))
        assert set(incident.signals) == self.signals
        assert incident.owner == (self.current.owner if self.current else incident.owner)


JournalMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestJournal = JournalMachine.TestCase
