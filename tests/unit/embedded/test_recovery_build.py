"""The builds' own program: inputs by pattern, a plan that is kept and read, one replacement by exactly that plan, what it exports."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aiops_daemon.actions.terraform_plan import SavedPlan, objection
from aiops_daemon.embedded import recovery_build
from aiops_daemon.embedded.artifacts import Artifacts, Kept
from aiops_daemon.embedded.recovery_build import Ending, build, finish
from aiops_daemon.embedded.terraform_job import StalePlan, TerraformFailed

LOST = "i-0123456789abcdef0"
GOOD = {
    "INCIDENT_ID": "inc-1",
    "CORRELATION_ID": "123456789012:eu-west-1:e-1",
    "RESOURCE_TYPE": "ec2:instance",
    "RESOURCE_ID": LOST,
    "MODE": "plan",
    "PLAN_BUCKET": "plans",
}


class Bucket:
    """An S3 that keeps every version."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str], bytes] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> dict[str, str]:  # noqa: N803  # AWS's names
        version = f"v{len(self.versions)}"
        self.versions[f"{Bucket}/{Key}", version] = Body
        return {"VersionId": version}

    def get_object(self, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        return {"Body": io.BytesIO(self.versions[f"{Bucket}/{Key}", VersionId])}


class Ec2:
    """What the build asks of EC2."""

    def __init__(self, known: bool = True, present: str = "") -> None:
        self._known, self._present = known, present
        self.made: list[dict[str, Any]] = []

    def describe_instances(self, InstanceIds: list[str] | None = None, Filters: Any = None) -> dict[str, Any]:  # noqa: N803  # AWS's names
        if InstanceIds and not self._known:
            raise ClientError({"Error": {"Code": "InvalidInstanceID.NotFound"}}, "DescribeInstances")
        tags = [{"Key": key, "Value": "v"} for key in ("Name", "aws:autoscaling:groupName", "aiops-replaces")]
        lost = {"InstanceId": LOST, "ImageId": "ami-1", "InstanceType": "t3.micro", "Tags": tags}
        found = [lost] if InstanceIds else [{"InstanceId": self._present}] if self._present else []
        return {"Reservations": [{"Instances": found}]}

    def run_instances(self, **parameters: Any) -> dict[str, Any]:
        self.made.append(parameters)
        return {"Instances": [{"InstanceId": "i-new"}]}


BUCKET = Bucket()


class KeptArtifacts(Artifacts):
    def __init__(self, bucket: str, incident_id: str) -> None:
        self._s3, self._bucket, self._folder = BUCKET, bucket, f"plans/{incident_id}"


def run(monkeypatch: pytest.MonkeyPatch, ec2: Ec2, **inputs: str) -> Ending:
    for name, value in (GOOD | inputs).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(recovery_build, "_ec2", lambda: ec2)
    monkeypatch.setattr(recovery_build, "Artifacts", KeptArtifacts)
    return build(Path("stacks"), None)


def pins(ending: Ending) -> dict[str, str]:
    assert ending.saved is not None
    plan, shown = ending.saved
    return {"MODE": "apply", "PLAN_VERSION": plan.version, "PLAN_SHA256": plan.sha256, "PLAN_JSON_SHA256": shown.sha256}


def test_the_stand_in_says_in_a_plan_what_it_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = Ec2()
    ending = run(monkeypatch, ec2)
    assert ending.code == 0
    assert ec2.made == []
    assert ending.saved is not None
    read = BUCKET.versions["plans/plans/inc-1/plan.json", ending.saved[1].version]
    assert hashlib.sha256(read).hexdigest() == ending.saved[1].sha256
    assert objection(SavedPlan.model_validate_json(read), LOST, "") == ""


def test_the_stand_in_copies_the_lost_instance_and_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = Ec2()
    ending = run(monkeypatch, ec2, **pins(run(monkeypatch, ec2)))
    assert (ending.code, ending.resource) == (0, "i-new")
    assert ending.note.startswith("stand-in build")
    [made] = ec2.made
    tags = {tag["Key"]: tag["Value"] for tag in made["TagSpecifications"][0]["Tags"]}
    assert tags == {"Name": "v", "aiops-replaces": LOST, "aiops-incident": "inc-1"}


@pytest.mark.parametrize("pin", ["PLAN_SHA256", "PLAN_JSON_SHA256"])
def test_another_plan_than_the_one_that_was_read_is_refused(monkeypatch: pytest.MonkeyPatch, pin: str) -> None:
    ec2 = Ec2()
    ending = run(monkeypatch, ec2, **pins(run(monkeypatch, ec2)) | {pin: "0" * 64})
    assert ending.code == 3
    assert "is not the one that was" in ending.refused
    assert ec2.made == []


def test_a_plan_that_would_lose_something_else_is_refused_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = Ec2()
    plan = b'{"format_version":"1.2","resource_changes":[{"address":"aws_db_instance.main","change":{"actions":["delete"]}}]}'
    kept = KeptArtifacts("plans", "inc-1").keep("recovery.tfplan", plan)
    shown = hashlib.sha256(SavedPlan.model_validate_json(plan).model_dump_json().encode()).hexdigest()
    ending = run(monkeypatch, ec2, MODE="apply", PLAN_VERSION=kept.version, PLAN_SHA256=kept.sha256, PLAN_JSON_SHA256=shown)
    assert (ending.code, ending.refused) == (3, f"nothing in the plan is known to be {LOST}")


@pytest.mark.parametrize(("error", "code"), [(StalePlan("the saved plan is stale"), 3), (TerraformFailed("init ended with 1"), 1)])
def test_what_terraform_says_is_what_the_build_says(monkeypatch: pytest.MonkeyPatch, error: Exception, code: int) -> None:
    def fail(*_: object) -> Ending:
        raise error

    monkeypatch.setattr(recovery_build, "_plan", fail)
    ending = run(monkeypatch, Ec2())
    assert ending.code == code
    assert str(error) in (ending.refused, ending.note)


def test_what_was_replaced_is_not_replaced_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = Ec2(present="i-there")
    assert run(monkeypatch, ec2).refused == f"i-there has already replaced {LOST}"
    assert ec2.made == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RESOURCE_ID", "i-0123456789abcdef0; rm -rf /"),
        ("INCIDENT_ID", "$(id)"),
        ("CORRELATION_ID", "a b"),
        ("RESOURCE_TYPE", "rds:db"),
        ("MODE", "destroy"),
        ("PLAN_SHA256", "abc"),
        ("PLAN_VERSION", "a b"),
    ],
)
def test_an_input_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    ec2 = Ec2()
    assert run(monkeypatch, ec2, **{name: value}).code == 2
    assert ec2.made == []


def test_an_instance_that_was_never_seen_cannot_be_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, Ec2(known=False)).code == 1


def test_exports_are_one_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert finish(tmp_path, Ending(3, "two\nlines", refused="x would\nbe deleted")) == 3
    assert (tmp_path / "exported.env").read_text() == "RECOVERY_NOTE=two lines\nRECOVERY_REFUSED=x would be deleted\n"
    assert "two\nlines" in capsys.readouterr().out


def test_where_the_plan_was_kept_is_exported(tmp_path: Path) -> None:
    finish(tmp_path, Ending(0, "planned", saved=(Kept("v1", "a"), Kept("v2", "b"))))
    assert (tmp_path / "exported.env").read_text() == "RECOVERY_NOTE=planned\nPLAN_VERSION=v1\nPLAN_SHA256=a\nPLAN_JSON_VERSION=v2\n"
