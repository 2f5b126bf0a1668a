"""`logs templates`: what an operator sees of a log, and one id per line for whoever scores it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops_daemon.cli.errors import UsageError
from aiops_daemon.cli.logs import app

LOG = """2026-01-05T10:00:00Z INFO user 17 logged in from 10.0.0.7
2026-01-05T10:00:01Z INFO user 4 logged in from 10.0.0.9
2026-01-05T10:00:02Z ERROR cannot reach orders-db
java.net.ConnectException: refused
\tat shop.Orders.place(Orders.java:17)
2026-01-05T10:00:03Z INFO user 99 logged in from 10.0.0.7
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_templates_with_their_counts_most_frequent_first(log: Path) -> None:
    result = CliRunner().invoke(app, ["templates", str(log)])
    assert result.exit_code == 0
    first, second = (line.split(maxsplit=2) for line in result.stdout.splitlines())
    assert (first[0], first[2]) == ("3", "user <*> logged in from <*>")
    assert (second[0], second[2]) == ("1", "cannot reach orders-db")


def test_assign_prints_one_id_for_every_line_also_of_a_stack_trace(log: Path) -> None:
    ids = CliRunner().invoke(app, ["templates", str(log), "--assign"]).stdout.splitlines()
    assert len(ids) == LOG.count("\n")
    assert ids[0] == ids[1] == ids[5]
    assert ids[2] == ids[3] == ids[4] != ids[0]


def test_standard_input_says_the_same_as_a_file(log: Path) -> None:
    for options in ([], ["--assign"]):
        file, stdin = (CliRunner().invoke(app, ["templates", name, *options], input=LOG).stdout for name in (str(log), "-"))
        assert file == stdin


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", 0), ("\n", 1), ("one\n\ntwo", 3), ("one\ntwo\n", 2)],
    ids=["empty", "blank", "no newline at the end", "newline"],
)
def test_as_many_ids_as_lines(text: str, lines: int) -> None:
    result = CliRunner().invoke(app, ["templates", "-", "--assign"], input=text)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == lines


def test_bytes_that_are_no_text_are_no_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.log"
    path.write_bytes(b"INFO caf\xe9 1 opened\nINFO caf\xe9 2 opened\n")
    result = CliRunner().invoke(app, ["templates", str(path)])
    assert result.exit_code == 0
    assert result.stdout.split()[0] == "2"


@pytest.mark.parametrize("command", [["templates"], ["score"], ["forecast", "--threshold", "5"]], ids=lambda words: words[0])
def test_a_file_that_is_not_there_is_one_line(command: list[str], tmp_path: Path) -> None:
    where = str(tmp_path / "none.log")
    result = CliRunner().invoke(app, [*command, where])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"{where} cannot be read: No such file or directory"


@pytest.mark.parametrize("place", ["none/chart.png", "."])
def test_a_chart_that_cannot_be_written_is_told_before_the_work(place: str, log: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["backtest", str(log), "--plot", str(tmp_path / place)])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == f"{tmp_path / place} cannot be written"
    assert result.stdout == ""
