"""`demo`: the real daemon, as a process of its own, on the embedded AWS. Five things happen; each must end as it should.

Nothing is played back: instances are really stopped and terminated in the embedded AWS, the events that AWS would send go through SQS,
and what is printed is read from the incident table.
"""

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aiops_daemon.cli import demo_events as events
from aiops_daemon.model.incident import Incident, State

if TYPE_CHECKING:
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.incidents.history import IncidentHistory
    from aiops_daemon.settings import Settings

PROJECT = "aiops-recovery"
PLAN_BUCKET = "aiops-plans"
PART_SECONDS = 60.0
TERRAFORM_SECONDS = 240.0
# Short waits, so that a demo is watchable; everything else is as in production.
SETTINGS = {
    "AIOPS_WORKFLOW__SOAK_SECONDS": "1",
    "AIOPS_WORKFLOW__VERIFY_INTERVAL_SECONDS": "2",
    "AIOPS_WORKFLOW__SCAN_INTERVAL_SECONDS": "0.5",
    "AIOPS_INTAKE__WAIT_SECONDS": "2",
    "AIOPS_ACTIONS__POLL_SECONDS": "1",
    "AIOPS_ACTIONS__BUILD_POLL_SECONDS": "3",
    "AIOPS_TELEMETRY__HTTP_PORT": "0",
    "AIOPS_TELEMETRY__HTTP_HOST": "127.0.0.1",
    "AIOPS_ACTIONS__CODEBUILD_PROJECT": PROJECT,
    "AIOPS_ACTIONS__PLAN_BUCKET": PLAN_BUCKET,
    "AIOPS_POLICY__AUTONOMY": json.dumps({"ec2.start": "auto", "codebuild.terraform_apply": "auto"}),
}


@dataclass
class Stage:
    """The demo's view: the embedded AWS, and the incidents as the table has them."""

    clients: "AwsSession"
    history: "IncidentHistory"
    settings: "Settings"
    region: str
    queue_url: str
    image: str
    console: Console
    printed: dict[str, int] = field(default_factory=dict)
    results: list[tuple[str, str, bool]] = field(default_factory=list)

    async def instance(self, name: str) -> str:
        ec2 = await self.clients.client("ec2")
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        made = await ec2.run_instances(ImageId=self.image, InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=tags)
        return str(made["Instances"][0]["InstanceId"])

    async def state_of(self, instance: str) -> str:
        ec2 = await self.clients.client("ec2")
        found = await ec2.describe_instances(InstanceIds=[instance])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    async def send(self, body: str) -> None:
        sqs = await self.clients.client("sqs")
        await sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

    async def incidents(self) -> list[Incident]:
        return await self.history.listed(since=timedelta(hours=1))

    async def about(
        self, instance: str, count: int, *, seconds: float = PART_SECONDS, until: frozenset[State] | None = None
    ) -> list[Incident]:
        """Print what happens until `count` incidents of the instance rest (or reached `until`)."""
        waited = 0.0
        while True:
            found = [incident for incident in await self.incidents() if incident.resource_id == instance]
            self._print(found)
            rest = [one for one in found if (one.workflow_state in until if until else one.terminal and one.due_at is None)]
            if len(rest) >= count or waited > seconds:
                return found
            await asyncio.sleep(0.3)
            waited += 0.3

    def part(self, title: str) -> None:
        self.console.print(f"\n[bold]{escape(title)}[/bold]")

    def verdict(self, part: str, said: str, *, good: bool) -> None:
        self.results.append((part, said, good))
        self.console.print(f"  [{'green' if good else 'red'}]{'as it should' if good else 'NOT as it should'}[/]: {escape(said)}")

    def _print(self, found: list[Incident]) -> None:
        for incident in sorted(found, key=lambda one: one.incident_timestamp):
            seen = self.printed.get(incident.incident_id, 0)
            for entry in incident.audit[seen:]:
                line = f"  {entry.at:%H:%M:%S.%f}"[:-3] + f"  {incident.incident_id[:10]}  {entry.state:<18} {entry.note}"
                self.console.print(escape(line[:200]), highlight=False)
            self.printed[incident.incident_id] = len(incident.audit)


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running afterwards, and say how to send it events.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write the chart of the log watch's warning to this SVG file.")] = None,
    terraform: Annotated[bool, typer.Option(help="Use a real terraform where one is found; --no-terraform: a stand-in build.")] = True,
) -> None:
    """Five incidents on the embedded AWS: no account, no docker, no key. Exit 0 only if every part ended as it should."""
    good = asyncio.run(_demo(keep=keep, terraform=terraform, plot=plot))
    raise typer.Exit(0 if good else 1)


