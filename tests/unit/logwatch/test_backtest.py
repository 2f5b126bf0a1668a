"""`logs backtest` from lines to alerts: what is injected is found once, a quiet twin is silent, odd input is no error."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops_daemon.cli.logs import app
from aiops_daemon.logwatch.timestamps import parse_time
from tests.benchmarks.loggen import DAY, World


def write(path: Path, world: World) -> Path:
    path.write_text(
        "".join(json.dumps({"timestamp": at, "message": text, "logGroup": "/shop"}) + "\n" for at, text in world.lines()),
        encoding="utf-8",
    )
    return path


def alerts(*arguments: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(app, ["backtest", *arguments, "--output", "jsonl"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_new_error_is_found_once_and_a_quiet_twin_is_silent(tmp_path: Path) -> None:
    world = World(3, 4, "sparse")
    assert alerts(str(write(tmp_path / "quiet.jsonl", world))) == []
    injection = world.inject("new", 3 * DAY + 40, 7)
    assert injection is not None
    found = alerts(str(write(tmp_path / "new.jsonl", world)), "--plot", str(tmp_path / "p.svg"))
    assert [a["kind"] for a in found] == ["new"]
    assert found[0]["log_group"] == "/shop"
    assert set(found[0]) >= {"at", "template", "observed", "expected", "sigma", "probability", "since", "until"}
    assert str(found[0]["at"]).startswith("2026-01-08T03:")
    assert found[0]["probability"] is None
    svg = (tmp_path / "p.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert svg.count("alert</text>") == 1


def test_plain_lines_and_stack_traces_and_the_table(tmp_path: Path) -> None:
    file = tmp_path / "app.log"
    lines = [f"2026-01-05T{h:02}:{m:02}:07Z INFO tick {h} of {m}" for h in range(24) for m in range(60)]
    lines[900:900] = ["2026-01-05T15:00:01Z ERROR boom", "java.lang.IllegalStateException: x", "\tat a.B.c(B.java:1)"] * 9
    file.write_text("\n".join(lines), encoding="utf-8")
    result = CliRunner().invoke(app, ["backtest", str(file)])
    assert result.exit_code == 0
    assert "NEW app: boom" in result.stdout
    assert "onset" in result.stdout
    assert "1,449 events" in result.stderr


def test_a_broken_clock_moves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    good = [json.dumps({"timestamp": 1_767_571_200_000 + i * 60_000, "message": f"INFO tick {i}"}) for i in range(600)]
    good.insert(300, json.dumps({"timestamp": 4_000_000_000_000, "message": "INFO from the future"}))
    file.write_text("\n".join([*good, "no time at all", "{broken"]), encoding="utf-8")
    result = CliRunner().invoke(app, ["backtest", str(file), "--output", "json"])
    assert json.loads(result.stdout) == []
    assert "1 with a time far ahead" in result.stderr


def test_no_such_file_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["backtest", "/nowhere/x.log"]).exit_code == 2


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("2026-01-05T00:00:00.250Z", 1_767_571_200_250),
        ("2026-01-05 02:00:00,250+02:00", 1_767_571_200_250),
        ("05/Jan/2026:00:00:00 +0000", 1_767_571_200_000),
        ("26/01/05 00:00:00", 1_767_571_200_000),
        ("260105 000000", 1_767_571_200_000),
        ("20260105T000000Z", 1_767_571_200_000),
        ("Jan  5 00:00:00", 1_767_571_200_000),
        ("01-05 00:00:00.000", 1_767_571_200_000),
        ("1767571200", 1_767_571_200_000),
        ("1767571200250", 1_767_571_200_250),
        ("2026-13-45 00:00:00", None),
        ("soon", None),
    ],
)
def test_times(text: str, millis: int | None) -> None:
    assert parse_time(text, year=2026) == millis


def test_a_clock_without_a_day_goes_on_to_the_next_day() -> None:
    midnight = 1_767_571_200_000
    assert parse_time("23:59:59", year=2026, before=midnight) == midnight + 86_399_000
    assert parse_time("00:00:01", year=2026, before=midnight + 86_399_000) == midnight + 86_401_000
