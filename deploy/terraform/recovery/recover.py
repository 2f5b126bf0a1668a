#!/usr/bin/env python3
"""A recovery build. MODE=plan: find what an incident lost in the Terraform state, plan, keep the plan. MODE=apply: apply exactly that plan.

Standard library only, because it runs in a CodeBuild image. Inputs come by environment (INCIDENT_ID, CORRELATION_ID, RESOURCE_TYPE,
RESOURCE_ID, TARGETS, MODE, PLAN_BUCKET; for an apply PLAN_VERSION, PLAN_SHA256, PLAN_JSON_SHA256), are checked against a pattern and never
reach a shell. Results go to recovery.env, which the buildspec exports: PLAN_VERSION, PLAN_SHA256 and PLAN_JSON_VERSION after a plan,
RECOVERED_RESOURCE_ID after an apply, RECOVERY_NOTE, and RECOVERY_REFUSED with the reason when a person has to decide.

Between the two the daemon reads plan.json (addresses, actions, and the names by which the lost resource is known; no other value) and
judges it. The apply is the second line: version and sha256 have to be those that were pinned, what the daemon read has to be what this
plan says, and the guard is asked again. MODE=approved is for a person who has read the plan: as apply, without the guard.
TARGETS (addresses, by commas) narrows the plan to them, for a stack that drifts elsewhere; without it any other change asks a person.
Exit codes: 0 done, 1 failed, 2 bad inputs, 3 a person has to decide.
"""

import hashlib
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
PINS = {
    "PLAN_VERSION": re.compile(r"^[A-Za-z0-9._/+=-]{1,1024}$"),
    "PLAN_SHA256": re.compile(r"^[0-9a-f]{64}$"),
    "PLAN_JSON_SHA256": re.compile(r"^[0-9a-f]{64}$"),
}
PLAN, AFTER, SHOWN, RESULT = "recovery.tfplan", "after.tfplan", "plan.json", "recovery.env"
PLANNING = ("plan", "-input=false", "-no-color", "-lock-timeout=120s", "-detailed-exitcode")
NAMES = ("id", "arn", "identifier", "name", "bucket")  # where a state keeps what an event calls the resource
KEPT = ("address", "mode", "type", "previous_address", "action_reason")
QUIET = ({"no-op"}, {"read"})
STALE = "saved plan is stale"


class Refused(Exception):
    """A person has to decide: the plan does more than put the lost resource back, or is not the one that was read."""


class Broken(Exception):
    """A step of Terraform ended badly, or an input is not what it should be."""


def inputs(environment: dict[str, str]) -> dict[str, str]:
    """The words, the mode, the targets, and for an apply the pins."""
    words = ("INCIDENT_ID", "CORRELATION_ID", "RESOURCE_TYPE", "RESOURCE_ID", "PLAN_BUCKET", "MODE")
    found = {name: environment.get(name, "") for name in words}
    bad = sorted(name for name, value in found.items() if not WORD.match(value))
    found["TARGETS"] = environment.get("TARGETS", "")
    if any(not ADDRESS.match(address) for address in split(found["TARGETS"])):
        bad.append("TARGETS")
    if found["MODE"] not in {"plan", "apply", "approved"}:
        bad.append("MODE")
    if found["MODE"] != "plan":
        found |= {name: environment.get(name, "") for name in PINS}
        bad += [name for name, pattern in PINS.items() if not pattern.match(found[name])]
    if bad:
        raise ValueError(f"inputs refused: {', '.join(bad)}")
    return found


def split(targets: str) -> set[str]:
    """Addresses by commas."""
    return {address.strip() for address in targets.split(",") if address.strip()}


def terraform(*words: str, fine: tuple[int, ...] = (0,)) -> tuple[int, str]:
    """Exit code and standard output."""
    done = subprocess.run(["terraform", *words], capture_output=True, text=True, check=False)  # noqa: S603,S607  # no shell, words are ours
    sys.stderr.write(done.stderr)
    if done.returncode not in fine:
        if STALE in done.stderr.lower():
            raise Refused(f"the {STALE}: the state has changed since it was made")
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
        if change.get("previous_address") or change["change"].get("importing") is not None:
            raise Refused(f"{change['address']} would be moved or imported")
        if actions in QUIET:
            continue
        if not actions <= {"create", "update"}:
            raise Refused(f"{change['address']}: {' and '.join(sorted(actions))}")
        if change["address"] not in own:
            raise Refused(f"{change['address']} is not of this incident, and would be changed too: {' and '.join(sorted(actions))}")


def shown(path: str) -> tuple[dict[str, Any], bytes]:
    """A saved plan, and what is kept of it for the daemon: the same bytes for the same plan."""
    plan = json.loads(terraform("show", "-json", "-no-color", path)[1])
    kept = {
        "format_version": plan["format_version"],
        "errored": plan.get("errored", False),
        "complete": plan.get("complete", True),
        "resource_changes": [stripped(change) for change in plan.get("resource_changes", [])],
        "resource_drift": [stripped(change) for change in plan.get("resource_drift", [])],
    }
    return plan, json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()


