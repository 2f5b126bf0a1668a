"""What a step's calls may do."""

from typing import Any

import pytest

from aiops_daemon.model.plan import Effect, Progress
from aiops_daemon.ports import ActionCall
from tests.doubles.plans import ScriptedAction, planned, step
from tests.doubles.scripted_aws import ScriptedAws
from tests.doubles.world import Fleet


@pytest.mark.parametrize(("effect", "once"), [(Effect.DESTRUCTIVE, True), (Effect.REVERSIBLE, False), (Effect.REPLACING, False)])
async def test_the_sdk_does_not_repeat_what_cannot_be_taken_back(effect: Effect, once: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = Fleet()
    workers = fleet.workers()
    asked: list[bool] = []

    async def client(service: str, **how: Any) -> ScriptedAws:
        asked.append(how["once"])
        return ScriptedAws()

    monkeypatch.setattr(workers.tools.clients, "client", client)
    one = ScriptedAction("a.delete", effect=effect)
    inner = one.start

    async def start(call: ActionCall) -> Progress:
        await call.client("ec2")
        return await inner(call)

    monkeypatch.setattr(one, "start", start)
    await workers._work(await planned(fleet, workers, [one], [step(one, "1")]))
    assert asked == [once]
