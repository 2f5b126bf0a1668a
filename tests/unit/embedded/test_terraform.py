"""Finding Terraform, and what is run of it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon.embedded import terraform_job
from aiops_daemon.embedded.terraform import PROVIDER, TerraformTools, find_terraform
from aiops_daemon.embedded.terraform_job import Stack, StalePlan, TerraformFailed, configuration, first_state

LOST = {"InstanceId": "i-0123456789abcdef0", "ImageId": "ami-1", "InstanceType": "t3.micro"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root without any mirror, with terraform on PATH."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    monkeypatch.delenv("AIOPS_TERRAFORM_PLUGIN_DIR", raising=False)
    return tmp_path


def mirror(folder: Path) -> Path:
    (folder / PROVIDER / "5.100.0").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("place", ["", "srv", "srv/plugins", "usr/share/terraform/plugins", "home/.terraform.d/plugins"])
def test_a_mirror_is_found_where_it_may_be(machine: Path, place: str) -> None:
    if place == "":
        assert find_terraform(machine) is None
        return
    mirror(machine / place)
    assert find_terraform(machine) == TerraformTools(machine / "bin/terraform", machine / place)


def test_the_environment_comes_first(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(machine / "srv")
    deep = mirror(machine / "a/b/c/d")
    config = machine / "terraform.rc"
    config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path    = "{deep}"\n  }}\n}}\n')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(config))
    assert find_terraform(machine) == TerraformTools(machine / "bin/terraform", deep)
    other = mirror(machine / "e/f/g/h")
    monkeypatch.setenv("AIOPS_TERRAFORM_PLUGIN_DIR", str(other))
    assert find_terraform(machine) == TerraformTools(machine / "bin/terraform", other)


def test_without_the_program_there_is_no_terraform(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(machine / "srv")
    monkeypatch.setenv("PATH", str(machine))
    assert find_terraform(machine) is None


def test_the_look_is_bounded_to_two_levels(machine: Path) -> None:
    mirror(machine / "a/b/c")
    mirror(machine / "proc/plugins")
    assert find_terraform(machine) is None


def test_a_tag_never_becomes_terraform_code() -> None:
    made = configuration("r_web", LOST, {"Name": '${file("/etc/passwd")}%{if true}'}, "5.100.0")
    tags = made["resource"]["aws_instance"]["r_web"]["tags"]
    assert tags == {"Name": '$${file("/etc/passwd")}%%{if true}'}


def test_the_state_begins_with_what_was_lost() -> None:
    [resource] = first_state("r_web", LOST)["resources"]
    assert (resource["type"], resource["name"], resource["instances"][0]["attributes"]["id"]) == (
        "aws_instance",
        "r_web",
        LOST["InstanceId"],
    )
    assert resource["provider"] == 'provider["registry.terraform.io/hashicorp/aws"]'


class Terraform:
    """Stands for the program: answers by step, and remembers the command lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: str = "", words: str = "it broke") -> None:
        self.steps: list[list[str]] = []
        self._failing, self._words = failing, words
        monkeypatch.setattr(subprocess, "run", self._run)

    def _run(self, command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        self.steps.append(command[1:])
        step = command[1]
        changes = [{"address": "aws_instance.r_web_1", "change": {"actions": ["create"]}}]
        shown = {"show": {"format_version": "1.2", "resource_changes": changes}, "output": {"instance_id": {"value": "i-new"}}}
        if "-out=recovery.tfplan" in command:
            (Path(options["cwd"]) / "recovery.tfplan").write_bytes(b"a plan")
        code = 1 if step == self._failing else 2 if "-out=recovery.tfplan" in command else 0
        return subprocess.CompletedProcess(command, code, json.dumps(shown.get(step, step)), self._words if code == 1 else "")


@pytest.fixture
def tools(tmp_path: Path) -> TerraformTools:
    return TerraformTools(Path("/bin/terraform"), mirror(tmp_path / "plugins"))


def test_a_plan_is_saved_read_and_applied_by_another_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: TerraformTools) -> None:
    program = Terraform(monkeypatch)
    saved = Stack(tools, tmp_path, LOST, {"Name": "Web 1"}).plan()
    assert saved == b"a plan"
    assert [step[0] for step in program.steps] == ["init", "plan"]
    assert program.steps[0][-2] == f"-plugin-dir={tools.plugins}"
    folder = tmp_path / LOST["InstanceId"]
    assert json.loads((folder / "main.tf.json").read_text())["resource"]
    assert json.loads((folder / "terraform.tfstate").read_text())["resources"]

    (folder / "recovery.tfplan").unlink()
    later = Stack(tools, tmp_path, LOST, {"Name": "Web 1"})
    assert later.read(saved).summary() == "1 to create, 0 to change, 0 to destroy: aws_instance.r_web_1"
    assert later.apply(b"this very plan") == "i-new"
    assert (folder / "recovery.tfplan").read_bytes() == b"this very plan"
    assert [step[0] for step in program.steps[2:]] == ["show", "apply", "output", "plan"]
    assert program.steps[3][-1] == "recovery.tfplan"


def test_a_state_that_is_there_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: TerraformTools) -> None:
    Terraform(monkeypatch)
    Stack(tools, tmp_path, LOST, {}).plan()
    state = tmp_path / LOST["InstanceId"] / "terraform.tfstate"
    state.write_text("moved on")
    Stack(tools, tmp_path, LOST, {}).plan()
    assert state.read_text() == "moved on"


def test_a_failed_step_has_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: TerraformTools) -> None:
    Terraform(monkeypatch, failing="plan")
    with pytest.raises(TerraformFailed, match="terraform plan ended with 1: it broke"):
        Stack(tools, tmp_path, LOST, {}).plan()


def test_a_plan_of_a_state_that_has_moved_on_is_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: TerraformTools) -> None:
    Stack(tools, tmp_path, LOST, {})._folder.mkdir()
    Terraform(monkeypatch, failing="apply", words="Error: Saved plan is stale")
    with pytest.raises(StalePlan):
        Stack(tools, tmp_path, LOST, {}).apply(b"a plan")


def test_a_packed_mirror_names_its_version_too(tmp_path: Path) -> None:
    for name in ("terraform-provider-aws_5.99.0_linux_amd64.zip", "terraform-provider-aws_5.100.0_linux_amd64.zip", "index.json"):
        (tmp_path / PROVIDER).mkdir(parents=True, exist_ok=True)
        (tmp_path / PROVIDER / name).write_text("")
    assert terraform_job._version(TerraformTools(Path("/bin/terraform"), tmp_path)) == "5.100.0"
