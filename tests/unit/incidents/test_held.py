"""A record in a worker's hands, packed and unpacked."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.incidents.held import Held
from aiops_daemon.incidents.record import from_item, to_item
from aiops_daemon.model.incident import AuditEntry, Incident, OutboxEntry, Outcome, Signal, State
from tests.doubles.world import stopped

times = st.integers(1_500_000_000_000_000, 2_000_000_000_000_000).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
words = st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
)
entries = st.builds(
    AuditEntry,
    entry_id=words,
    seq=st.integers(1, 99),
    at=times,
    state=st.sampled_from(State),
    note=words,
    by=words,
    fence=st.integers(1, 9),
)
signals = st.builds(Signal, signal_id=words, decision=words, by=words, reason=words, at=times, override=st.booleans())
notices = st.builds(OutboxEntry, notice_id=words, channel=words, attempts=st.integers(0, 9), last_error=words, delivered=st.booleans())
incidents = st.builds(
    Incident,
    incident_id=words,
    incident_timestamp=times,
    workflow_state=st.sampled_from(State),
    resource_type=words,
    resource_id=words,
    resource_key=words,
    correlation_id=words,
    event=st.builds(lambda number: stopped(f"i-{number:017x}", f"e{number}"), st.integers(0, 2**40)),
    owner=st.none() | words,
    fence=st.integers(1, 9),
    seq=st.integers(1, 99),
    takeovers=st.integers(0, 6),
    due_at=st.none() | times,
    results=st.dictionaries(words, values, max_size=4),
    signals=st.dictionaries(words, signals, max_size=2),
    outbox=st.dictionaries(words, notices, max_size=2),
    audit=st.lists(entries, max_size=4),
    event_classification=st.none() | words,
    outcome=st.none() | st.sampled_from(Outcome),
    success=st.none() | st.booleans(),
    recovery_duration_seconds=st.none() | st.floats(0, 1e6),
    closed_at=st.none() | times,
)


def folded(incident: Incident) -> Held:
    held = Held(incident, "worker/1")
    held.fold()  # it was just looked at: it was made
    held.fold()
    return held


@given(incidents)
def test_nothing_of_a_record_is_lost_in_its_item_or_when_packed(incident: Incident) -> None:
    assert from_item(to_item(incident)) == incident
    held = folded(incident)
    assert held.packed
    assert (held.incident_id, held.fence, held.due_at) == (incident.incident_id, incident.fence, incident.due_at)
    assert held.incident == incident
    assert not held.packed


@given(incidents, incidents)
def test_what_is_written_while_it_is_packed_is_what_is_read(before: Incident, after: Incident) -> None:
    held = folded(before)
    held.incident = after
    assert (held.incident, held.incident_id, held.fence, held.due_at) == (after, after.incident_id, after.fence, after.due_at)


@given(incidents)
def test_a_record_that_was_looked_at_since_is_left_as_it_is(incident: Incident) -> None:
    held = Held(incident, "worker/1")
    for _ in range(3):
        assert held.incident is incident
        held.fold()
    assert not held.packed