def stripped(change: dict[str, Any]) -> dict[str, Any]:
    """Addresses, actions, and the names that are not marked as sensitive."""
    inner = change["change"]
    before, secret = inner.get("before") or {}, inner.get("before_sensitive") or {}
    kept: dict[str, Any] = {"actions": inner["actions"]}
    kept["before"] = {
        name: before[name] for name in NAMES if isinstance(before.get(name), str) and not (secret is True or secret.get(name))
    }
    if inner.get("importing") is not None:
        kept["importing"] = {}
    return {name: change[name] for name in KEPT if name in change} | {"change": kept}


def aws(*words: str) -> str:
    """Standard output of the AWS command line."""
    done = subprocess.run(["aws", "s3api", *words], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603,S607  # no shell, words are ours
    if done.returncode != 0:
        raise Broken(f"aws s3api {words[0]} ended with {done.returncode}")
    return done.stdout.strip()


def place(wanted: dict[str, str], name: str) -> tuple[str, ...]:
    """Where a file of this incident is kept."""
    return "--bucket", wanted["PLAN_BUCKET"], "--key", f"plans/{re.sub('[^A-Za-z0-9._-]', '_', wanted['INCIDENT_ID'])}/{name}"


def keep(wanted: dict[str, str], name: str) -> str:
    """The version that S3 gave it."""
    version = aws("put-object", *place(wanted, name), "--body", name, "--query", "VersionId", "--output", "text")
    if not PINS["PLAN_VERSION"].match(version) or version in {"None", "null"}:
        raise Broken(f"the bucket keeps no versions: {name} cannot be pinned")
    return version


def make_plan(wanted: dict[str, str]) -> dict[str, str]:
    """Save and keep the plan. Whose it is stands in the state as it was before the refresh, or in TARGETS."""
    targets = split(wanted["TARGETS"])
    own = own_of(wanted)
    terraform(*PLANNING, f"-out={PLAN}", *(f"-target={address}" for address in sorted(targets)), fine=(0, 2))
    _, text = shown(PLAN)
    Path(SHOWN).write_bytes(text)
    return {
        "RECOVERY_NOTE": f"planned: {', '.join(sorted(own))}",
        "PLAN_SHA256": hashlib.sha256(Path(PLAN).read_bytes()).hexdigest(),
        "PLAN_VERSION": keep(wanted, PLAN),
        "PLAN_JSON_VERSION": keep(wanted, SHOWN),
    }


def own_of(wanted: dict[str, str]) -> set[str]:
    """The incident's addresses."""
    own = split(wanted["TARGETS"]) or addresses_of(wanted["RESOURCE_ID"], state())
    if not own:
        raise Refused(f"{wanted['RESOURCE_ID']} is not in this Terraform state")
    return own


def fetch(wanted: dict[str, str]) -> dict[str, Any]:
    """The pinned plan, as it was read."""
    aws("get-object", *place(wanted, PLAN), "--version-id", wanted["PLAN_VERSION"], PLAN)
    if hashlib.sha256(Path(PLAN).read_bytes()).hexdigest() != wanted["PLAN_SHA256"]:
        raise Refused("the saved plan is not the one that was pinned")
    plan, text = shown(PLAN)
    if hashlib.sha256(text).hexdigest() != wanted["PLAN_JSON_SHA256"]:
        raise Refused("the saved plan is not the one that was read")
    return plan


def apply(wanted: dict[str, str]) -> dict[str, str]:
    """Apply the pinned plan, look by an untargeted plan whether anything of ours is left to do; the resource's id now, and a note."""
    plan = fetch(wanted)
    own = own_of(wanted)
    if wanted["MODE"] == "apply":
        guard(plan, own)
    terraform("apply", "-input=false", "-no-color", "-lock-timeout=120s", PLAN)
    note = "the saved plan was applied, a new plan is empty"
    if terraform(*PLANNING, f"-out={AFTER}", fine=(0, 2))[0] == 2:
        changes = shown(AFTER)[0].get("resource_changes", [])
        left = [change["address"] for change in changes if set(change["change"]["actions"]) not in QUIET]
        if own & set(left):
            raise Broken("the plan was applied, but a new plan still wants to change what was recovered")
        note = f"the saved plan was applied; elsewhere the stack drifts: {', '.join(left)[:300]}"
    made = [item["values"]["id"] for item in state() if item["address"] in own]
    return {"RECOVERED_RESOURCE_ID": str(made[0]) if made else "", "RECOVERY_NOTE": note}


def run(environment: dict[str, str]) -> tuple[int, dict[str, str]]:
    """Exit code and what is exported."""
    try:
        wanted = inputs(environment)
        return 0, make_plan(wanted) if wanted["MODE"] == "plan" else apply(wanted)
    except ValueError as error:
        return 2, {"RECOVERY_NOTE": str(error)}
    except Refused as refused:
        return 3, {"RECOVERY_NOTE": "the plan needs a person", "RECOVERY_REFUSED": str(refused)}
    except (Broken, OSError, KeyError) as error:
        return 1, {"RECOVERY_NOTE": str(error)}


def main() -> int:
    code, result = run(dict(os.environ))  # noqa: TID251  # a build's inputs come by environment
    lines = [f"{name}={shlex.quote(value)}" for name, value in result.items()]
    Path(RESULT).write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
