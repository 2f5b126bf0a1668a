"""`run`, `check`, `bootstrap`, `send`: the daemon itself and what it stands on."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from aiops_daemon.cli.errors import UsageError, readable


def run() -> None:
    """Run the daemon until SIGTERM."""
    from aiops_daemon import assembly
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.daemon import stop_on_signals
    from aiops_daemon.settings import load
    from aiops_daemon.telemetry.logging import configure

    settings = load()
    configure(settings.telemetry, SystemClock())

    async def go() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        await assembly.run(settings, stop)

    asyncio.run(go())


def check(
    listing: Annotated[bool, typer.Option("--list", help="Show every setting with its meaning and default.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Look at the configuration only, not at AWS.")] = False,
) -> None:
    """Is the configuration valid, and is everything there that it names? Exit 3 where something is missing."""
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.bootstrap import NOT_SET, Check
    from aiops_daemon.settings import known_names, load

    if listing:
        for name, (meaning, default) in known_names().items():
            print(f"{name}={default}\n    {meaning}")
        return
    settings = load()
    print("ok       configuration")
    if offline:
        return

    async def go() -> list[tuple[str, str | None]]:
        async with AwsSession(settings.aws) as clients:
            return await Check(clients, settings).run()

    found = asyncio.run(go())
    for name, problem in found:
        unset = problem is not None and problem.startswith(NOT_SET)
        word, why = (
            ("not set", problem.removeprefix(NOT_SET)) if problem and unset else ("MISSING", f": {problem}") if problem else ("ok", "")
        )
        print(f"{word:8} {name}{why}")
    missing = [problem for _, problem in found if problem and not problem.startswith(NOT_SET)]
    if any(problem.endswith("does not exist") for problem in missing):
        print("Terraform makes what does not exist (docs/deploy.md); for LocalStack, moto or a first look: aiops-daemon bootstrap")
    if missing:
        raise typer.Exit(3)


def bootstrap() -> None:
    """Make queues, tables, topic and EventBridge rules where they are missing (LocalStack, moto, a development account)."""
    from aiops_daemon.aws.clock import SystemClock
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.bootstrap import Bootstrap
    from aiops_daemon.settings import load

    settings = load()

    async def go() -> None:
        async with AwsSession(settings.aws) as clients:
            async for line in Bootstrap(clients, settings, SystemClock()).run():
                print(line)

    asyncio.run(go())


def send(source: Annotated[str, typer.Argument(metavar="FILE|-", help="One event; - reads standard input.")]) -> None:
    """Put an event on the daemon's queue: for a first try, and for drills."""
    from aiops_daemon.settings import load

    with readable(source):
        body = (sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()).decode()
    if not body.strip():
        raise UsageError("the event is empty")
    print(*asyncio.run(put_on_queue(load(), body)))


async def put_on_queue(settings: object, *bodies: str) -> list[str]:
    """The message ids."""
    from aiops_daemon.aws.session import AwsSession
    from aiops_daemon.settings import Settings

    assert isinstance(settings, Settings)  # noqa: S101  # the import above stays inside, so that --help stays fast
    async with AwsSession(settings.aws) as clients:
        sqs = await clients.client("sqs")
        url = settings.intake.queue_url or (await sqs.get_queue_url(QueueName=settings.intake.queue_name))["QueueUrl"]
        return [str((await sqs.send_message(QueueUrl=url, MessageBody=body))["MessageId"]) for body in bodies]
