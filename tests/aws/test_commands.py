"""The commands of a first try, against the embedded AWS: check, bootstrap, check, send."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aiops_daemon.cli import app
from aiops_daemon.embedded.aws import EmbeddedAws


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_check_says_what_is_missing_bootstrap_makes_it_and_an_event_can_be_sent(
    embedded_aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_AWS__REGION", embedded_aws.region)
    before = run("check")
    assert before.exit_code == 3
    assert "MISSING  queue: queue aiops-events does not exist" in before.stdout
    made = run("bootstrap")
    assert (made.exit_code, "table aiops-incidents made" in made.stdout) == (0, True)
    after = run("check")
    assert after.exit_code == 0, after.stdout
    (tmp_path / "event.json").write_text("{}")
    assert len(run("send", str(tmp_path / "event.json")).stdout.strip()) == 36
    calls = embedded_aws.calls()
    assert calls["sqs:SendMessage"] == 1


def test_nobody_answering_is_said_for_each_thing_and_is_no_traceback(embedded_aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AIOPS_AWS__MAX_ATTEMPTS", "1")
    done = run("check")
    assert done.exit_code == 3
    assert "MISSING  incident table: table aiops-incidents could not be looked at: " in done.stdout
