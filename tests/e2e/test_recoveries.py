"""The five stories of the demo, event on SQS to closed incident, through the whole daemon."""

import json

import pytest

from aiops_daemon.aws.session import AwsSession
from aiops_daemon.cli import demo_events as events
from aiops_daemon.cli.incidents import decision_body
from aiops_daemon.model.incident import Outcome, State
from tests.doubles.stage import heard, listening, running

pytestmark = pytest.mark.asyncio(loop_scope="session")
REGION = "us-east-1"


async def test_a_an_instance_stopped_by_a_stranger_is_started_verified_announced_and_the_message_is_gone(ready: AwsSession) -> None:
    ears = await listening(ready)
    async with running(ready) as stage:
        instance = await stage.stopped_instance()
        await stage.send(events.api_call("StopInstances", instance, region=REGION))
        (incident,) = await stage.at_rest(instance)
        await stage.until(lambda: stage.metric("aiops_messages_done_total"))
    assert (incident.workflow_state, incident.outcome, incident.success) == (State.COMPLETED, Outcome.VERIFIED, True)
    assert await stage.state_of(instance) == "running"
    assert await stage.on_queue() == 0
    (notice,) = await heard(ready, ears)
    assert notice["Subject"].startswith("[AIOps] Recovered: ec2:instance")
    assert len(notice["Subject"]) <= 100
    for words in ("contractor-7", "DETECTING", "VERIFYING", "COMPLETED", incident.incident_id):
        assert words in notice["Message"]


async def test_b_a_terminated_instance_is_recreated_by_a_build_and_the_replacement_is_what_is_verified(ready: AwsSession) -> None:
    async with running(ready) as stage:
        instance = await stage.terminated_instance()
        await stage.send(events.api_call("TerminateInstances", instance, region=REGION))
        (incident,) = await stage.at_rest(instance)
    assert (incident.workflow_state, incident.outcome) == (State.COMPLETED, Outcome.VERIFIED)
    notes = [entry.note.partition(": ")[2] for entry in incident.audit if entry.note.startswith("codebuild.terraform_apply: ")]
    (read,) = [index for index, note in enumerate(notes) if note.startswith("the plan: 1 to create, 0 to change, 0 to destroy: aws_")]
    assert (notes[read - 1].partition(" ")[0], notes[read + 1].partition(" ")[0]) == ("plan,", "apply,")
    replacement = str(incident.results["replacement"])
    assert replacement != instance
    assert await stage.state_of(replacement) == "running"
    assert await stage.state_of(instance) == "terminated"


async def test_b_a_plan_that_is_not_about_the_incident_is_not_applied_and_a_person_is_told_what_it_says(
    ready: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ears = await listening(ready)
    ec2 = await ready.client("ec2")
    instance = (await ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1))["Instances"][0]["InstanceId"]
    await ec2.terminate_instances(InstanceIds=[instance])
    monkeypatch.setenv("AIOPS_ACTIONS__TERRAFORM_TARGETS", json.dumps({instance: "aws_instance.another"}))
    async with running(ready) as stage:
        await stage.send(events.api_call("TerminateInstances", instance, region=REGION))
        (incident,) = await stage.at_rest(instance)
    assert (incident.workflow_state, incident.outcome) == (State.FAILED, Outcome.FAILED)
    assert len((await (await ready.client("codebuild")).list_builds_for_project(projectName="recovery"))["ids"]) == 1
    (notice,) = await heard(ready, ears)
    for words in ("aws_instance.stand_in is not part of this incident", "1 to create, 0 to change, 0 to destroy: aws_instance.stand_in"):
        assert words in notice["Message"]


async def test_c_the_same_failure_three_times_is_one_recovery_and_two_cooldowns_that_name_the_holder(ready: AwsSession) -> None:
    async with running(ready) as stage:
        instance = await stage.stopped_instance()
        for _ in range(3):
            await stage.send(events.api_call("StopInstances", instance, region=REGION))
        found = await stage.at_rest(instance, 3)
    by_state = sorted(found, key=lambda one: one.workflow_state)
    assert [one.workflow_state for one in by_state] == [State.COMPLETED, State.COOLDOWN, State.COOLDOWN]
    holder = by_state[0].incident_id
    assert all(one.results["held_by"] == holder for one in by_state[1:])


