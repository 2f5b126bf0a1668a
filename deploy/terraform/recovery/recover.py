#!/usr/bin/env python3
"""The recovery build: find what an incident lost in the Terraform state, plan, guard the plan, apply the saved plan, verify.

Standard library only, because it runs in a CodeBuild image. Inputs come by environment (INCIDENT_ID, CORRELATION_ID, RESOURCE_TYPE,
RESOURCE_ID, TARGETS, MODE), are checked against a pattern and never reach a shell. Results go to recovery.env, which the buildspec exports:
RECOVERED_RESOURCE_ID, RECOVERY_NOTE, and RECOVERY_REFUSED with the reason when a person has to decide. plan-summary.json holds
addresses and actions, no values. MODE: `apply` does it all; `plan` stops after the plan; `approved` applies the plan that was saved.
TARGETS (addresses, by commas) narrows the plan to them, for a stack that drifts elsewhere; without it any other change asks a person.
Exit codes: 0 done, 1 failed, 2 bad inputs, 3 a person has to decide.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

WORD = re.compile(r"^[A-Za-z0-9][A-Za-z0-9:._/-]{0,255}$")
ADDRESS = re.compile(r"^[A-Za-z_][A-Za-z0-9_.\[\]\"-]{0,255}$")
PLAN, AFTER, SUMMARY, RESULT = "recovery.tfplan", "after.tfplan", "plan-summary.json", "recovery.env"
PLANNING = ("plan", "-input=false", "-no-color", "-lock-timeout=120s", "-detailed-exitcode")
NAMES = ("id", "arn", "identifier", "name", "bucket")  # where a state keeps what an event calls the resource
QUIET = ({"no-op"}, {"read"})


class Refused(Exception):
    """The plan does more than put the lost resource back."""


class Broken(Exception):
    """A step of Terraform ended badly, or an input is not what it should be."""


def inputs(environment: dict[str, str]) -> dict[str, str]:
    """The four words, the mode and the targets."""
    found = {name: environment.get(name, "") for name in ("INCIDENT_ID", "CORRELATION_ID", "RESOURCE_TYPE", "RESOURCE_ID")}
    found["MODE"] = environment.get("MODE", "apply")
    bad = sorted(name for name, value in found.items() if not WORD.match(value))
    found["TARGETS"] = environment.get("TARGETS", "")
    if any(not ADDRESS.match(address) for address in split(found["TARGETS"])):
        bad.append("TARGETS")
    if bad or found["MODE"] not in {"plan", "apply", "approved"}:
        raise ValueError(f"inputs refused: {', '.join(bad) or 'MODE'}")
    return found


def split(targets: str) -> set[str]:
    """Addresses by commas."""
    return {address.strip() for address in targets.split(",") if address.strip()}


def terraform(*words: str, fine: tuple[int, ...] = (0,)) -> tuple[int, str]:
    """Exit code and standard output."""
    done = subprocess.run(["terraform", *words], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603,S607  # no shell, words are ours
    if done.returncode not in fine:
        raise Broken(f"terraform {words[0]} ended with {done.returncode}")
    return done.returncode, done.stdout


def resources(module: dict[str, Any]) -> list[dict[str, Any]]:
    """Every managed resource of a module and of those below it."""
    own = [item for item in module.get("resources", []) if item.get("mode") == "managed"]
    return own + [item for child in module.get("child_modules", []) for item in resources(child)]


def state() -> list[dict[str, Any]]:
    """What Terraform believes to exist."""
    shown = json.loads(terraform("show", "-json", "-no-color")[1])
    return resources(shown.get("values", {}).get("root_module", {}))


def addresses_of(resource_id: str, items: list[dict[str, Any]]) -> set[str]:
    """The addresses that stand for the lost resource."""
    return {item["address"] for item in items if resource_id in {item.get("values", {}).get(name) for name in NAMES}}


def guard(plan: dict[str, Any], own: set[str]) -> None:
    """Raise Refused unless every change creates or updates an address of this incident."""
    for change in plan.get("resource_changes", []):
        actions = set(change["change"]["actions"])
        if actions in QUIET:
            continue
        if not actions <= {"create", "update"}:
            raise Refused(f"{change['address']}: {' and '.join(sorted(actions))}")
        if change["address"] not in own:
            raise Refused(f"{change['address']} is not of this incident, and would be changed too: {' and '.join(sorted(actions))}")


def summary(plan: dict[str, Any], own: set[str], refused: str) -> dict[str, Any]:
    """Changes and drift apart: what a terminated instance shows as delete in the one and as create in the other."""
    changes = [
        {"address": change["address"], "actions": change["change"]["actions"], "reason": change.get("action_reason", "")}
        for change in plan.get("resource_changes", [])
        if set(change["change"]["actions"]) not in QUIET
    ]
    drift = [{"address": change["address"], "actions": change["change"]["actions"]} for change in plan.get("resource_drift", [])]
    return {"own": sorted(own), "changes": changes, "drift": drift, "refused": refused}


def make_plan(resource_id: str, targets: set[str]) -> set[str]:
    """Save the plan; the incident's addresses come from the state as it was before the refresh, or from TARGETS."""
    own = targets or addresses_of(resource_id, state())
    if not own:
        raise Refused(f"{resource_id} is not in this Terraform state")
    terraform(*PLANNING, f"-out={PLAN}", *(f"-target={address}" for address in sorted(targets)), fine=(0, 2))
    return own


