"""The recovery build's script: its guard on made-up plans, and the whole of it by real Terraform against moto."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aiops_daemon.embedded.terraform import TerraformTools
from tests.deploy.conftest import MODULE, Moto, run_terraform

SCRIPT = MODULE / "recovery/recover.py"
INPUTS = {"INCIDENT_ID": "inc-1", "CORRELATION_ID": "grp-1", "RESOURCE_TYPE": "ec2:instance", "RESOURCE_ID": "i-0123456789abcdef0"}
STACK = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  max_retries               = 2
  skip_metadata_api_check   = true
  skip_credentials_validation = true
}
resource "aws_instance" "web" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  tags          = { Name = "web" }
}
resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}
"""


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recover", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


recover = load()


def change(address: str, *actions: str) -> dict[str, Any]:
    return {"address": address, "change": {"actions": list(actions)}}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ([change("aws_instance.web", "create")], None),
        ([change("aws_instance.web", "update"), change("aws_sqs_queue.jobs", "no-op"), change("data.aws_ami.x", "read")], None),
        ([change("aws_instance.web", "create"), change("aws_sqs_queue.jobs", "update")], "not of this incident"),
        ([change("aws_instance.web", "delete", "create")], "create and delete"),
        ([change("aws_instance.web", "create"), change("aws_db_instance.main", "delete")], "aws_db_instance.main: delete"),
        ([change("aws_instance.web", "forget")], "forget"),
    ],
)
def test_guard(changes: list[dict[str, Any]], refused: str | None) -> None:
    if refused is None:
        recover.guard({"resource_changes": changes}, {"aws_instance.web"})
    else:
        with pytest.raises(recover.Refused, match=refused):
            recover.guard({"resource_changes": changes}, {"aws_instance.web"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INCIDENT_ID", "x; rm -rf /"),
        ("RESOURCE_ID", "$(reboot)"),
        ("RESOURCE_TYPE", ""),
        ("MODE", "destroy"),
        ("TARGETS", "-destroy"),
        ("TARGETS", "aws_instance.web, x;y"),
    ],
)
def test_strange_inputs_are_refused(name: str, value: str) -> None:
    code, result = recover.run(INPUTS | {name: value})
    assert code == 2
    assert "refused" in result["RECOVERY_NOTE"]


def test_the_incident_is_found_in_modules() -> None:
    resource = {"address": "module.a.aws_instance.web[0]", "mode": "managed", "values": {"id": "i-0123456789abcdef0"}}
    other = {"address": "data.aws_ami.x", "mode": "data", "values": {"id": "i-0123456789abcdef0"}}
    tree = {"resources": [other], "child_modules": [{"resources": [resource]}]}
    assert recover.addresses_of("i-0123456789abcdef0", recover.resources(tree)) == {"module.a.aws_instance.web[0]"}


def test_drift_and_changes_are_told_apart() -> None:
    plan = {"resource_changes": [change("aws_instance.web", "create")], "resource_drift": [change("aws_instance.web", "delete")]}
    told = recover.summary(plan, {"aws_instance.web"}, "")
    assert [item["actions"] for item in told["changes"]] == [["create"]]
    assert [item["actions"] for item in told["drift"]] == [["delete"]]


def build(folder: Path, moto: Moto, tools: TerraformTools, **variables: str) -> tuple[int, dict[str, str]]:
    """Run the script as the buildspec does."""
    environment = moto.environment | INPUTS | variables
    environment["PATH"] = f"{tools.binary.parent}:{environment['PATH']}"
    done = subprocess.run([sys.executable, str(SCRIPT)], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    lines = (folder / "recovery.env").read_text().splitlines()
    return done.returncode, dict(line.replace("'", "").split("=", 1) for line in lines)


def instances(moto: Moto, *state: str) -> list[str]:
    client = _ec2(moto)
    found = client.describe_instances(Filters=[{"Name": "instance-state-name", "Values": list(state)}])["Reservations"]
    return [item["InstanceId"] for reservation in found for item in reservation["Instances"]]


def _ec2(moto: Moto) -> Any:
    from botocore.session import get_session

    return get_session().create_client(
        "ec2", region_name="us-east-1", endpoint_url=moto.endpoint, aws_access_key_id="moto", aws_secret_access_key="moto"
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_terminated_instance_comes_back_and_nothing_else_moves(terraform: TerraformTools, moto: Moto, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(STACK)
    run_terraform(terraform, tmp_path, "init", f"-plugin-dir={terraform.plugins}", env=moto.environment)
    run_terraform(terraform, tmp_path, "apply", "-auto-approve", env=moto.environment)
    (lost,) = instances(moto, "running")
    _ec2(moto).terminate_instances(InstanceIds=[lost])

    # Somebody else's unfinished work would lose a queue: a person decides, nothing is applied.
    (tmp_path / "main.tf").write_text(STACK.partition('resource "aws_sqs_queue"')[0])
    code, result = build(tmp_path, moto, terraform, RESOURCE_ID=lost)
    assert (code, result["RECOVERY_REFUSED"]) == (3, "aws_sqs_queue.jobs: delete")
    assert instances(moto, "running") == []
    assert json.loads((tmp_path / "plan-summary.json").read_text())["refused"] == "aws_sqs_queue.jobs: delete"

    (tmp_path / "main.tf").write_text(STACK)
    code, result = build(tmp_path, moto, terraform, RESOURCE_ID=lost, MODE="plan")
    assert code == 0, result
    assert instances(moto, "running") == []
    code, result = build(tmp_path, moto, terraform, RESOURCE_ID=lost, MODE="approved")
    assert code == 0, result
    (made,) = instances(moto, "running")
    assert result["RECOVERED_RESOURCE_ID"] == made != lost
    run_terraform(terraform, tmp_path, "plan", "-detailed-exitcode", env=moto.environment)

    code, result = build(tmp_path, moto, terraform, RESOURCE_ID="i-00000000000000000")
    assert (code, result["RECOVERY_REFUSED"]) == (3, "i-00000000000000000 is not in this Terraform state")
