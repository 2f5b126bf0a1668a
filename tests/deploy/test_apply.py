"""The complete example, really applied (to moto): the plan after it is empty, the daemon runs on exactly that, and all of it goes again.

An empty plan proves that the configuration is consistent, not that AWS agrees.
"""

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon import bootstrap
from aiops_daemon.embedded.terraform import TerraformTools
from aiops_daemon.events import bridge_rules
from tests.deploy.conftest import Moto, run_terraform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
# moto needs the bucket in the path; on AWS the provider's own way is right.
OVERRIDE = 'provider "aws" {\n  s3_use_path_style = true\n}\n'


def client(moto: Moto, service: str) -> Any:
    from botocore.session import get_session

    return get_session().create_client(
        service, region_name="us-east-1", endpoint_url=moto.endpoint, aws_access_key_id="moto", aws_secret_access_key="moto"
    )


def test_apply_run_destroy(terraform: TerraformTools, module: Path, moto: Moto) -> None:
    stack = module / "examples/complete"
    (stack / "test_override.tf").write_text(OVERRIDE)
    run_terraform(terraform, stack, "init", f"-plugin-dir={terraform.plugins}", env=moto.environment)
    run_terraform(terraform, stack, "apply", "-auto-approve", "-input=false", env=moto.environment)
    run_terraform(terraform, stack, "plan", "-detailed-exitcode", "-input=false", env=moto.environment)
    outputs = {
        name: item["value"] for name, item in json.loads(run_terraform(terraform, stack, "output", "-json", env=moto.environment)).items()
    }

    tables_are_those_of_bootstrap(moto)
    queue_is_that_of_bootstrap(moto, outputs["queue_url"])
    rules_are_those_of_bootstrap(moto)
    the_daemon_heals_an_instance(moto, outputs["environment"])

    run_terraform(terraform, stack, "destroy", "-auto-approve", "-input=false", env=moto.environment)


def tables_are_those_of_bootstrap(moto: Moto) -> None:
    dynamodb = client(moto, "dynamodb")
    for definition in (bootstrap.incident_table("aiops-incidents"), bootstrap.pattern_table("aiops-patterns")):
        made = dynamodb.describe_table(TableName=definition["TableName"])["Table"]
        assert made["KeySchema"] == definition["KeySchema"]
        assert by(made["AttributeDefinitions"], "AttributeName") == by(definition["AttributeDefinitions"], "AttributeName")
        assert indexes(made) == indexes(definition)
        ttl = dynamodb.describe_time_to_live(TableName=definition["TableName"])["TimeToLiveDescription"]
        assert ttl["AttributeName"] == bootstrap.EXPIRY[definition["KeySchema"][0]["AttributeName"]]


def by(items: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    return {item[key]: item for item in items}


def indexes(table: dict[str, Any]) -> dict[str, Any]:
    return {index["IndexName"]: (index["KeySchema"], index["Projection"]) for index in table.get("GlobalSecondaryIndexes", [])}


def queue_is_that_of_bootstrap(moto: Moto, url: str) -> None:
    attributes = client(moto, "sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert int(attributes["VisibilityTimeout"]) == bootstrap.VISIBILITY_SECONDS
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == bootstrap.MAX_RECEIVES
    assert int(attributes["MessageRetentionPeriod"]) == bootstrap.RETENTION_SECONDS
    parked = client(moto, "sqs").get_queue_attributes(QueueUrl=f"{url}-dlq", AttributeNames=["MessageRetentionPeriod"])
    assert int(parked["Attributes"]["MessageRetentionPeriod"]) == bootstrap.PARKED_SECONDS


def rules_are_those_of_bootstrap(moto: Moto) -> None:
    """The patterns word for word: what is tried with `bootstrap` is what runs in an account."""
    pages = client(moto, "events").get_paginator("list_rules").paginate()
    made = {rule["Name"].removeprefix("aiops-daemon-"): json.loads(rule["EventPattern"]) for page in pages for rule in page["Rules"]}
    assert made == bridge_rules.RULES


def the_daemon_heals_an_instance(moto: Moto, settings: dict[str, str]) -> None:
    """An event on the bus, matched by the applied rule, reaches the applied queue; the daemon records, heals, verifies, announces."""
    ec2, sqs, sns = client(moto, "ec2"), client(moto, "sqs"), client(moto, "sns")
    instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[instance])
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    inbox_arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=settings["SNS_TOPIC_ARN"], Protocol="sqs", Endpoint=inbox_arn)

    ours = {"AIOPS_MODEL__PROVIDER": "none", "AIOPS_LOGWATCH__ENABLED": "false", "AIOPS_WORKFLOW__SOAK_SECONDS": "1",
            "AIOPS_WORKFLOW__SCAN_INTERVAL_SECONDS": "1", "AIOPS_ACTIONS__POLL_SECONDS": "1"}  # fmt: skip
    with daemon(moto, settings | ours) as port:
        entry = {
            "Source": "aws.ec2",
            "DetailType": "EC2 Instance State-change Notification",
            "Detail": json.dumps({"instance-id": instance, "state": "stopped"}),
            "Resources": [f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}"],
        }
        client(moto, "events").put_events(Entries=[entry])
        incident = wait_for_end(moto)
        announced = receive(sqs, inbox)
        assert get(port, "/readyz") == 200
    assert incident["workflow_state"]["S"] == "COMPLETED", incident
    assert incident["resource_id"]["S"] == instance
    assert ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
    assert instance in announced


@contextlib.contextmanager
def daemon(moto: Moto, settings: dict[str, str]) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = moto.environment | settings | {"AIOPS_TELEMETRY__HTTP_PORT": str(port), "AIOPS_TELEMETRY__HTTP_HOST": "127.0.0.1"}
    environment = {name: value for name, value in environment.items() if not name.startswith("TF_")}
    check = subprocess.run([sys.executable, "-m", "aiops_daemon", "check"], env=environment, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr
    process = subprocess.Popen([sys.executable, "-m", "aiops_daemon", "run"], env=environment, stdout=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or get(port, "/healthz") == 200, 60)
        assert process.poll() is None, "the daemon did not start: see its standard error"
        yield port
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def get(port: int, path: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
            return int(answer.status)
    except OSError:
        return 0


def wait_for_end(moto: Moto) -> dict[str, Any]:
    """The incident, once it is over (or as it is after two minutes)."""
    dynamodb = client(moto, "dynamodb")
    found: list[dict[str, Any]] = []

    def over() -> bool:
        items = dynamodb.scan(TableName="aiops-incidents")["Items"]
        found[:] = [item for item in items if "workflow_state" in item and item.get("resource_type", {}).get("S") == "ec2:instance"]
        return bool(found) and found[0]["workflow_state"]["S"] in {"COMPLETED", "FAILED", "SUPPRESSED", "COOLDOWN", "AWAITING_APPROVAL"}

    until(over, 120, fail=False)
    assert found, "no incident was recorded"
    return found[0]


def receive(sqs: Any, url: str) -> str:
    bodies: list[str] = []

    def some() -> bool:
        bodies.extend(message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))
        return bool(bodies)

    until(some, 60)
    return "\n".join(bodies)


def until(condition: Any, seconds: float, *, fail: bool = True) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.2)  # a real process is waited for; nothing is measured
    assert not fail, "not in time"
