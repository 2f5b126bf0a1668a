"""The commands against a fleet in memory: same table, same clock, no AWS."""

from typing import Any, Self

import pytest
from typer.testing import CliRunner, Result

from aiops_daemon.aws import clock, session, table
from aiops_daemon.cli import app
from tests.doubles.scripted_aws import ScriptedAws
from tests.doubles.world import Fleet


class Terminal:
    """What an operator has: the command line, and a queue that remembers what was put on it."""

    def __init__(self) -> None:
        self.fleet = Fleet()
        self.aws = ScriptedAws(send_message=[{"MessageId": "m-1"}], get_queue_url=[{"QueueUrl": "http://q"}])

    def run(self, *arguments: str, stdin: str | bytes | None = None, columns: int = 300) -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, env={"COLUMNS": str(columns)})

    def sent(self) -> list[str]:
        return [parameters["MessageBody"] for operation, parameters in self.aws.asked if operation == "send_message"]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()

    class Session:
        def __init__(self, _: object) -> None: ...
        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None: ...
        async def client(self, service: str, **_: object) -> Any:
            return made.aws

        async def caller(self) -> str:
            return "arn:aws:iam::123456789012:user/ann"

    monkeypatch.setattr(session, "AwsSession", Session)
    monkeypatch.setattr(table, "DynamoTable", lambda *_: made.fleet.memory)
    monkeypatch.setattr(clock, "SystemClock", lambda: made.fleet.clock)
    return made
