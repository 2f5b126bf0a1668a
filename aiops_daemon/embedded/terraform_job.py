"""init, plan, look at the plan, apply the saved plan, plan again: the recovery of one instance by Terraform.

Only a plan that creates or updates the incident's own address is applied; any delete or any other address asks a person. The configuration
is JSON, so that a tag can never become Terraform code.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiops_daemon.embedded.terraform import PROVIDER, TerraformTools

STEP_SECONDS = 300
_HARMLESS = frozenset({("create",), ("update",), ("no-op",), ("read",)})


class Refused(Exception):
    """The plan does more than put the lost resource back."""


class TerraformFailed(Exception):
    """A step ended badly; the message is its last words."""


def recreate(tools: TerraformTools, stacks: Path, lost: dict[str, Any], tags: dict[str, str]) -> str:
    """The id of the new instance."""
    name = _address(tags.get("Name", lost["InstanceId"]))
    stack = stacks / name
    stack.mkdir(parents=True, exist_ok=True)
    (stack / "main.tf.json").write_text(json.dumps(configuration(name, lost, tags, _version(tools)), indent=1), encoding="utf-8")
    terraform = _Terraform(tools, stack)
    terraform.run("init", f"-plugin-dir={tools.plugins}", "-backend=true")
    terraform.run("plan", "-detailed-exitcode", "-out=recovery.tfplan", fine=(0, 2))
    check_plan(json.loads(terraform.run("show", "-json", "recovery.tfplan", quiet=True)), f"aws_instance.{name}")
    terraform.run("apply", "recovery.tfplan")
    made = json.loads(terraform.run("output", "-json", quiet=True))["instance_id"]["value"]
    terraform.run("plan", "-detailed-exitcode")
    return str(made)


def check_plan(plan: dict[str, Any], address: str) -> None:
    """Raise Refused unless every change is a create or update of `address`."""
    for change in plan.get("resource_changes", []):
        actions = tuple(change["change"]["actions"])
        if actions not in _HARMLESS:
            raise Refused(f"{change['address']} would be changed by {' and '.join(actions)}")
        if actions in {("create",), ("update",)} and change["address"] != address:
            raise Refused(f"{change['address']} is not part of this incident, and would be changed by {actions[0]}")


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
            [*command, *arguments], cwd=self._stack, capture_output=True, text=True, timeout=STEP_SECONDS, check=False
        )
        if not quiet:
            sys.stdout.write(f"$ terraform {step}\n{done.stdout}")
        if done.returncode not in fine:
            raise TerraformFailed(f"terraform {step} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
        return done.stdout
