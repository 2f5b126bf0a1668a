"""What the on-call engineer reads: each line of an incident carries its ids and its resource, and a bad end stands out."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from aiops_daemon.model.errors import NotFound
from aiops_daemon.model.incident import Incident
from aiops_daemon.model.plan import Failed
from aiops_daemon.telemetry.logging import configure
from aiops_daemon.telemetry.settings import TelemetrySettings
from tests.doubles.world import Fleet, stopped


@pytest.fixture
def fleet_and_log() -> Iterator[tuple[Fleet, io.StringIO]]:
    root, fleet, stream = logging.getLogger(), Fleet(), io.StringIO()
    before = (list(root.handlers), root.level)
    configure(TelemetrySettings(), fleet.clock, stream)
    yield fleet, stream
    structlog.reset_defaults()
    root.handlers[:], root.level = before[0], before[1]


def read(stream: io.StringIO, event: str) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if line["event"] == event]


async def test_a_recovery_is_told_as_it_happens(fleet_and_log: tuple[Fleet, io.StringIO]) -> None:
    fleet, stream = fleet_and_log
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped("i-1"))
    await fleet.settle(workers)
    told = read(stream, "incident moved")
    assert [line["state"] for line in told][:2] == ["EXECUTING", "EXECUTING"]
    assert any("starting ec2.start on i-1" in line["note"] for line in told)
    assert {(line["incident_id"], line["resource"]) for line in told} == {(incident_id, "ec2:instance#i-1")}
    (end,) = read(stream, "incident ended")
    assert (end["level"], end["outcome"], end["resource"]) == ("info", "verified", "ec2:instance#i-1")


async def test_a_bad_end_is_a_warning(fleet_and_log: tuple[Fleet, io.StringIO]) -> None:
    fleet, stream = fleet_and_log
    fleet.world.start_answer = Failed(reason="no capacity")
    workers = fleet.workers()
    await fleet.admit(workers, stopped("i-1"))
    await fleet.settle(workers)
    (end,) = read(stream, "incident ended")
    assert (end["level"], end["state"]) == ("warning", "FAILED")
    assert "no capacity" in end["note"]


async def test_a_takeover_belongs_to_its_incident(fleet_and_log: tuple[Fleet, io.StringIO]) -> None:
    fleet, stream = fleet_and_log
    workers = fleet.workers()
    incident_id = await fleet.admit(workers, stopped("i-1"))
    for _ in range(2):
        (seen,) = await workers.tools.journal.due(1)
        held = await workers.take(seen)
        assert held is not None
        fleet.clock.advance(31)
    group = (await fleet.incident(incident_id)).correlation_id
    line = read(stream, "takeover")[-1]
    assert (line["correlation_id"], line["incident_id"], line["resource"]) == (group, incident_id, "ec2:instance#i-1")


async def test_a_table_that_is_away_is_one_line_and_not_ready(
    fleet_and_log: tuple[Fleet, io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, stream = fleet_and_log
    workers = fleet.workers()

    async def away(limit: int) -> list[Incident]:
        raise NotFound("dynamodb query: Requested resource not found")

    with monkeypatch.context() as patched:
        patched.setattr(workers.tools.journal, "due", away)
        await workers._scan()
    (line,) = read(stream, "scan failed")
    assert "exception" not in line
    assert line["reason"] == workers.ready == "incidents cannot be read: dynamodb query: Requested resource not found"
    await workers._scan()
    assert workers.ready is None