async def _demo(*, keep: bool, terraform: bool, plot: Path | None) -> bool:
    console = Console(soft_wrap=True)
    async with _stage(console, terraform=terraform) as (stage, environment):
        await _stopped(stage)
        await _terminated(stage)
        await _three_times(stage)
        await _on_purpose(stage)
        await _doubtful(stage)
        await _foreseen(stage, plot)
        _summary(stage)
        if keep:
            await _keep(console, environment)
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

    stage.part("(f) a connection pool runs dry: four days of log in the embedded CloudWatch Logs, judged by event time")
    found = await foresee(stage.clients, SystemClock())
    if plot is not None:
        await asyncio.to_thread(plot.write_text, found.svg, encoding="utf-8")
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


@asynccontextmanager
async def _stage(console: Console, *, terraform: bool) -> AsyncIterator[tuple[Stage, dict[str, str]]]:
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.aws.table import DynamoTable
    from aiops_daemon.bootstrap import Bootstrap
    from aiops_daemon.embedded.aws import EmbeddedAws
    from aiops_daemon.incidents.history import IncidentHistory
    from aiops_daemon.settings import load, use_environment

    async with EmbeddedAws(terraform=terraform) as aws:
        environment = aws.environment | SETTINGS
        use_environment(environment)
        settings = load()
        console.print(f"embedded AWS at {aws.endpoint} (account {aws.account}, {aws.region})")
        async with AwsSession(settings.aws) as clients:
            clock = SystemClock()
            bootstrap = Bootstrap(clients, settings, clock)
            async for line in bootstrap.run():
                console.print(f"  {escape(line)}", highlight=False)
            await _project(clients)
            environment["AIOPS_NOTIFIERS__SNS_TOPIC_ARN"] = bootstrap.topic_arn
            images = (await (await clients.client("ec2")).describe_images(Owners=["amazon"]))["Images"]
            history = IncidentHistory(DynamoTable(clients, settings.incidents.table), clock)
            async with _daemon(console, environment):
                yield Stage(clients, history, settings, aws.region, bootstrap.queue_url, images[0]["ImageId"], console), environment


async def _project(clients: "AwsSession") -> None:
    codebuild = await clients.client("codebuild")
    await codebuild.create_project(
        name=PROJECT,
        source={"type": "S3", "location": "aiops-stacks/stack.zip", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "PLAN_BUCKET", "value": PLAN_BUCKET}],
        },
        serviceRole="arn:aws:iam::123456789012:role/aiops-recovery",
    )


@asynccontextmanager
async def _daemon(console: Console, environment: dict[str, str]) -> AsyncIterator[None]:
    """`aiops-daemon run` as a child; its JSON log goes to a file that is named."""
    from aiops_daemon.settings import child_environment

    log = Path(tempfile.mkdtemp(prefix="aiops-demo-")) / "daemon.jsonl"
    with log.open("w") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aiops_daemon", "run", env=child_environment(environment), stdout=out, stderr=out
        )
        console.print(f"daemon started (pid {process.pid}), its log: {log}")
        try:
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(process.wait(), 110)
            console.print(f"daemon stopped, exit {process.returncode}")


async def _keep(console: Console, environment: dict[str, str]) -> None:
    console.print("\nIt goes on. In another terminal:")
    for name, value in environment.items():
        console.print(escape(f"  export {name}='{value}'"), highlight=False)
    console.print("  aiops-daemon send event.json; aiops-daemon incidents list\nCtrl-C ends it.")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    await stop.wait()
