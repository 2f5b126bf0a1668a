"""The recovery builds' script: its guard on made-up plans, and both builds by real Terraform against moto, the plan judged between them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon.actions.terraform_plan import SavedPlan, objection
from aiops_daemon.embedded.terraform import TerraformTools
from deploy.terraform.recovery import recover
from tests.deploy.building import run_buildspec
from tests.deploy.conftest import MODULE, Moto, run_terraform
from tests.deploy.process import STACK, client

SCRIPT = MODULE / "recovery/recover.py"
BUCKET = "plans"
INPUTS = {
    "INCIDENT_ID": "inc-1",
    "CORRELATION_ID": "grp-1",
    "RESOURCE_TYPE": "ec2:instance",
    "RESOURCE_ID": "i-0123456789abcdef0",
    "MODE": "plan",
    "PLAN_BUCKET": BUCKET,
}
PINS = {"PLAN_VERSION": "v1", "PLAN_SHA256": "a" * 64, "PLAN_JSON_SHA256": "b" * 64}


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
        ([change("aws_eip.b", "no-op") | {"previous_address": "aws_eip.a"}], "aws_eip.b would be moved"),
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
        ("PLAN_BUCKET", "--endpoint"),
        ("PLAN_VERSION", "a b"),
        ("PLAN_SHA256", "abc"),
        ("PLAN_JSON_SHA256", ""),
    ],
)
def test_strange_inputs_are_refused(name: str, value: str) -> None:
    code, result = recover.run(INPUTS | PINS | {"MODE": "apply"} | {name: value})
    assert code == 2
    assert "refused" in result["RECOVERY_NOTE"]


def test_the_incident_is_found_in_modules() -> None:
    resource = {"address": "module.a.aws_instance.web[0]", "mode": "managed", "values": {"id": "i-0123456789abcdef0"}}
    other = {"address": "data.aws_ami.x", "mode": "data", "values": {"id": "i-0123456789abcdef0"}}
    tree = {"resources": [other], "child_modules": [{"resources": [resource]}]}
    assert recover.addresses_of("i-0123456789abcdef0", recover.resources(tree)) == {"module.a.aws_instance.web[0]"}


def test_what_is_kept_for_the_daemon_has_names_and_no_secrets() -> None:
    before = {"id": "i-1", "name": "hush", "user_data": "a password", "bucket": 5}
    inner = {
        "actions": ["delete"],
        "before": before,
        "before_sensitive": {"name": True},
        "after": {"user_data": "x"},
        "importing": {"id": "x"},
    }
    kept = recover.stripped(
        {"address": "aws_instance.web", "mode": "managed", "type": "aws_instance", "provider_name": "p", "change": inner}
    )
    assert kept == {
        "address": "aws_instance.web",
        "mode": "managed",
        "type": "aws_instance",
        "change": {"actions": ["delete"], "before": {"id": "i-1"}, "importing": {}},
    }
    assert recover.stripped({"address": "a", "change": inner | {"before_sensitive": True}})["change"]["before"] == {}


@pytest.mark.parametrize("version", ["None", "null", ""])
def test_a_bucket_without_versions_is_no_place_for_a_plan(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(recover, "aws", lambda *_: version)
    with pytest.raises(recover.Broken, match="no versions"):
        recover.keep(INPUTS, "recovery.tfplan")


class Fakes:
    """Terraform and the AWS command line, for what comes before an apply."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.ran: list[str] = []
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(recover, "terraform", self._terraform)
        monkeypatch.setattr(recover, "aws", lambda *words: str(Path(words[-1]).write_bytes(b"a plan")))
        self.plan = {"format_version": "1.2", "resource_changes": [change("aws_instance.web", "create")]}
        _, shown = recover.shown("recovery.tfplan")
        digest = hashlib.sha256
        self.pins = {"PLAN_VERSION": "v", "PLAN_SHA256": digest(b"a plan").hexdigest(), "PLAN_JSON_SHA256": digest(shown).hexdigest()}

    def _terraform(self, *words: str, **_: Any) -> tuple[int, str]:
        self.ran.append(words[0])
        item = {"address": "aws_instance.web", "mode": "managed", "values": {"id": INPUTS["RESOURCE_ID"]}}
        state = {"values": {"root_module": {"resources": [item]}}}
        return 0, json.dumps(self.plan if words[-1].endswith(".tfplan") else state)


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"PLAN_SHA256": "0" * 64}, "the saved plan is not the one that was pinned"),
        ({"PLAN_JSON_SHA256": "0" * 64}, "the saved plan is not the one that was read"),
        ({"RESOURCE_ID": "i-00000000000000000"}, "i-00000000000000000 is not in this Terraform state"),
        ({"RESOURCE_ID": "i-00000000000000000", "MODE": "plan"}, "i-00000000000000000 is not in this Terraform state"),
    ],
)
def test_nothing_is_applied_but_the_plan_that_was_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], refused: str
) -> None:
    fakes = Fakes(monkeypatch, tmp_path)
    code, result = recover.run(INPUTS | {"MODE": "apply"} | fakes.pins | given)
    assert (code, result["RECOVERY_REFUSED"]) == (3, refused)
    assert "apply" not in fakes.ran


