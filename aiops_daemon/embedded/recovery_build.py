"""What the recovery project's builds do here: plan the return of a lost EC2 instance, or apply the plan that was saved.

By Terraform where it is found, else by a stand-in that says so. Inputs come by environment, as CodeBuild gives them, and are checked
against a pattern. Results leave as exported variables: where the plan was saved (PLAN_...), RECOVERED_RESOURCE_ID, RECOVERY_NOTE, and
RECOVERY_REFUSED with the reason when a person has to decide.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from aiops_daemon.actions.terraform_plan import Change, ResourceChange, SavedPlan, objection
from aiops_daemon.embedded.artifacts import JSON_FILE, PLAN_FILE, Artifacts, Kept, Mismatch, digest
from aiops_daemon.embedded.terraform import TerraformTools
from aiops_daemon.embedded.terraform_job import Stack, StalePlan, TerraformFailed
from aiops_daemon.probes.ec2_instance import REPLACES_TAG

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._/-]{0,127}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
_STAND_IN = "stand-in build: no terraform with an AWS provider was found, the instance was recreated by RunInstances"


class Inputs(BaseSettings):
    """The variables that the project has and those that the action sets."""

    model_config = SettingsConfigDict(extra="ignore")

    incident_id: Word
    correlation_id: Word
    resource_type: Word
    resource_id: Annotated[str, StringConstraints(pattern=r"^i-[0-9a-f]{8,17}$")]
    mode: Literal["plan", "apply"]
    plan_bucket: Word
    plan_version: Word = "none"
    plan_sha256: Sha256 = ""
    plan_json_sha256: Sha256 = ""


class Ending(NamedTuple):
    """What the build says when it is over."""

    code: int
    note: str
    resource: str = ""
    refused: str = ""
    saved: tuple[Kept, Kept] | None = None  # the plan, and what is read of it


def build(stacks: Path, terraform: TerraformTools | None) -> Ending:
    """Read the inputs, then plan or apply. `stacks` keeps Terraform's state from build to build."""
    try:
        inputs = Inputs()
    except ValidationError as error:
        return Ending(2, f"inputs refused: {[str(item['loc'][0]) for item in error.errors()]}")
    if inputs.resource_type != "ec2:instance":
        return Ending(2, f"this project restores ec2:instance, not {inputs.resource_type}")
    client = _ec2()
    lost = _describe(client, inputs.resource_id)
    if lost is None:
        return Ending(1, f"{inputs.resource_id} was never seen here: nothing to copy its settings from")
    return _build(inputs, stacks, terraform, client, lost)


def _build(inputs: Inputs, stacks: Path, terraform: TerraformTools | None, client: Any, lost: dict[str, Any]) -> Ending:
    present = _replacement(client, inputs.resource_id)
    if present is not None:
        return Ending(3, "nothing to put back", refused=f"{present} has already replaced {inputs.resource_id}")
    tags = _tags(lost) | {REPLACES_TAG: inputs.resource_id, "aiops-incident": inputs.incident_id}
    stack = Stack(terraform, stacks, lost, tags) if terraform else StandIn(client, lost, tags)
    artifacts = Artifacts(inputs.plan_bucket, inputs.incident_id)
    try:
        return _plan(stack, artifacts) if inputs.mode == "plan" else _apply(stack, artifacts, inputs)
    except (Mismatch, StalePlan) as reason:
        return Ending(3, "the plan needs a person", refused=str(reason))
    except TerraformFailed as failed:
        return Ending(1, str(failed))


def _plan(stack: "Stack | StandIn", artifacts: Artifacts) -> Ending:
    saved = stack.plan()
    read = stack.read(saved)
    return Ending(0, f"planned: {read.summary()}", saved=(artifacts.keep(PLAN_FILE, saved), artifacts.keep(JSON_FILE, _shown(read))))


