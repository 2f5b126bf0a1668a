"""The demo's stage: the embedded AWS with its tables and build project, the real daemon as a process of its own, an eye on both."""

import asyncio
import json
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from aiops_daemon.model.incident import Incident, State

if TYPE_CHECKING:
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.incidents.history import IncidentHistory
    from aiops_daemon.settings import Settings

PROJECT = "aiops-recovery"
PLAN_BUCKET = "aiops-plans"
PART_SECONDS = 60.0
WIDEST = 220  # characters of a line: the whole story is `incidents show`'s
# Short waits, so that a demo is watchable, and nothing that would ask a person for want of calm; the rest is as in production.
SETTINGS = {
    "AIOPS_WORKFLOW__STORM_RESOURCES": "20",  # five things break here within a minute, on purpose: no storm
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
    daemon: Process
    folder: Path  # of the daemon's log, and of what an operator needs to try it by hand
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
            if len(rest) >= count or waited > seconds or self.daemon.returncode is not None:
                return found
            await asyncio.sleep(0.3)
            waited += 0.3

    def port(self) -> int | None:
        """Where the daemon answers: its first line says it."""
        started = (json.loads(line) for line in (self.folder / "daemon.jsonl").read_text().splitlines() if '"daemon started"' in line)
        return next((int(line["port"]) for line in started), None)

    def part(self, title: str) -> None:
        self.console.print(f"\n[bold]{escape(title)}[/bold]")

    def verdict(self, part: str, said: str, *, good: bool) -> None:
        self.results.append((part, said, good))
        self.console.print(f"  [{'green' if good else 'red'}]{'as it should' if good else 'NOT as it should'}[/]: {escape(said)}")

    def _print(self, found: list[Incident]) -> None:
        from aiops_daemon.notifiers.render import cut  # its package knows HTTP: what is not run does not pay for it

        for incident in sorted(found, key=lambda one: one.incident_timestamp):
            seen = self.printed.get(incident.incident_id, 0)
            for entry in incident.audit[seen:]:
                line = f"  {entry.at:%H:%M:%S.%f}"[:-3] + f"  {incident.incident_id[:10]}  {entry.state:<18} {entry.note}"
                self.console.print(escape(cut(line, WIDEST)), highlight=False)
            self.printed[incident.incident_id] = len(incident.audit)


@asynccontextmanager
async def stage(console: Console, *, terraform: bool) -> AsyncIterator[tuple[Stage, dict[str, str]]]:
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
            folder = Path(tempfile.mkdtemp(prefix="aiops-demo-"))
            async with _daemon(console, environment, folder / "daemon.jsonl") as process:
                image = images[0]["ImageId"]
                yield Stage(clients, history, settings, aws.region, bootstrap.queue_url, image, console, process, folder), environment


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
async def _daemon(console: Console, environment: dict[str, str], log: Path) -> AsyncIterator[Process]:
    """`aiops-daemon run` as a child; its JSON log goes to a file that is named."""
    from aiops_daemon.settings import child_environment

    with log.open("w") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aiops_daemon", "run", env=child_environment(environment), stdout=out, stderr=out
        )
        console.print(f"daemon started (pid {process.pid}), its log: {log}")
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(process.wait(), 110)
            console.print(f"daemon stopped, exit {process.returncode}")
