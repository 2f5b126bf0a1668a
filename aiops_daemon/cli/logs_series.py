"""`logs score` and `logs forecast`: one line out for each `timestamp,value` line in."""

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from aiops_daemon.cli.errors import readable

Source = Annotated[str, typer.Argument(help="a CSV file with the header timestamp,value, or - for standard input")]


def _points(source: str) -> Iterator[tuple[float, float]]:
    with readable(source), sys.stdin if source == "-" else Path(source).open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines), start=1):
            if not row or (number == 1 and row[0].strip().lower() == "timestamp"):
                continue
            try:
                yield _seconds(row[0].strip()), float(row[1])
            except (ValueError, IndexError) as error:
                raise typer.BadParameter(f"line {number}: need timestamp,value, got {','.join(row)!r}") from error


def _seconds(text: str) -> float:
    """ISO 8601, UTC where no offset is given, or seconds since 1970."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def score(source: Source = "-") -> None:
    """Print an anomaly score in [0, 1] for every point of a regular series; 0.5 and above is an alarm."""
    from aiops_daemon.logwatch.series import SeriesScorer

    scorer = SeriesScorer()
    for seconds, value in _points(source):
        sys.stdout.write(f"{scorer.update(seconds, value):.12g}\n")


def forecast(
    threshold: Annotated[float, typer.Option(help="the value that must not be exceeded")],
    horizon: Annotated[int, typer.Option(help="points looked ahead", min=1, max=288)] = 12,
    why: Annotated[bool, typer.Option("--why", help="where there is no forecast, say why on standard error")] = False,
    source: Source = "-",
) -> None:
    """Print P(any of the next HORIZON points exceeds THRESHOLD) for every point; an empty line where nothing is known."""
    from aiops_daemon.logwatch.probability import Forecaster

    forecaster = Forecaster(threshold, horizon)
    reason = ""  # the last one told
    for number, (seconds, value) in enumerate(_points(source), start=1):
        said = forecaster.update(seconds, value)
        sys.stdout.write("\n" if said.probability is None else f"{said.probability:.6f}\n")
        kind = said.reason.partition(" (")[0]  # without the counts, which change with every point
        if why and kind != reason:
            sys.stderr.write(f"line {number}: {kind or 'forecasting'}\n")
        reason = kind
