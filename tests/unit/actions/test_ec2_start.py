"""ec2.start: only what was stopped, never what was terminated, and no start twice."""

from typing import Any

import pytest

from aiops_daemon.actions.ec2_start import Ec2Start
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.plan import Failed, Running, Succeeded, Unsure
from tests.doubles.scripted_aws import ScriptedAws, ScriptedCall, event_on

INSTANCE = "i-0123456789abcdef0"
ACTION = Ec2Start(ActionSettings())
KIND = "ec2:instance"


def in_state(*states: str, tags: list[dict[str, str]] | None = None) -> list[Any]:
    return [{"Reservations": [{"Instances": [{"InstanceId": INSTANCE, "State": {"Name": state}, "Tags": tags or []}]}]} for state in states]


def call(aws: ScriptedAws) -> ScriptedCall:
    return ScriptedCall(aws, event_on(KIND, INSTANCE, "stopped").resource, {"instance_id": INSTANCE})


@pytest.mark.parametrize("name", ["StopInstances", "stopped", "stopping"])
@pytest.mark.parametrize("identifier", [INSTANCE, f"arn:aws:ec2:eu-west-1:123456789012:instance/{INSTANCE}"])
def test_applies_to_a_stopped_instance(name: str, identifier: str) -> None:
    assert ACTION.parameters(event_on(KIND, identifier, name)) == {"instance_id": INSTANCE}


def test_the_state_may_stand_in_the_facts() -> None:
    event = event_on(KIND, INSTANCE, "EC2 Instance State-change Notification", facts={"state": "stopped"})
    assert ACTION.parameters(event) == {"instance_id": INSTANCE}


@pytest.mark.parametrize(
    ("name", "why"), [("TerminateInstances", "terminated"), ("terminated", "terminated"), ("shutting-down", "terminated"),
                      ("RebootInstances", "not say"), ("running", "not say")]
)  # fmt: skip
def test_does_not_apply(name: str, why: str) -> None:
    assert why in str(ACTION.parameters(event_on(KIND, INSTANCE, name)))


async def test_starts_follows_and_says_that_it_started_it() -> None:
    aws = ScriptedAws(describe_instances=in_state("stopped", "pending", "running"), start_instances=[{}])
    started = await ACTION.start(call(aws))
    assert isinstance(started, Running)
    assert isinstance(await ACTION.poll(call(aws), started.handle), Running)
    assert await ACTION.poll(call(aws), started.handle) == Succeeded(result={"instance_id": INSTANCE, "started": True}, note="running")
    assert aws.operations().count("start_instances") == 1


async def test_a_second_start_of_the_same_step_starts_nothing() -> None:
    aws = ScriptedAws(describe_instances=in_state("pending"))
    assert isinstance(await ACTION.start(call(aws)), Running)
    assert aws.operations() == ["describe_instances"]


async def test_waits_for_stopping_to_end_and_starts_then() -> None:
    aws = ScriptedAws(describe_instances=in_state("stopping", "stopped", "stopped", "running"), start_instances=[{}])
    waiting = await ACTION.start(call(aws))
    assert isinstance(waiting, Running)
    assert (waiting.handle, waiting.acts_next) == ({"started": False}, True), "the kill switch is asked before the look that starts it"
    started = await ACTION.poll(call(aws), waiting.handle)
    assert isinstance(started, Running)
    assert (started.handle, started.acts_next) == ({"started": True}, False)
    assert aws.operations()[-1] == "start_instances"


async def test_an_instance_that_falls_back_to_stopped_failed() -> None:
    aws = ScriptedAws(describe_instances=in_state("stopped"))
    ended = await ACTION.poll(call(aws), {"started": True})
    assert isinstance(ended, Failed)
    assert "went back to stopped" in ended.reason


async def test_a_terminated_instance_is_never_started() -> None:
    aws = ScriptedAws(describe_instances=in_state("terminated"))
    assert isinstance(await ACTION.start(call(aws)), Failed)
    assert aws.operations() == ["describe_instances"]


async def test_what_auto_scaling_replaces_is_for_a_person() -> None:
    aws = ScriptedAws(describe_instances=in_state("stopped", tags=[{"Key": "aws:autoscaling:groupName", "Value": "web"}]))
    answer = await ACTION.start(call(aws))
    assert isinstance(answer, Unsure)
    assert "web" in answer.reason


@pytest.mark.parametrize(("started", "stops"), [(True, 1), (False, 0)])
async def test_undo_stops_only_what_it_started(started: bool, stops: int) -> None:
    aws = ScriptedAws(stop_instances=[{}])
    assert isinstance(await ACTION.undo(call(aws), {"started": started}), Succeeded)
    assert aws.operations().count("stop_instances") == stops
