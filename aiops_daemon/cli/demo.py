"""`demo`: the real daemon, as a process of its own, on the embedded AWS. Five things happen; each must end as it should.

Nothing is played back: instances are really stopped and terminated in the embedded AWS, the events that AWS would send go through SQS,
and what is printed is read from the incident table.
"""

import asyncio
import shlex
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aiops_daemon.cli import demo_events as events
from aiops_daemon.cli.demo_stage import Stage
from aiops_daemon.cli.demo_stage import stage as stage_of
from aiops_daemon.cli.errors import writable
from aiops_daemon.model.incident import Incident, State

TERRAFORM_SECONDS = 240.0
LOOK_SECONDS = 0.5  # between two looks at whether the daemon still lives


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running afterwards, and say how to send it events.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(callback=writable, help="Write the chart of the log watch's warning to this file: PNG if it is called so, else SVG."),
    ] = None,
    terraform: Annotated[bool, typer.Option(help="Use a real terraform where one is found; --no-terraform: a stand-in build.")] = True,
) -> None:
    """Five incidents on the embedded AWS: no account, no docker, no key. Exit 0 only if every part ended as it should."""
    good = asyncio.run(_demo(keep=keep, terraform=terraform, plot=plot))
    raise typer.Exit(0 if good else 1)


async def _demo(*, keep: bool, terraform: bool, plot: Path | None) -> bool:
    console = Console(soft_wrap=True)
    async with stage_of(console, terraform=terraform) as (stage, environment):
        await _stopped(stage)
        await _terminated(stage)
        await _three_times(stage)
        await _on_purpose(stage)
        await _doubtful(stage)
        await _foreseen(stage, plot)
        _summary(stage)
        if keep:
            await _keep(stage, environment)
    return all(good for _, _, good in stage.results)


async def _stopped(stage: Stage) -> None:
    stage.part("(a) an unknown user stops an instance")
    instance = await stage.instance("web-1")
    await (await stage.clients.client("ec2")).stop_instances(InstanceIds=[instance])
    await stage.send(events.api_call("StopInstances", instance, region=stage.region))
    found = await stage.about(instance, 1)
    state = await stage.state_of(instance)
    good = [one.workflow_state for one in found] == [State.COMPLETED] and state == "running"
    stage.verdict("(a) stopped", f"{instance} is {state}, {_outcomes(found)}", good=good)


async def _terminated(stage: Stage) -> None:
    stage.part("(b) an unknown user terminates an instance; a build recreates it")
    instance = await stage.instance("web-2")
    await (await stage.clients.client("ec2")).terminate_instances(InstanceIds=[instance])
    await stage.send(events.api_call("TerminateInstances", instance, region=stage.region))
    found = await stage.about(
        instance, 1, until=frozenset({State.AWAITING_APPROVAL, State.COMPLETED, State.FAILED}), seconds=TERRAFORM_SECONDS
    )
    await _approve_if_asked(stage, found)
    found = await stage.about(instance, 1, seconds=TERRAFORM_SECONDS)
    good = await _replaced(stage, instance, found)
    stage.verdict("(b) terminated", f"{_outcomes(found)}, {_build_of(found)}", good=good)


async def _three_times(stage: Stage) -> None:
    stage.part("(c) the same failure, reported three times within a minute")
    instance = await stage.instance("web-3")
    await (await stage.clients.client("ec2")).stop_instances(InstanceIds=[instance])
    for _ in range(3):
        await stage.send(events.api_call("StopInstances", instance, region=stage.region))
    found = await stage.about(instance, 3)
    states = sorted(one.workflow_state for one in found)
    stage.verdict("(c) three times", _outcomes(found), good=states == [State.COMPLETED, State.COOLDOWN, State.COOLDOWN])


async def _on_purpose(stage: Stage) -> None:
    stage.part("(d) Auto Scaling scales in; somebody is denied")
    scaled, wanted = await stage.instance("asg-1"), await stage.instance("web-4")
    await (await stage.clients.client("ec2")).terminate_instances(InstanceIds=[scaled])
    await stage.send(events.api_call("TerminateInstances", scaled, region=stage.region, by=events.SCALING))
    await stage.send(events.api_call("TerminateInstances", wanted, region=stage.region, error="Client.UnauthorizedOperation"))
    found = await stage.about(scaled, 1) + await stage.about(wanted, 1)
    nothing = all((one.workflow_state is State.SUPPRESSED and "plan" not in one.results) or not _steps(one) for one in found)
    good = len(found) == 2 and nothing and await stage.state_of(scaled) == "terminated" and await stage.state_of(wanted) == "running"
    stage.verdict("(d) on purpose, denied", f"no action: {_outcomes(found)}", good=good)


