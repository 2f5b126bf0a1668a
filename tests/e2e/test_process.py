"""`aiops-daemon run` as ECS runs it: a process of its own, JSON lines, SIGTERM at the end."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.aws.session import AwsSession
from aiops_daemon.cli import demo_events as events
from aiops_daemon.settings import child_environment

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_sigterm_ends_it_in_order_and_every_line_is_json_with_a_correlation_id_where_there_is_one(
    ready: AwsSession, tmp_path: Path
) -> None:
    ec2, sqs = await ready.client("ec2"), await ready.client("sqs")
    made = await ec2.run_instances(ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1)
    instance = made["Instances"][0]["InstanceId"]
    await ec2.stop_instances(InstanceIds=[instance])
    url = (await sqs.get_queue_url(QueueName="aiops-events"))["QueueUrl"]
    await sqs.send_message(QueueUrl=url, MessageBody=events.api_call("StopInstances", instance, region="us-east-1"))
    log = tmp_path / "log"
    with log.open("w") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aiops_daemon", "run", env=child_environment({}), stdout=asyncio.subprocess.DEVNULL, stderr=out
        )
        try:
            async with asyncio.timeout(20):
                while "incident opened" not in log.read_text():
                    await SystemClock().sleep(0.1)
                process.send_signal(signal.SIGTERM)  # in the middle of a recovery: it is finished first
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert lines[-1]["event"] == "daemon stopped"
    about = [line for line in lines if line.get("incident_id")]
    assert about
    assert all(line["correlation_id"] for line in about)
    left = (await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))["Attributes"]
    assert (left["ApproximateNumberOfMessages"], left["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")
    found = await ec2.describe_instances(InstanceIds=[instance])
    assert found["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