def check_plan(own: set[str] | None) -> set[str]:
    """Guard the saved plan and write its summary. `own` is None where another build made the plan: then its summary says."""
    if own is None:
        own = set(json.loads(Path(SUMMARY).read_text(encoding="utf-8"))["own"])
    plan = json.loads(terraform("show", "-json", "-no-color", PLAN)[1])
    refused = ""
    try:
        guard(plan, own)
    except Refused as reason:
        refused = str(reason)
        raise
    finally:
        Path(SUMMARY).write_text(json.dumps(summary(plan, own, refused), indent=1), encoding="utf-8")
    return own


def apply(own: set[str]) -> tuple[str, str]:
    """Apply the saved plan, look by an untargeted plan whether anything of ours is left to do; the resource's id now, and a note."""
    terraform("apply", "-input=false", "-no-color", "-lock-timeout=120s", PLAN)
    note = "the saved plan was applied, a new plan is empty"
    if terraform(*PLANNING, f"-out={AFTER}", fine=(0, 2))[0] == 2:
        left = summary(json.loads(terraform("show", "-json", "-no-color", AFTER)[1]), own, "")["changes"]
        if any(change["address"] in own for change in left):
            raise Broken("the plan was applied, but a new plan still wants to change what was recovered")
        note = f"the saved plan was applied; elsewhere the stack drifts: {', '.join(change['address'] for change in left)[:300]}"
    made = [item["values"]["id"] for item in state() if item["address"] in own]
    return (str(made[0]) if made else ""), note


def run(environment: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Exit code and what is exported."""
    try:
        wanted = inputs(environment)
        own = None if wanted["MODE"] == "approved" else make_plan(wanted["RESOURCE_ID"], split(wanted["TARGETS"]))
        own = check_plan(own)
        if wanted["MODE"] == "plan":
            return 0, {"RECOVERY_NOTE": f"planned: {', '.join(sorted(own))}"}
        made, note = apply(own)
    except ValueError as error:
        return 2, {"RECOVERY_NOTE": str(error)}
    except Refused as refused:
        return 3, {"RECOVERY_NOTE": "the plan needs a person", "RECOVERY_REFUSED": str(refused)}
    except (Broken, OSError, KeyError) as error:
        return 1, {"RECOVERY_NOTE": str(error)}
    return 0, {"RECOVERED_RESOURCE_ID": made, "RECOVERY_NOTE": note}


def main() -> int:
    code, result = run(dict(os.environ))  # noqa: TID251  # a build's inputs come by environment
    lines = [f"{name}={shlex.quote(value)}" for name, value in result.items()]
    Path(RESULT).write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
