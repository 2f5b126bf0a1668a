"""The complete example, really applied (to moto): the plan after it is empty, the daemon runs on it in every phase, then all of it goes.

An empty plan proves that the configuration is consistent, not that AWS agrees.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon import bootstrap
from aiops_daemon.embedded.terraform import TerraformTools
from aiops_daemon.events import bridge_rules
from tests.deploy.conftest import Moto, run_terraform
from tests.deploy.process import ENDS, QUICK, STACK, client, daemon, get, wait_for_end

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
# moto needs the bucket in the path; on AWS the provider's own way is right.
OVERRIDE = 'provider "aws" {\n  s3_use_path_style = true\n}\n'
# Phase -> how the incident of a stopped instance ends there, whether anybody is told, and what the instance is afterwards.
PHASES = {
    "record": ("SUPPRESSED", False, "stopped"),
    "observe": ("SUPPRESSED", True, "stopped"),
    "approve": ("AWAITING_APPROVAL", True, "stopped"),
    "auto": ("COMPLETED", True, "running"),
}


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
    switch_is_that_of_bootstrap(moto, outputs["environment"]["AIOPS_KILL_SWITCH_PARAMETER"])
    for phase in PHASES:
        settings = outputs["environment"] if phase == "auto" else planned_environment(terraform, stack, moto, phase)
        the_daemon_handles_a_stopped_instance(moto, settings, phase)
    the_daemon_puts_back_a_terminated_instance(terraform, moto, outputs["environment"])

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
    assert "Parameter Store Change" in made.pop("kill-switch-changed")["detail-type"], "goes to people, not to the daemon"
    assert made == bridge_rules.RULES


def switch_is_that_of_bootstrap(moto: Moto, name: str) -> None:
    (made,) = client(moto, "ssm").describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
    value = client(moto, "ssm").get_parameter(Name=name)["Parameter"]["Value"]
    found = {"Name": made["Name"], "Type": made["Type"], "Value": value, "AllowedPattern": made["AllowedPattern"]}
    assert found == bootstrap.kill_switch_parameter(name)


def planned_environment(terraform: TerraformTools, stack: Path, moto: Moto, phase: str) -> dict[str, str]:
    """What the tasks would get in another phase of the same stack."""
    run_terraform(
        terraform, stack, "plan", f"-var=phase={phase}", "-out=phase.tfplan", "-input=false", "-refresh=false", env=moto.environment
    )
    shown = json.loads(run_terraform(terraform, stack, "show", "-json", "phase.tfplan", env=moto.environment))
    settings: dict[str, str] = shown["planned_values"]["outputs"]["environment"]["value"]
    return settings


def the_daemon_handles_a_stopped_instance(moto: Moto, settings: dict[str, str], phase: str) -> None:
    """An event on the bus, matched by the applied rule, reaches the applied queue; the daemon does what its phase lets it do."""
    state, told, afterwards = PHASES[phase]
    ec2, sqs, sns = client(moto, "ec2"), client(moto, "sqs"), client(moto, "sns")
    instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[instance])
    inbox = sqs.create_queue(QueueName=f"inbox-{phase}")["QueueUrl"]
    inbox_arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    (topic,) = [found["TopicArn"] for found in sns.list_topics()["Topics"]]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox_arn)

    last = phase == "auto"  # there the log watch reads, and the model is asked; nobody answers for it here, so that the rules decide
    quick = {name: value for name, value in QUICK.items() if not (last and name.startswith(("AIOPS_MODEL", "AIOPS_LOGWATCH")))}
    with daemon(moto, settings | quick) as port:
        entry = {
            "Source": "aws.ec2",
            "DetailType": "EC2 Instance State-change Notification",
            "Detail": json.dumps({"instance-id": instance, "state": "stopped"}),
            "Resources": [f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}"],
        }
        client(moto, "events").put_events(Entries=[entry])
        incident = wait_for_end(moto, instance)
        assert get(port, "/readyz") == 200
    assert incident["workflow_state"]["S"] == state, (phase, incident)
    assert ("[degraded: bedrock:" in json.dumps(incident)) is last
    assert ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"] == afterwards
    announced = "\n".join(message["Body"] for message in sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10).get("Messages", []))
    assert (instance in announced) is told, (phase, announced)


def the_daemon_puts_back_a_terminated_instance(terraform: TerraformTools, moto: Moto, settings: dict[str, str]) -> None:
    """The whole of a recovery by Terraform: asked, approved, planned by a build, read, applied by a second build, verified."""
    client(moto, "s3").create_bucket(Bucket="state")
    live = moto.source / "live/production"
    live.mkdir(parents=True)
    (live / "main.tf").write_text(STACK)
    first = moto.source.parent / "first"
    first.mkdir()
    (first / "main.tf").write_text(STACK)
    run_terraform(terraform, first, "init", f"-plugin-dir={terraform.plugins}", env=moto.environment)
    run_terraform(terraform, first, "apply", "-auto-approve", env=moto.environment)
    lost = str(json.loads(run_terraform(terraform, first, "output", "-json", env=moto.environment))["web"]["value"])
    ec2 = client(moto, "ec2")
    ec2.terminate_instances(InstanceIds=[lost])

    with daemon(moto, settings | QUICK | {"AIOPS_ACTIONS__BUILD_POLL_SECONDS": "1"}):
        detail = {"instance-id": lost, "state": "terminated"}
        entry = {"Source": "aws.ec2", "DetailType": "EC2 Instance State-change Notification", "Detail": json.dumps(detail)}
        client(moto, "events").put_events(Entries=[entry])
        asked = wait_for_end(moto, lost)
        assert asked["workflow_state"]["S"] == "AWAITING_APPROVAL", asked
        approve = [sys.executable, "-m", "aiops_daemon", "incidents", "approve", asked["incident_id"]["S"], "--reason", "a test"]
        assert subprocess.run(approve, env=moto.environment | settings, check=False).returncode == 0
        incident = wait_for_end(moto, lost, ends=ENDS - {"AWAITING_APPROVAL"}, seconds=300)
    assert incident["workflow_state"]["S"] == "COMPLETED", incident
    assert "the plan: 1 to create, 0 to change, 0 to destroy: aws_instance.web; drift: aws_instance.web (delete)" in json.dumps(incident)
    running = ec2.describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": ["running"]}, {"Name": "tag:Name", "Values": ["web"]}]
    )
    assert len(running["Reservations"]) == 1
    run_terraform(terraform, first, "plan", "-detailed-exitcode", env=moto.environment)
    run_terraform(terraform, first, "destroy", "-auto-approve", env=moto.environment)
