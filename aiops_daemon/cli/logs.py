"""`aiops-daemon logs ...`: the log watch over files and standard input."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from aiops_daemon.cli import logs_backtest, logs_series
from aiops_daemon.cli.errors import readable

app = typer.Typer(help="Look at logs the way the log watch does.", no_args_is_help=True)


def _lines(name: str) -> list[str]:
    with readable(name):
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    text = raw.decode("utf-8", "replace")
    return text.removesuffix("\n").split("\n") if text else []


@app.command()
def templates(
    file: Annotated[str, typer.Argument(help="a log file, or - for standard input")],
    assign: Annotated[bool, typer.Option("--assign", help="print one template id per line instead")] = False,
) -> None:
    """Show the templates of a log with their counts."""
    from aiops_daemon.logwatch.records import parse_records
    from aiops_daemon.logwatch.templates import TemplateMiner

    records = parse_records(_lines(file))
    miner = TemplateMiner()
    ids = [miner.resolve(i) for i in miner.assign([record.message for record in records])]
    if assign:
        for record, identifier in zip(records, ids, strict=True):
            sys.stdout.write(f"{identifier}\n" * record.lines)
        return
    for identifier, count in Counter(ids).most_common():
        sys.stdout.write(f"{count:>9,}  {identifier}  {miner.text(identifier)}\n")


@app.callback()
def _logs() -> None:
    """Look at logs the way the log watch does."""


app.command("backtest")(logs_backtest.backtest)
app.command("score")(logs_series.score)
app.command("forecast")(logs_series.forecast)
