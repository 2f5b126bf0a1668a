"""`logs score` and `logs forecast`: one line out for each point in, from a file or standard input."""

import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops_daemon.cli.logs import app
from aiops_daemon.logwatch.probability import Forecaster
from aiops_daemon.logwatch.series import SeriesScorer

SAMPLE = """timestamp,value
2026-03-01 00:00:00,4
2026-03-01 00:05:00,5.5

2026-03-01T00:10:00+00:00,3
1772323000,1e3
"""


def series(days: int) -> list[tuple[int, float]]:
    source = random.Random(8)
    level = [20.0 + 3.0 * max(0, index % 150 - 110) + source.gauss(0.0, 3.0) for index in range(days * 288)]
    return [(1_772_323_200 + 300 * index, value) for index, value in enumerate(level)]


def csv_text(points: list[tuple[int, float]]) -> str:
    return "timestamp,value\n" + "".join(f"{at},{value}\n" for at, value in points)


def test_score_prints_one_score_for_each_point() -> None:
    result = CliRunner().invoke(app, ["score", "-"], input=SAMPLE)
    assert result.exit_code == 0
    assert result.stdout == "0\n0\n0\n0\n"


def test_score_reads_a_file_and_prints_what_the_scorer_says(tmp_path: Path) -> None:
    points = [*series(3), (1_772_600_000, 1e6)]
    path = tmp_path / "cpu.csv"
    path.write_text(csv_text(points), encoding="utf-8")
    printed = [float(line) for line in CliRunner().invoke(app, ["score", str(path)]).stdout.split()]
    scorer = SeriesScorer()
    assert printed == pytest.approx([scorer.update(at, value) for at, value in points], abs=1e-9)
    assert printed[-1] > 0.9


def test_forecast_prints_a_probability_or_an_empty_line_for_each_point() -> None:
    points = series(12)
    result = CliRunner().invoke(app, ["forecast", "-", "--threshold", "120", "--horizon", "12"], input=csv_text(points))
    lines = result.stdout.removesuffix("\n").split("\n")
    forecaster = Forecaster(120.0, 12)
    said = [forecaster.update(at, value).probability for at, value in points]
    assert [float(line) if line else None for line in lines] == [p if p is None else round(p, 6) for p in said]
    assert None in said
    assert any(p is not None and p > 0.5 for p in said)


def test_forecast_says_why_there_is_none_when_asked() -> None:
    arguments = ["forecast", "-", "--threshold", "70", "--why"]
    result = CliRunner().invoke(app, arguments, input=csv_text(series(1)))
    assert result.stderr.startswith("line 1: no forecast yet: too little history\n")


@pytest.mark.parametrize("line", ["2026-03-01 00:00:00", "yesterday,4", "2026-03-01 00:00:00,four"])
def test_a_line_that_is_no_point_is_named(line: str) -> None:
    result = CliRunner().invoke(app, ["score", "-"], input=f"timestamp,value\n{line}\n")
    assert result.exit_code == 2
    assert "line 2" in result.stderr
