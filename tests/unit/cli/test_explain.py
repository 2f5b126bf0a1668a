"""`explain`: files, folders and standard input become one row each; nothing is acted on."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from aiops_daemon.cli.explain import bodies, explain
from aiops_daemon.model.errors import InvalidInput

app = typer.Typer()
app.command()(explain)

STOPPED = {
    "version": "0",
    "id": "0a1b2c3d-0000-4000-8000-000000000001",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2026-03-04T12:00:00Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:ec2:eu-central-1:111122223333:instance/i-0abcdef0123456789"],
    "detail": {"instance-id": "i-0abcdef0123456789", "state": "stopped"},
}
KEYS = {
    "file",
    "outcome",
    "reason",
    "resource_type",
    "resource_ids",
    "account",
    "region",
    "actor",
    "classification",
    "confidence",
    "decision",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a-stopped.json").write_text(json.dumps(STOPPED))
    (tmp_path / "b-running.json").write_text(json.dumps(STOPPED | {"detail": {"instance-id": "i-0abcdef0123456789", "state": "running"}}))
    (tmp_path / "c-bytes.bin").write_bytes(b"\xff\xfe no json")
    return tmp_path


def rows(*arguments: str, typed: str | None = None) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, [*arguments, "--output", "jsonl"], input=typed)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_row_for_each_body_of_a_folder(folder: Path) -> None:
    stopped, running, broken = rows(str(folder))
    assert [row["file"] for row in (stopped, running, broken)] == ["a-stopped.json", "b-running.json", "c-bytes.bin"]
    assert all(row.keys() >= KEYS for row in (stopped, running, broken))
    assert (stopped["outcome"], stopped["classification"], stopped["decision"]) == ("incident", "FAILURE", "act")
    assert (stopped["resource_type"], stopped["resource_ids"]) == ("ec2:instance", ["i-0abcdef0123456789"])
    assert (running["outcome"], running["decision"]) == ("ignored", "none")
    assert (broken["outcome"], broken["decision"], broken["resource_ids"]) == ("parked", "none", [])


def test_standard_input(folder: Path) -> None:
    (row,) = rows("-", typed=json.dumps(STOPPED))
    assert (row["file"], row["decision"]) == ("-", "act")


def test_the_table_says_why(folder: Path) -> None:
    result = CliRunner().invoke(app, [str(folder / "a-stopped.json")], env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert result.exit_code == 0
    assert "ec2.start at confidence 0.85" in result.stdout
    everything = CliRunner().invoke(app, [str(folder), "--output", "json"])
    assert len(json.loads(everything.stdout)) == 3


def test_on_a_narrow_terminal_each_message_is_two_lines_and_not_a_column_of_syllables(folder: Path) -> None:
    result = CliRunner().invoke(app, [str(folder / "a-stopped.json")], env={"COLUMNS": "120", "NO_COLOR": "1"})
    first, second = result.stdout.splitlines()[:2]
    assert first.endswith("a-stopped.json  incident  act")
    assert second.startswith("    ec2:instance i-0abcdef0123456789, FAILURE 0.85: ec2.start at confidence 0.85")


def test_an_output_that_is_none_is_a_usage_error(folder: Path) -> None:
    assert CliRunner().invoke(app, [str(folder), "--output", "yaml"]).exit_code == 2


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InvalidInput, match="nowhere does not exist"):
        list(bodies(["nowhere"]))


def test_a_change_of_a_guarded_resource_opens_an_incident_at_intake_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = STOPPED | {
        "source": "aws.ssm",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "ssm.amazonaws.com",
            "eventName": "PutParameter",
            "requestParameters": {"name": "/prod/flag"},
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann", "userName": "ann"},
        },
    }
    (row,) = rows("-", typed=json.dumps(changed))
    assert (row["outcome"], row["classification"]) == ("ignored", "NORMAL")
    monkeypatch.setenv("AIOPS_POLICY__GUARDED", '["ssm:parameter#/prod/*"]')
    (row,) = rows("-", typed=json.dumps(changed))
    assert (row["outcome"], row["classification"], row["action"]) == ("incident", "TAMPERING", "ssm.restore_parameter")
