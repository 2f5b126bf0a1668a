"""`logs backtest`: the whole log watch over files or standard input, by event time, as if it had been live."""

import heapq
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops_daemon.cli.errors import readable, writable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from aiops_daemon.logwatch.backtest import Backtest, Event
    from aiops_daemon.logwatch.drawing.chart import Trace
    from aiops_daemon.logwatch.findings import Alert

Files = Annotated[list[str], typer.Argument(help="log files, or - for standard input")]


class Output(StrEnum):
    """How the alerts are printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


def backtest(
    files: Files,
    output: Annotated[Output, typer.Option(help="jsonl: one object per alert, when it is over")] = Output.table,
    threshold: Annotated[float, typer.Option(help="ANOMALY_THRESHOLD, standard deviations", min=2, max=20)] = 3.5,
    plot: Annotated[
        Path | None, typer.Option(callback=writable, help="write the charts of the alerts to this file: PNG if it is called so, else SVG")
    ] = None,
    year: Annotated[int | None, typer.Option(help="the year of lines that name none (syslog)")] = None,
) -> None:
    """Show what the log watch would have alerted when.

    Lines are JSON ({"timestamp": milliseconds, "message": text, "logGroup": optional}) or plain and begin with a time.
    """
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.logwatch.analysis import LogAnalysis
    from aiops_daemon.logwatch.backtest import Backtest
    from aiops_daemon.logwatch.drawing.chart import Traces
    from aiops_daemon.logwatch.drawing.raster import save
    from aiops_daemon.logwatch.episodes import Change
    from aiops_daemon.logwatch.settings import LogWatchSettings
    from aiops_daemon.logwatch.templates import TemplateMiner
    from aiops_daemon.telemetry.redaction import redact

    missing = [name for name in files if name != "-" and not Path(name).is_file()]
    if missing:
        raise typer.BadParameter(f"no such file: {', '.join(missing)}")
    settings = LogWatchSettings(anomaly_threshold=threshold)
    traces = Traces()
    analysis = LogAnalysis(settings, miner=lambda: TemplateMiner(settings.max_templates), redact=redact, observe=traces.observe)
    run = Backtest(analysis)
    alerts: dict[str, Alert] = {}
    printed: set[str] = set()
    for change, alert in run.run(_events(files, year or SystemClock().now().year)):
        alerts[alert.alert_id] = alert
        if change is Change.OPENED:
            traces.opened(alert, analysis.group(alert.cause.log_group))
        if output is Output.jsonl and change is Change.CLOSED:
            _print_object(alert, printed)
    if output is Output.jsonl:
        for alert in alerts.values():
            _print_object(alert, printed)
    elif output is Output.json:
        typer.echo(json.dumps([as_object(alert) for alert in alerts.values()], indent=1, ensure_ascii=False))
    else:
        _print_table(list(alerts.values()), traces.traces)
    if plot is not None:
        save(list(traces.traces.values()), plot)
    _summary(run, len(alerts))


def _print_object(alert: "Alert", printed: set[str]) -> None:
    if alert.alert_id not in printed:
        printed.add(alert.alert_id)
        typer.echo(json.dumps(as_object(alert), ensure_ascii=False))


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_object(alert: "Alert") -> dict[str, object]:
    """One alert as printed; times in ISO 8601, UTC."""
    from aiops_daemon.logwatch.advice import advice

    cause, (why, first) = alert.cause, advice(alert)
    return {
        "at": _iso(alert.at),
        "log_group": cause.log_group,
        "kind": str(cause.kind),
        "template": cause.template,
        "observed": cause.observed,
        "expected": cause.expected,
        "sigma": cause.sigma,
        "probability": None if alert.probability is None else round(alert.probability, 4),
        "since": _iso(cause.since),
        "until": None if alert.until is None else _iso(alert.until),
        "level": cause.level,
        "urgency": str(alert.urgency),
        "deploy": alert.deploy.name if alert.deploy else None,
        "likely_cause": why,
        "recommended": first,
        "forecast": alert.no_forecast,
        "lead_seconds": alert.lead_seconds,
        "log_groups": alert.groups,
        "also": [{"log_group": f.log_group, "kind": str(f.kind), "template": f.template} for f in alert.findings[1:6]],
        "samples": list(cause.samples),
    }


def _print_table(alerts: "list[Alert]", traces: "dict[str, Trace]") -> None:
    from rich.console import Console
    from rich.markup import escape

    from aiops_daemon.logwatch.advice import advice
    from aiops_daemon.logwatch.drawing.chart import clock, terminal

    console = Console(highlight=False)
    for alert in sorted(alerts, key=lambda a: a.at):
        cause = alert.cause
        until = f"until {clock(alert.until)}" if alert.until else "not over yet"
        console.print(f"[bold]{clock(alert.at)} {cause.kind.upper()}[/bold] {escape(cause.log_group)}: {escape(cause.template)}")
        console.print(f"  {cause.how_unusual}; since {clock(cause.since)}, {until}; urgency {alert.urgency}")
        if alert.deploy:
            console.print(f"  after a deploy: {escape(alert.deploy.name)}")
        said = f"{alert.probability:.0%} within the hour" if alert.probability is not None else alert.no_forecast
        console.print(f"  probability that the group fails: {said}")
        why, first = advice(alert)
        console.print(f"  likely cause: {escape(why)}; first: {escape(first)}")
        if len(alert.findings) > 1:
            console.print(f"  also: {len(alert.findings) - 1} more series in {len(alert.groups)} group(s)")
        for sample in cause.samples:
            console.print(f"  | {escape(sample.splitlines()[0][:160] if sample else '')}", soft_wrap=True)
        if alert.alert_id in traces:
            for line in terminal(traces[alert.alert_id]):
                console.print(f"  {escape(line)}", soft_wrap=True)
        console.print()
    if not alerts:
        console.print("No alerts.")


def _summary(run: "Backtest", alerts: int) -> None:
    groups = run.analysis.groups.values()
    warm = [g.name for g in groups if g.monitor is not None and g.monitor.warm_up_left()]
    late = sum(g.open.too_late for g in groups)
    notes = [f"{run.lines:,} events, {len(run.analysis.groups)} log group(s), {alerts} alert(s)"]
    if late:
        notes.append(f"{late:,} came more than ten minutes late and were not counted")
    if run.set_aside:
        notes.append(f"{run.set_aside:,} with a time far ahead of all others were left out")
    if warm:
        notes.append(f"still warming up (less than a day seen): {', '.join(warm[:5])}")
    typer.echo("; ".join(notes), err=True)


def _events(files: list[str], year: int) -> "Iterator[Event]":
    """All files merged by time, with a progress bar by bytes on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from aiops_daemon.logwatch.backtest import read_events

    total = sum(Path(name).stat().st_size for name in files if name != "-") if "-" not in files else None
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("reading", total=total)
        streams = [read_events(_lines(name, progress, task), _group_name(name), year) for name in files]
        yield from streams[0] if len(streams) == 1 else heapq.merge(*streams, key=lambda event: event.line.at_ms)


def _group_name(name: str) -> str:
    return "stdin" if name == "-" else Path(name).stem


def _lines(name: str, progress: "Progress", task: "TaskID") -> Iterator[str]:
    with readable(name), sys.stdin.buffer if name == "-" else Path(name).open("rb") as stream:
        seen = 0
        for raw in stream:
            seen += len(raw)
            if seen > 1_000_000:
                progress.update(task, advance=seen)
                seen = 0
            yield raw.decode("utf-8", "replace").rstrip("\r\n")
