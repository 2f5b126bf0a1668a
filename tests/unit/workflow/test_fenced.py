"""A worker that slept in the middle of a step."""

from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents.held import Held
from aiops_daemon.model.errors import LostOwnership
from aiops_daemon.model.incident import State
from aiops_daemon.model.plan import Progress, Succeeded
from aiops_daemon.ports import ActionCall
from aiops_daemon.workflow.fenced import Fenced
from aiops_daemon.workflow.run import Run
from tests.doubles.scripted_aws import ScriptedAws
from tests.doubles.world import Fleet, stopped


async def _held(fleet: Fleet) -> Held:
    workers = fleet.workers("first")
    await fleet.admit(workers, stopped())
    (seen,) = await workers.tools.journal.due(1)
    held = await workers.take(seen)
    assert held is not None
    return held


@pytest.mark.parametrize(("later", "renewals"), [(0, 0), (19, 0), (21, 1), (31, 1)])
async def test_a_call_late_in_the_lease_renews_it_first(later: float, renewals: int) -> None:
    fleet, aws = Fleet(), ScriptedAws(start_instances=[{"done": True}])
    run = Run(await _held(fleet), fleet.tools())
    fleet.clock.advance(later)
    before = len(fleet.memory.writes)
    assert await Fenced(aws, run).start_instances(InstanceIds=["i-1"]) == {"done": True}
    assert len(fleet.memory.writes) - before == renewals
    if renewals:
        due = (await fleet.incident(run.incident.incident_id)).due_at
        assert due == fleet.clock.now() + timedelta(seconds=fleet.settings.lease_seconds)


async def test_who_was_replaced_does_not_call() -> None:
    fleet, aws = Fleet(), ScriptedAws(start_instances=[{}])
    run = Run(await _held(fleet), fleet.tools())
    fleet.clock.advance(31)
    (seen,) = await fleet.tools().journal.due(1)
    assert await fleet.workers("second").take(seen) is not None
    with pytest.raises(LostOwnership):
        await Fenced(aws, run).start_instances(InstanceIds=["i-1"])
    assert not aws.asked


async def test_what_is_no_call_passes() -> None:
    class Client:
        meta = "meta"

        def get_paginator(self, name: str) -> str:
            return name

    fleet = Fleet()
    client = Fenced(Client(), Run(await _held(fleet), fleet.tools()))
    assert (client.meta, client.get_paginator("x")) == ("meta", "x")


async def test_a_sleep_between_look_and_effect_ends_at_the_fence_and_the_successor_acts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    old, new = fleet.workers("old"), fleet.workers("new")
    aws = ScriptedAws(describe_instances=[{}], start_instances=[{}])
    sleeps = [True]

    async def start(call: ActionCall) -> Progress:
        ec2 = await call.client("ec2")
        await ec2.describe_instances(InstanceIds=["i-1"])
        if sleeps:
            sleeps.clear()
            fleet.clock.advance(31)
            (seen,) = await new.tools.journal.due(1)
            taken = await new.take(seen)
            assert taken is not None
            await new._work(taken)
        await ec2.start_instances(InstanceIds=["i-1"])
        fleet.world.healthy["i-0123456789abcdef0"] = True
        return Succeeded(result={"was": "stopped"})

    async def client(service: str, **_: Any) -> Any:
        return aws

    monkeypatch.setattr(fleet.action, "start", start)
    for workers in (old, new):
        monkeypatch.setattr(workers.tools.clients, "client", client)
    name = await fleet.admit(old, stopped())
    await old.drain()
    await fleet.settle(new)
    incident = await fleet.incident(name)
    assert incident.workflow_state is State.COMPLETED
    assert aws.operations() == ["describe_instances", "describe_instances", "start_instances"]
    assert incident.results.get("errors") is None
