"""Finding Terraform, and what may be applied."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon.embedded import recovery_build, terraform_job
from aiops_daemon.embedded.terraform import PROVIDER, TerraformTools, find_terraform
from aiops_daemon.embedded.terraform_job import Refused, TerraformFailed, check_plan, configuration, recreate

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


def change(address: str, *actions: str) -> dict[str, Any]:
    return {"address": address, "change": {"actions": list(actions)}}


@pytest.mark.parametrize("actions", [("create",), ("update",), ("no-op",), ("read",)])
def test_a_plan_on_its_own_address_is_fine(actions: tuple[str, ...]) -> None:
    check_plan({"resource_changes": [change("aws_instance.r_web", *actions), change("aws_vpc.main", "no-op")]}, "aws_instance.r_web")
    check_plan({}, "aws_instance.r_web")


@pytest.mark.parametrize(
    ("address", "actions"),
    [
        ("aws_instance.r_web", ("delete",)),
        ("aws_instance.r_web", ("delete", "create")),
        ("aws_instance.r_web", ("create", "delete")),
        ("aws_db_instance.orders", ("update",)),
        ("aws_instance.other", ("create",)),
    ],
)
def test_any_other_plan_is_for_a_person(address: str, actions: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=address):
        check_plan({"resource_changes": [change(address, *actions)]}, "aws_instance.r_web")


class Terraform:
    """Stands for the program: answers by step, and remembers the command lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, changes: list[dict[str, Any]], failing: str = "") -> None:
        self.steps: list[list[str]] = []
        self._changes, self._failing = changes, failing
        monkeypatch.setattr(subprocess, "run", self._run)

    def _run(self, command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        self.steps.append(command[1:])
        step = command[1]
        shown = {"show": {"resource_changes": self._changes}, "output": {"instance_id": {"value": "i-new"}}}
        code = 1 if step == self._failing else 2 if "-out=recovery.tfplan" in command else 0
        return subprocess.CompletedProcess(command, code, json.dumps(shown.get(step, step)), "it broke" if code == 1 else "")


@pytest.fixture
def tools(tmp_path: Path) -> TerraformTools:
    return TerraformTools(Path("/bin/terraform"), mirror(tmp_path / "plugins"))


def test_only_the_saved_plan_is_applied_and_an_empty_one_follows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: TerraformTools
) -> None:
    program = Terraform(monkeypatch, [change("aws_instance.r_web_1", "create")])
    assert recreate(tools, tmp_path, LOST, {"Name": "Web 1"}) == "i-new"
    assert [step[0] for step in program.steps] == ["init", "plan", "show", "apply", "output", "plan"]
    assert program.steps[3][-1] == "recovery.tfplan"
    assert program.steps[0][-2] == f"-plugin-dir={tools.plugins}"
    assert json.loads((tmp_path / "r_web_1" / "main.tf.json").read_text())["resource"]


def test_a_refused_plan_is_not_applied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: TerraformTools) -> None:
    program = Terraform(monkeypatch, [change("aws_instance.other", "delete")])
    ending = recovery_build._by_terraform(tools, tmp_path, LOST, {})
    assert (ending.code, ending.refused) == (3, "aws_instance.other would be changed by delete")
    assert "apply" not in [step[0] for step in program.steps]


def test_a_failed_step_ends_the_build_with_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tools: TerraformTools) -> None:
    Terraform(monkeypatch, [], failing="plan")
    with pytest.raises(TerraformFailed, match="terraform plan ended with 1: it broke"):
        recreate(tools, tmp_path, LOST, {})
    assert recovery_build._by_terraform(tools, tmp_path, LOST, {}).code == 1


def test_a_packed_mirror_names_its_version_too(tmp_path: Path) -> None:
    for name in ("terraform-provider-aws_5.99.0_linux_amd64.zip", "terraform-provider-aws_5.100.0_linux_amd64.zip", "index.json"):
        (tmp_path / PROVIDER).mkdir(parents=True, exist_ok=True)
        (tmp_path / PROVIDER / name).write_text("")
    assert terraform_job._version(TerraformTools(Path("/bin/terraform"), tmp_path)) == "5.100.0"
