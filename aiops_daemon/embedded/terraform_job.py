"""One instance by Terraform: init, plan, the plan as JSON; then apply of a saved plan, and a new plan that has to be empty.

The configuration is JSON, so that a tag can never become Terraform code. The state begins with the lost instance, as the state of whoever
made it by Terraform would: what is planned is then what a real repository would plan.
"""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from aiops_daemon.actions.terraform_plan import SavedPlan
from aiops_daemon.embedded.artifacts import PLAN_FILE
from aiops_daemon.embedded.terraform import PROVIDER, TerraformTools

_STEP_SECONDS = 300


class TerraformFailed(Exception):
    """A step ended badly; the message is its last words."""


class StalePlan(TerraformFailed):
    """The state has moved on since the plan was saved."""


class Stack:
    """The folder of one lost instance: its configuration and its state, kept from build to build."""

    def __init__(self, tools: TerraformTools, stacks: Path, lost: dict[str, Any], tags: dict[str, str]) -> None:
        self._tools = tools
        self._name = _address(tags.get("Name", lost["InstanceId"]))
        self._lost, self._tags = lost, tags
        self._folder: Path = stacks / str(lost["InstanceId"])
        self._terraform = _Terraform(tools, self._folder)

    def plan(self) -> bytes:
        """A new saved plan."""
        if not self._folder.exists():
            self._folder.mkdir(parents=True)
            (self._folder / "terraform.tfstate").write_text(json.dumps(first_state(self._name, self._lost)), encoding="utf-8")
        written = configuration(self._name, self._lost, self._tags, _version(self._tools))
        (self._folder / "main.tf.json").write_text(json.dumps(written, indent=1), encoding="utf-8")
        self._terraform.run("init", f"-plugin-dir={self._tools.plugins}", "-backend=true")
        self._terraform.run("plan", "-detailed-exitcode", f"-out={PLAN_FILE}", fine=(0, 2))
        return (self._folder / PLAN_FILE).read_bytes()

    def read(self, saved: bytes) -> SavedPlan:
        """What a saved plan would do."""
        (self._folder / PLAN_FILE).write_bytes(saved)
        return SavedPlan.model_validate_json(self._terraform.run("show", "-json", PLAN_FILE, quiet=True))

    def apply(self, saved: bytes) -> str:
        """The id of the new instance."""
        (self._folder / PLAN_FILE).write_bytes(saved)
        self._terraform.run("apply", PLAN_FILE)
        made = json.loads(self._terraform.run("output", "-json", quiet=True))["instance_id"]["value"]
        self._terraform.run("plan", "-detailed-exitcode")
        return str(made)


def first_state(name: str, lost: dict[str, Any]) -> dict[str, Any]:
    """Terraform's state format 4, with the instance as it was."""
    known = {"id": lost["InstanceId"], "ami": lost["ImageId"], "instance_type": lost["InstanceType"]}
    resource = {
        "mode": "managed",
        "type": "aws_instance",
        "name": name,
        "provider": f'provider["{PROVIDER.as_posix()}"]',
        "instances": [{"schema_version": 1, "attributes": known}],
    }
    return {"version": 4, "serial": 1, "lineage": str(uuid.uuid4()), "resources": [resource]}


def configuration(name: str, lost: dict[str, Any], tags: dict[str, str], version: str) -> dict[str, Any]:
    """Terraform's JSON syntax."""
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": version}}},
        "provider": {
            "aws": {
                "max_retries": 2,  # a call that moto lacks would look like a hang
                "skip_credentials_validation": True,
                "skip_requesting_account_id": True,
                "skip_metadata_api_check": True,
                "skip_region_validation": True,
            }
        },
        "resource": {
            "aws_instance": {
                name: {
                    "ami": _literal(lost["ImageId"]),
                    "instance_type": _literal(lost["InstanceType"]),
                    "tags": {_literal(key): _literal(value) for key, value in tags.items()},
                }
            }
        },
        "output": {"instance_id": {"value": f"${{aws_instance.{name}.id}}"}},
    }


def _literal(text: str) -> str:
    """Terraform's JSON syntax still reads templates in strings."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _address(name: str) -> str:
    return "r_" + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:60]


def _version(tools: TerraformTools) -> str:
    """The newest version of the mirror, unpacked (a folder each) or packed (a zip each)."""
    names = [path.name for path in (tools.plugins / PROVIDER).iterdir()]
    versions = [match.group(1) for name in names if (match := re.search(r"(\d+\.\d+\.\d+)", name))]
    return max(versions, key=lambda version: tuple(map(int, version.split("."))))


class _Terraform:
    def __init__(self, tools: TerraformTools, stack: Path) -> None:
        self._tools = tools
        self._stack = stack

    def run(self, step: str, *arguments: str, fine: tuple[int, ...] = (0,), quiet: bool = False) -> str:
        command = [str(self._tools.binary), step, "-no-color"] if step != "output" else [str(self._tools.binary), step]
        if step in {"init", "plan", "apply"}:
            command.append("-input=false")
        done = subprocess.run(  # noqa: S603  # an argument list, no shell; every word is ours
            [*command, *arguments], cwd=self._stack, capture_output=True, text=True, timeout=_STEP_SECONDS, check=False
        )
        if not quiet:
            sys.stdout.write(f"$ terraform {step}\n{done.stdout}")
        if done.returncode not in fine:
            if "saved plan is stale" in done.stderr.lower():
                raise StalePlan("the saved plan is stale: the state has changed since")
            raise TerraformFailed(f"terraform {step} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
        return done.stdout
