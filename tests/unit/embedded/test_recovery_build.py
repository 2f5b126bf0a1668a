"""The build's own program: inputs by pattern, one replacement, what it exports."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aiops_daemon.embedded import recovery_build
from aiops_daemon.embedded.recovery_build import Ending, build, finish

LOST = "i-0123456789abcdef0"
GOOD = {"INCIDENT_ID": "inc-1", "CORRELATION_ID": "123456789012:eu-west-1:e-1", "RESOURCE_TYPE": "ec2:instance", "RESOURCE_ID": LOST}


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


def run(monkeypatch: pytest.MonkeyPatch, ec2: Ec2, **inputs: str) -> Ending:
    for name, value in (GOOD | inputs).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(recovery_build, "_ec2", lambda: ec2)
    return build(Path("stacks"), None)


def test_the_stand_in_copies_the_lost_instance_and_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = Ec2()
    ending = run(monkeypatch, ec2)
    assert (ending.code, ending.resource) == (0, "i-new")
    assert ending.note.startswith("stand-in build")
    [made] = ec2.made
    tags = {tag["Key"]: tag["Value"] for tag in made["TagSpecifications"][0]["Tags"]}
    assert tags == {"Name": "v", "aiops-replaces": LOST, "aiops-incident": "inc-1"}


def test_a_replacement_that_is_there_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ec2 = Ec2(present="i-there")
    assert run(monkeypatch, ec2).resource == "i-there"
    assert ec2.made == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("RESOURCE_ID", "i-0123456789abcdef0; rm -rf /"), ("INCIDENT_ID", "$(id)"), ("CORRELATION_ID", "a b"), ("RESOURCE_TYPE", "rds:db")],
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
