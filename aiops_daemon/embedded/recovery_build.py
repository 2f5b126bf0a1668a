"""What the recovery project's build does here: put a lost EC2 instance back, by Terraform where it is found, else by a stand-in.

Inputs come by environment, as CodeBuild gives them, and are checked against a pattern. Results leave as exported variables:
RECOVERED_RESOURCE_ID, RECOVERY_NOTE, and RECOVERY_REFUSED with the reason when a person has to decide.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from aiops_daemon.embedded.terraform import TerraformTools
from aiops_daemon.embedded.terraform_job import Refused, TerraformFailed, recreate

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._/-]{0,127}$")]


class Inputs(BaseSettings):
    """The variables that the action sets."""

    model_config = SettingsConfigDict(extra="ignore")

    incident_id: Word
    correlation_id: Word
    resource_type: Word
    resource_id: Annotated[str, StringConstraints(pattern=r"^i-[0-9a-f]{8,17}$")]


class Ending(NamedTuple):
    """What the build says when it is over."""

    code: int
    note: str
    resource: str = ""
    refused: str = ""


def build(stacks: Path, terraform: TerraformTools | None) -> Ending:
    """Read the inputs and put the instance back. `stacks` keeps Terraform's state from build to build."""
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
    present = _replacement(client, inputs.resource_id)
    if present is not None:
        return Ending(0, "the replacement is already there", resource=present)
    tags = _tags(lost) | {"aiops-replaces": inputs.resource_id, "aiops-incident": inputs.incident_id}
    if terraform is None:
        note = "stand-in build: no terraform with an AWS provider was found, the instance was recreated by RunInstances"
        return Ending(0, note, resource=_run_instance(client, lost, tags))
    return _by_terraform(terraform, stacks, lost, tags)


def _by_terraform(terraform: TerraformTools, stacks: Path, lost: dict[str, Any], tags: dict[str, str]) -> Ending:
    try:
        made = recreate(terraform, stacks, lost, tags)
    except Refused as refused:
        return Ending(3, "the plan needs a person", refused=str(refused))
    except TerraformFailed as failed:
        return Ending(1, str(failed))
    return Ending(0, "terraform apply of the saved plan, checked by an empty plan", resource=made)


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
        {"Name": "tag:aiops-replaces", "Values": [lost]},
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
    lines = [f"{name}={' '.join(value.split())}\n" for name, value in values.items() if value]
    (room / "exported.env").write_text("".join(lines), encoding="utf-8")
    return ending.code


if __name__ == "__main__":
    own, shared, *tools = sys.argv[1:]
    sys.exit(finish(Path(own), build(Path(shared), TerraformTools(*map(Path, tools)) if tools else None)))