def _apply(stack: "Stack | StandIn", artifacts: Artifacts, inputs: Inputs) -> Ending:
    """The second line: what was pinned is what is applied, and it is looked at again."""
    saved = artifacts.fetch(PLAN_FILE, Kept(inputs.plan_version, inputs.plan_sha256))
    read = stack.read(saved)
    if digest(_shown(read)) != inputs.plan_json_sha256:
        raise Mismatch("the saved plan is not the one that was read")
    against = objection(read, inputs.resource_id, "")
    if against:
        return Ending(3, "the plan needs a person", refused=against)
    note = _STAND_IN if isinstance(stack, StandIn) else "terraform apply of the saved plan, checked by an empty plan"
    return Ending(0, note, resource=stack.apply(saved))


def _shown(plan: SavedPlan) -> bytes:
    return plan.model_dump_json().encode()


class StandIn:
    """Says what it would do in the words of a plan, then does it by RunInstances."""

    def __init__(self, client: Any, lost: dict[str, Any], tags: dict[str, str]) -> None:
        self._client, self._lost, self._tags = client, lost, tags

    def plan(self) -> bytes:
        address = "aws_instance.stand_in"
        gone = Change(actions=("delete",), before={"id": self._lost["InstanceId"]})
        return _shown(
            SavedPlan(
                format_version="1.0",
                resource_changes=(ResourceChange(address=address, type="aws_instance", change=Change(actions=("create",))),),
                resource_drift=(ResourceChange(address=address, type="aws_instance", change=gone),),
            )
        )

    def read(self, saved: bytes) -> SavedPlan:
        return SavedPlan.model_validate_json(saved)

    def apply(self, saved: bytes) -> str:
        return _run_instance(self._client, self._lost, self._tags)


def _ec2() -> Any:
    from botocore.session import get_session

    return get_session().create_client("ec2")


def _describe(client: Any, instance: str) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found = client.describe_instances(InstanceIds=[instance])["Reservations"]
    except ClientError:
        return None
    return next((item for reservation in found for item in reservation["Instances"]), None)


def _replacement(client: Any, lost: str) -> str | None:
    filters = [
        {"Name": f"tag:{REPLACES_TAG}", "Values": [lost]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    for reservation in client.describe_instances(Filters=filters)["Reservations"]:
        for instance in reservation["Instances"]:
            return str(instance["InstanceId"])
    return None


def _tags(instance: dict[str, Any]) -> dict[str, str]:
    """Those that may be copied: `aws:` is reserved, and the marks of an earlier recovery are not ours to keep."""
    pairs = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return {key: value for key, value in pairs.items() if not key.startswith(("aws:", "aiops-"))}


def _run_instance(client: Any, lost: dict[str, Any], tags: dict[str, str]) -> str:
    answer = client.run_instances(
        ImageId=lost["ImageId"],
        InstanceType=lost["InstanceType"],
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}],
    )
    return str(answer["Instances"][0]["InstanceId"])


def finish(room: Path, ending: Ending) -> int:
    """Write the output and the exported variables into the build's own folder; the exit code."""
    sys.stdout.write(f"{ending.note}\n{ending.refused}\n")
    values = {"RECOVERED_RESOURCE_ID": ending.resource, "RECOVERY_NOTE": ending.note, "RECOVERY_REFUSED": ending.refused}
    if ending.saved is not None:
        plan, shown = ending.saved
        values |= {"PLAN_VERSION": plan.version, "PLAN_SHA256": plan.sha256, "PLAN_JSON_VERSION": shown.version}
    lines = [f"{name}={' '.join(value.split())}\n" for name, value in values.items() if value]
    (room / "exported.env").write_text("".join(lines), encoding="utf-8")
    return ending.code


if __name__ == "__main__":
    own, shared, *tools = sys.argv[1:]
    sys.exit(finish(Path(own), build(Path(shared), TerraformTools(*map(Path, tools)) if tools else None)))