async def _doubtful(stage: Stage) -> None:
    stage.part("(e) an instance is gone and nobody says why: a human decides")
    instance = await stage.instance("batch-5")
    await (await stage.clients.client("ec2")).terminate_instances(InstanceIds=[instance])
    await stage.send(events.state_change("terminated", instance, region=stage.region))
    found = await stage.about(instance, 1, until=frozenset({State.AWAITING_APPROVAL, State.COMPLETED, State.SUPPRESSED, State.FAILED}))
    asked = [one.workflow_state for one in found] == [State.AWAITING_APPROVAL]
    await _approve_if_asked(stage, found)
    found = await stage.about(instance, 1, seconds=TERRAFORM_SECONDS)
    good = asked and await _replaced(stage, instance, found)
    stage.verdict("(e) doubtful", f"asked first: {'yes' if asked else 'NO'}; {_outcomes(found)}, {_build_of(found)}", good=good)


async def _replaced(stage: Stage, instance: str, found: list[Incident]) -> bool:
    replacement = str(found[0].results.get("replacement", "")) if found else ""
    state = await stage.state_of(replacement) if replacement else "absent"
    return [one.workflow_state for one in found] == [State.COMPLETED] and state == "running" and replacement != instance


async def _foreseen(stage: Stage, plot: Path | None) -> None:
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.cli.demo_logs import foresee
    from aiops_daemon.logwatch.drawing.raster import save

    stage.part("(f) a connection pool runs dry: four days of log in the embedded CloudWatch Logs, judged by event time")
    found = await foresee(stage.clients, SystemClock())
    if plot is not None:
        await asyncio.to_thread(save, found.traces, plot)
    for line in found.chart:
        stage.console.print("  " + escape(line), highlight=False)
    told = f"warned {found.lead_minutes} minutes before the failure" if found.lead_minutes is not None else "NOT warned before the failure"
    said = f"{told}: {found.what}: {found.how_unusual}; {found.false_alarms} false alarm(s) in the days before"
    stage.verdict("(f) foreseen", said, good=found.lead_minutes is not None and found.lead_minutes > 0 and found.false_alarms == 0)


async def _approve_if_asked(stage: Stage, found: list[Incident]) -> None:
    from aiops_daemon.cli.incidents import decision_body

    for incident in found:
        if incident.workflow_state is State.AWAITING_APPROVAL:
            stage.console.print(escape(f"  (the demo approves: aiops-daemon incidents approve {incident.incident_id} --reason demo)"))
            await stage.send(decision_body(incident.incident_id, "approve", "demo", "demo"))


def _outcomes(found: list[Incident]) -> str:
    return ", ".join(f"{one.workflow_state}" + (f" ({one.outcome})" if one.outcome else "") for one in found) or "no incident"


def _steps(incident: Incident) -> list[Any]:
    plan = incident.results.get("plan")
    steps = plan.get("steps") if isinstance(plan, dict) else None
    return steps if isinstance(steps, list) else []


def _build_of(found: list[Incident]) -> str:
    notes = " ".join(entry.note for one in found for entry in one.audit)
    return "recreated by a stand-in build, since no terraform was found" if "stand-in" in notes else "recreated by terraform apply"


def _summary(stage: Stage) -> None:
    table = Table(title="What happened", title_justify="left")
    for heading in ("part", "result", "as it should"):
        table.add_column(heading)
    for part, said, good in stage.results:
        table.add_row(escape(part), escape(said), "[green]yes[/]" if good else "[red]NO[/]")
    stage.console.print()
    stage.console.print(table)


def command() -> str:
    """As it can be typed: the virtual environment's folder is often not on PATH."""
    ours = Path(sys.executable).with_name("aiops-daemon")
    return str(ours) if ours.exists() and shutil.which("aiops-daemon") != str(ours) else "aiops-daemon"


async def _keep(stage: Stage, environment: dict[str, str]) -> None:
    """Until Ctrl-C, or until the daemon ends by itself: an operator may kill it to see what happens."""
    variables, event = stage.folder / "demo.env", stage.folder / "event.json"
    variables.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()))
    instance = await stage.instance("yours")
    await (await stage.clients.client("ec2")).stop_instances(InstanceIds=[instance])
    event.write_text(events.api_call("StopInstances", instance, region=stage.region))
    lines = ("It goes on. In another terminal:", f"  . {variables}", f"  {command()} send {event}      # {instance} was just stopped",
        f"  {command()} incidents list", f"  curl localhost:{stage.port()}/", "Ctrl-C ends it.")  # fmt: skip
    stage.console.print("\n" + escape("\n".join(lines)), highlight=False)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    while stage.daemon.returncode is None and not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
    if stage.daemon.returncode is not None:
        stage.verdict("(kept)", f"the daemon is gone, exit {stage.daemon.returncode}; its last words: {stage.folder}", good=False)