async def test_d_what_auto_scaling_does_on_purpose_is_left_alone(ready: AwsSession) -> None:
    async with running(ready) as stage:
        gone, stopped = await stage.terminated_instance(), await stage.stopped_instance()
        await stage.send(events.api_call("TerminateInstances", gone, region=REGION, by=events.SCALING))
        await stage.send(events.api_call("StopInstances", stopped, region=REGION, by=events.SCALING))
        await stage.until(lambda: stage.metric("aiops_messages_received_total") >= 2)
        await stage.until(stage.on_queue_empty)
        found = [*await stage.incidents(gone), *await stage.incidents(stopped)]
    assert all((one.workflow_state, "plan" in one.results) == (State.SUPPRESSED, False) for one in found)
    assert (await stage.state_of(gone), await stage.state_of(stopped)) == ("terminated", "stopped")


async def test_d_a_denied_call_is_announced_and_nothing_runs(ready: AwsSession) -> None:
    ears = await listening(ready)
    async with running(ready) as stage:
        instance = await stage.instance()
        await stage.send(events.api_call("TerminateInstances", instance, region=REGION, error="Client.UnauthorizedOperation"))
        (incident,) = await stage.at_rest(instance)
    assert (incident.workflow_state, incident.outcome) == (State.SUPPRESSED, Outcome.SUPPRESSED)
    assert [key for key in incident.results if key.startswith("step:")] == []
    assert await stage.state_of(instance) == "running"
    assert [notice["Subject"].split(":")[0] for notice in await heard(ready, ears)] == ["[AIOps] Anomaly"]


async def test_e_a_doubtful_event_asks_a_human_and_goes_on_when_approved_through_the_queue(ready: AwsSession) -> None:
    ears = await listening(ready)
    async with running(ready) as stage:
        instance = await stage.terminated_instance()
        await stage.send(events.state_change("terminated", instance, region=REGION))
        (asked,) = await stage.at_rest(instance, until=State.AWAITING_APPROVAL)
        await stage.send(decision_body(asked.incident_id, "approve", "ann", "known"))
        (incident,) = await stage.at_rest(instance)
    assert (incident.workflow_state, incident.outcome) == (State.COMPLETED, Outcome.VERIFIED)
    assert any("approve by ann" in entry.note and "known" in entry.note for entry in incident.audit)
    assert await stage.state_of(str(incident.results["replacement"])) == "running"
    subjects = [notice["Subject"].split(":")[0] for notice in await heard(ready, ears)]
    assert subjects == ["[AIOps] Manual Review Required", "[AIOps] Recovered"]


async def test_e_a_rejected_one_ends_without_an_action(ready: AwsSession) -> None:
    async with running(ready) as stage:
        instance = await stage.terminated_instance()
        await stage.send(events.state_change("terminated", instance, region=REGION))
        (asked,) = await stage.at_rest(instance, until=State.AWAITING_APPROVAL)
        await stage.send(decision_body(asked.incident_id, "reject", "ann", "meant"))
        (incident,) = await stage.at_rest(instance)
    assert (incident.workflow_state, incident.outcome) == (State.REJECTED, Outcome.REJECTED)
    codebuild = await ready.client("codebuild")
    ids = (await codebuild.list_builds_for_project(projectName="recovery"))["ids"]
    variables = [build["environment"]["environmentVariables"] for build in (await codebuild.batch_get_builds(ids=ids))["builds"]]
    modes = [item["value"] for build in variables for item in build if item["name"] == "MODE"]
    assert modes == ["plan"], "the question had a plan in hand, and nothing was applied"
    assert await stage.state_of(instance) == "terminated"