def test_the_pinned_plan_is_applied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fakes = Fakes(monkeypatch, tmp_path)
    code, result = recover.run(INPUTS | {"MODE": "apply"} | fakes.pins)
    assert (code, result["RECOVERY_NOTE"]) == (0, "the saved plan was applied, a new plan is empty")
    assert fakes.ran[-3:] == ["apply", "plan", "show"]


class Project:
    """Runs the buildspec on a stack, each build in a folder of its own."""

    def __init__(self, moto: Moto, tools: TerraformTools, folder: Path) -> None:
        self._folder, self.moto, self._tools = folder, moto, tools
        self._number = 0

    def run(self, stack: str, **variables: str) -> tuple[int, dict[str, str]]:
        """What the build ended with, and what it exported."""
        self._number += 1
        source, room = self._folder / f"source-{self._number}", self._folder / f"build-{self._number}"
        (source / "live").mkdir(parents=True)
        (source / "live/main.tf").write_text(stack)
        room.mkdir()
        environment = self.moto.environment | INPUTS | {"WORKING_DIRECTORY": "live"} | variables
        code, exported, _ = run_buildspec((MODULE / "recovery/buildspec.yml").read_text(), source, room, environment, self._tools)
        return code, exported

    def read(self, exported: dict[str, str]) -> tuple[SavedPlan, dict[str, str]]:
        """The plan as the daemon reads it, and the pins of the next build."""
        s3 = client(self.moto, "s3")
        text = s3.get_object(Bucket=BUCKET, Key="plans/inc-1/plan.json", VersionId=exported["PLAN_JSON_VERSION"])["Body"].read()
        pins = {name: exported[name] for name in ("PLAN_VERSION", "PLAN_SHA256")}
        return SavedPlan.model_validate_json(text), pins | {"PLAN_JSON_SHA256": hashlib.sha256(text).hexdigest()}


def instances(moto: Moto, *state: str) -> list[str]:
    found = client(moto, "ec2").describe_instances(Filters=[{"Name": "instance-state-name", "Values": list(state)}])["Reservations"]
    return [item["InstanceId"] for reservation in found for item in reservation["Instances"]]


@pytest.fixture
def project(terraform: TerraformTools, moto: Moto, tmp_path: Path) -> Project:
    s3 = client(moto, "s3")
    for bucket in (BUCKET, "state"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="tools/recover.py", Body=SCRIPT.read_bytes())
    return Project(moto, terraform, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_terminated_instance_comes_back_and_nothing_else_moves(terraform: TerraformTools, project: Project, tmp_path: Path) -> None:
    moto = project.moto
    first = tmp_path / "first"
    first.mkdir()
    (first / "main.tf").write_text(STACK)
    run_terraform(terraform, first, "init", f"-plugin-dir={terraform.plugins}", env=moto.environment)
    run_terraform(terraform, first, "apply", "-auto-approve", env=moto.environment)
    (lost,) = instances(moto, "running")
    client(moto, "ec2").terminate_instances(InstanceIds=[lost])

    # Somebody else's unfinished work would lose a parameter: we refuse, and so does the build that is asked to apply it all the same.
    unfinished = STACK.partition('resource "aws_ssm_parameter"')[0]
    code, exported = project.run(unfinished, RESOURCE_ID=lost)
    plan, pins = project.read(exported)
    assert plan.summary().startswith(
        "1 to create, 0 to change, 1 to destroy: aws_instance.web, aws_ssm_parameter.jobs; drift: aws_instance.web (delete)"
    )
    assert objection(plan, lost, "") == "aws_ssm_parameter.jobs would be changed by delete (delete_because_no_resource_config)"
    code, exported = project.run(unfinished, RESOURCE_ID=lost, MODE="apply", **pins)
    assert (code, exported["RECOVERY_REFUSED"]) == (0, "aws_ssm_parameter.jobs: delete")
    assert instances(moto, "running") == []

    code, exported = project.run(STACK, RESOURCE_ID=lost)
    plan, pins = project.read(exported)
    assert objection(plan, lost, "") == ""
    assert plan.summary().startswith("1 to create, 0 to change, 0 to destroy: aws_instance.web; drift: aws_instance.web (delete)")
    code, exported = project.run(STACK, RESOURCE_ID=lost, MODE="apply", **pins)
    assert code == 0, exported
    (made,) = instances(moto, "running")
    assert exported["RECOVERED_RESOURCE_ID"] == made != lost
    run_terraform(terraform, first, "plan", "-detailed-exitcode", env=moto.environment)

    # A saved plan is good for one apply: the state has moved on.
    code, exported = project.run(STACK, RESOURCE_ID=made, MODE="approved", **pins)
    assert (code, exported["RECOVERY_REFUSED"]) == (0, "the saved plan is stale: the state has changed since it was made")
