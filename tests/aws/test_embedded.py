"""The embedded AWS does what a recovery relies on, where plain moto does not."""

import asyncio
import hashlib
import io
import signal
from typing import Any

import pytest

from aiops_daemon.actions.terraform_plan import SavedPlan, own_addresses
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.embedded.aws import EmbeddedAws
from aiops_daemon.embedded.server import serve
from aiops_daemon.embedded.terraform import find_terraform
from aiops_daemon.model.errors import ConditionFailed, GiveUp
from tests.doubles.resources import a_project

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_terminated_instance_cannot_be_started(aws: AwsSession) -> None:
    ec2 = await aws.client("ec2")
    made = await ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    instance = made["Instances"][0]["InstanceId"]
    await ec2.terminate_instances(InstanceIds=[instance])
    with pytest.raises(GiveUp, match="IncorrectInstanceState"):
        await ec2.start_instances(InstanceIds=[instance])


async def test_calls_are_counted_and_reset_empties_the_account(aws: AwsSession, embedded_aws: EmbeddedAws) -> None:
    sqs = await aws.client("sqs")
    await sqs.create_queue(QueueName="one")
    assert embedded_aws.calls() == {"sqs:CreateQueue": 1}
    embedded_aws.reset()
    assert "QueueUrls" not in await sqs.list_queues()


async def test_one_winner_of_concurrent_conditional_writes(aws: AwsSession) -> None:
    table = await aws.client("dynamodb")
    await table.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    winners: list[int] = []

    async def put(key: str, number: int) -> None:
        item: dict[str, Any] = {"k": {"S": key}, "n": {"N": str(number)}}
        try:
            await table.put_item(TableName="t", Item=item, ConditionExpression="attribute_not_exists(k)")
        except ConditionFailed:
            return
        winners.append(number)

    for key in ("a", "b", "c"):
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(put(key, number))
    assert len(winners) == 3


async def test_a_failed_build_says_so_and_its_output_is_in_the_log(aws: AwsSession) -> None:
    await a_project(aws)
    build = await a_build(aws, RESOURCE_ID="i-0123456789abcdef0")
    assert build["buildStatus"] == "FAILED"
    logs = await aws.client("logs")
    where = build["logs"]
    events = (await logs.get_log_events(logGroupName=where["groupName"], logStreamName=where["streamName"]))["events"]
    assert [event["message"] for event in events] == ["i-0123456789abcdef0 was never seen here: nothing to copy its settings from"]


async def a_build(aws: AwsSession, **variables: str) -> dict[str, Any]:
    codebuild = await aws.client("codebuild")
    inputs = {"INCIDENT_ID": "inc-1", "CORRELATION_ID": "c-1", "RESOURCE_TYPE": "ec2:instance", "MODE": "plan"} | variables
    override = [{"name": name, "value": value} for name, value in inputs.items()]
    build: dict[str, Any] = (await codebuild.start_build(projectName="recovery", environmentVariablesOverride=override))["build"]
    while not build["buildComplete"]:
        await asyncio.sleep(0.1)
        build = (await codebuild.batch_get_builds(ids=[build["id"]]))["builds"][0]
    return build


def exported_by(build: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in build["exportedEnvironmentVariables"]}


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.skipif(find_terraform() is None, reason="terraform or a mirror of its AWS provider is not here")
async def test_a_real_terraform_recreates_a_terminated_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    async with EmbeddedAws() as own, AwsSession() as clients:
        for name, value in own.environment.items():
            monkeypatch.setenv(name, value)
        ec2 = await clients.client("ec2")
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web ${1 + 1}"}]}]
        made = await ec2.run_instances(ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=tags)
        lost = made["Instances"][0]["InstanceId"]
        await ec2.terminate_instances(InstanceIds=[lost])
        await a_project(clients)
        build = await a_build(clients, RESOURCE_ID=lost)
        assert build["buildStatus"] == "SUCCEEDED", build
        saved = exported_by(build)
        s3 = await clients.client("s3")
        shown = await s3.get_object(Bucket="plans", Key="plans/inc-1/plan.json", VersionId=saved["PLAN_JSON_VERSION"])
        text = await shown["Body"].read()
        plan = SavedPlan.model_validate_json(text)
        address = "aws_instance.r_web_1_1"
        assert plan.summary() == f"1 to create, 0 to change, 0 to destroy: {address}; drift: {address} (delete)"
        assert own_addresses(plan, lost, "") == {address}

        pins = {"MODE": "apply", "PLAN_VERSION": saved["PLAN_VERSION"], "PLAN_SHA256": saved["PLAN_SHA256"]}
        build = await a_build(clients, RESOURCE_ID=lost, PLAN_JSON_SHA256="0" * 64, **pins)
        assert exported_by(build)["RECOVERY_REFUSED"] == "the saved plan is not the one that was read"
        build = await a_build(clients, RESOURCE_ID=lost, PLAN_JSON_SHA256=hashlib.sha256(text).hexdigest(), **pins)
        exported = exported_by(build)
        assert build["buildStatus"] == "SUCCEEDED", exported
        assert exported["RECOVERY_NOTE"] == "terraform apply of the saved plan, checked by an empty plan"
        new = (await ec2.describe_instances(InstanceIds=[exported["RECOVERED_RESOURCE_ID"]]))["Reservations"][0]["Instances"][0]
        assert {"Key": "aiops-replaces", "Value": lost} in new["Tags"]
        assert {"Key": "Name", "Value": "web ${1 + 1}"} in new["Tags"]


async def test_a_child_that_does_not_start_is_an_error_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/true")
    with pytest.raises(RuntimeError, match="did not start"):
        async with EmbeddedAws():
            pass


async def test_ctrl_c_in_the_terminal_is_the_parents_business() -> None:
    async with EmbeddedAws(terraform=False) as own:
        assert own._process is not None
        own._process.send_signal(signal.SIGINT)
        assert own.calls() == {}


async def test_a_port_of_somebody_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedAws, "_ask", lambda self, path: b'{"nonce": "another"}')
    with pytest.raises(RuntimeError, match="somebody else"):
        async with EmbeddedAws(terraform=False):
            pass


async def test_a_child_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiops_daemon.embedded.aws.STOP_SECONDS", 0.01)
    async with EmbeddedAws(terraform=False) as own:
        process = own._process
    assert process is not None
    assert process.returncode == -9


async def test_the_server_says_its_port_and_ends_with_its_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOTO_PORT", "0")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    serve("nonce", use_terraform=False)
    assert 1024 <= int(capsys.readouterr().out) <= 65535
