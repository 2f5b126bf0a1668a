"""`check`, `send`, `stop`, `start`, `--help`: what they print, and how they exit."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiops_daemon import __version__, bootstrap, cli
from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.model.errors import InvalidInput


class Answers:
    """Stands for bootstrap.Check."""

    found: tuple[tuple[str, str | None], ...] = ()

    def __init__(self, *_: object) -> None: ...

    async def run(self) -> list[tuple[str, str | None]]:
        return list(self.found)


def test_check_says_ok_line_by_line_and_exits_0_when_nothing_is_missing(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "found", (("queue", None), ("topic", None)))
    monkeypatch.setattr(bootstrap, "Check", Answers)
    done = terminal.run("check")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["ok       configuration", "ok       queue", "ok       topic"]


def test_check_says_in_plain_words_what_is_missing_and_exits_3(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "found", (("queue", "queue aiops-events does not exist"), ("topic", None)))
    monkeypatch.setattr(bootstrap, "Check", Answers)
    done = terminal.run("check")
    assert done.exit_code == 3
    assert "MISSING  queue: queue aiops-events does not exist" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("aiops-daemon bootstrap"), "and who makes it"


def test_check_offers_to_make_only_what_does_not_exist(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "found", (("queue", "we may not look at queue aiops-events: denied"),))
    monkeypatch.setattr(bootstrap, "Check", Answers)
    done = terminal.run("check")
    assert (done.exit_code, "bootstrap" in done.stdout) == (3, False)


def test_check_tells_what_was_left_out_from_what_is_missing(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "found", (("topic", "not set (nobody is told by SNS)"),))
    monkeypatch.setattr(bootstrap, "Check", Answers)
    done = terminal.run("check")
    assert (done.exit_code, done.stdout.splitlines()[1]) == (0, "not set  topic (nobody is told by SNS)")


def test_check_offline_looks_at_the_configuration_only(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "found", (("queue", "gone"),))
    monkeypatch.setattr(bootstrap, "Check", Answers)
    done = terminal.run("check", "--offline")
    assert (done.exit_code, done.stdout) == (0, "ok       configuration\n")


def test_check_lists_every_setting_with_its_meaning(terminal: Any) -> None:
    said = terminal.run("check", "--list").stdout
    assert "AIOPS_POLICY__CONFIDENCE_THRESHOLD=0.8\n    below it a human decides" in said


def test_a_wrong_setting_is_one_line_on_stderr_and_exit_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "95")
    monkeypatch.setattr(sys, "argv", ["aiops-daemon", "check", "--offline"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("aiops-daemon: AIOPS_POLICY__CONFIDENCE_THRESHOLD: ")
    assert len(said.splitlines()) == 1


def left_by(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[object, str]:
    monkeypatch.setattr(sys, "argv", ["aiops-daemon", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code, capsys.readouterr().err


def test_what_was_typed_wrongly_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "empty.json").write_text(" \n")
    assert left_by(capsys, monkeypatch, "send", str(tmp_path / "empty.json")) == (2, "aiops-daemon: the event is empty\n")
    assert left_by(capsys, monkeypatch, "explain", "none.json") == (2, "aiops-daemon: none.json does not exist\n")
    code, said = left_by(capsys, monkeypatch, "incidents", "list", "--since", "yesterday")
    assert (code, said) == (2, "aiops-daemon: 'yesterday' is no period for --since: write 30m, 12h, 7d or 2w\n")


def test_another_error_of_ours_is_one_line_and_exit_1(
    terminal: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert left_by(capsys, monkeypatch, "incidents", "show", "inc-none") == (1, "aiops-daemon: there is no incident inc-none\n")


def test_send_puts_a_file_or_standard_input_on_the_queue_as_it_is(terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"a": 1}')
    done = terminal.run("send", str(tmp_path / "event.json"))
    assert done.stdout == "m-1\n"
    terminal.run("send", "-", stdin="{}")
    assert terminal.sent() == ['{"a": 1}', "{}"]


def test_send_of_a_file_that_is_not_there_says_so(terminal: Any, tmp_path: Path) -> None:
    done = terminal.run("send", str(tmp_path / "none.json"))
    assert isinstance(done.exception, InvalidInput)
    assert "none.json" in str(done.exception)


def test_send_of_bytes_that_are_no_text_says_so_and_sends_nothing(terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "event.bin").write_bytes(b"\xff\xfe")
    for done in (terminal.run("send", str(tmp_path / "event.bin")), terminal.run("send", "-", stdin=b"\xff\xfe")):
        assert isinstance(done.exception, InvalidInput)
        assert "cannot be read: 'utf-8'" in str(done.exception)
    assert terminal.sent() == []


def test_stop_and_start_turn_the_kill_switch_of_the_fleet(terminal: Any) -> None:
    switch = KillSwitch(terminal.fleet.memory, terminal.fleet.clock)
    said = terminal.run("stop", "--reason", "drill").stdout
    assert "no step will run" in said
    assert "(table aiops-incidents, said by arn:aws:iam::123456789012:user/ann)" in said, "it shows when it was the wrong fleet"
    stopped = asyncio.run(switch.stopped())
    assert stopped is not None
    assert (stopped.by, stopped.reason) == ("arn:aws:iam::123456789012:user/ann", "drill")
    assert terminal.run("start", "--reason", "over").stdout == "started: steps run again\n"
    assert asyncio.run(switch.stopped()) is None


def test_start_says_that_the_parameter_is_a_switch_of_its_own(terminal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOPS_KILL_SWITCH_PARAMETER", "/aiops/switch")
    assert "unless the SSM parameter /aiops/switch stops them" in terminal.run("start", "--reason", "over").stdout


def test_the_version_is_told(terminal: Any) -> None:
    done = terminal.run("--version")
    assert (done.exit_code, done.stdout) == (0, f"aiops-daemon {__version__}\n")


def test_help_names_every_command_and_imports_no_aws_library() -> None:
    heavy = ("aioboto3", "boto3", "botocore", "numpy", "pydantic_ai", "moto")
    script = (
        "import sys\n"
        "from aiops_daemon.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('LOADED', [name for name in {heavy!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "LOADED []" in said
    for command in ("run", "check", "bootstrap", "send", "explain", "demo", "stop", "start", "incidents", "logs"):
        assert command in said
