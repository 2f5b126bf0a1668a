"""The task role and the actions say the same: no call without a permission, no permission that nothing calls."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from aiops_daemon.incidents import kill_switch
from aiops_daemon.incidents.breaker import Breaker
from aiops_daemon.incidents.claims import Claims
from aiops_daemon.incidents.history import IncidentHistory
from aiops_daemon.incidents.journal import Journal
from aiops_daemon.incidents.kill_switch import KillSwitch
from aiops_daemon.ports import Action
from deploy import permissions
from tests.deploy.conftest import DEPLOY, ROOT
from tests.doubles.memory_table import MemoryTable
from tests.doubles.virtual_time import LoopClock

# Permissions that no call names, and why they are needed all the same.
IMPLIED = {
    "kms:Decrypt": "SSM decrypts and encrypts SecureString parameters in the caller's name",
    "kms:Encrypt": "as above",
    "s3:GetObjectVersion": "what GetObject needs where it names a version",
}


ACTIONS = permissions.actions()


def test_the_file_is_fresh() -> None:
    """`python deploy/permissions.py` makes it."""
    import json

    assert json.loads(permissions.FILE.read_text()) == permissions.permissions()


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.spec.id)
def test_an_action_states_what_it_calls(action: Action) -> None:
    stated = set(action.spec.permissions)
    called = permissions.calls_in(permissions.source_of(action))
    assert called <= stated, "calls without a permission"
    assert stated - called <= IMPLIED.keys(), "permissions that nothing calls"


def test_the_kill_switchs_parameter_is_only_read() -> None:
    called = permissions.calls_in((ROOT / "aiops_daemon/incidents/kill_switch.py").read_text())
    assert called == kill_switch.PERMISSIONS == {"ssm:GetParameter"}


def test_the_reader_of_calls_sees_them() -> None:
    source = 'async def f(c):\n  ec2 = await c.client("ec2")\n  await ec2.start_instances()\n  ec2.get_paginator("describe_instances")'
    assert permissions.calls_in(source) == {"ec2:StartInstances", "ec2:DescribeInstances"}


def test_probes_only_look() -> None:
    verbs = {call.partition(":")[2] for calls in permissions.permissions()["probes"].values() for call in calls}
    assert verbs
    assert all(verb.startswith(("Describe", "Get", "List")) for verb in verbs)


# Package -> the services whose clients it is handed. Actions and probes state theirs; cli, embedded and bootstrap are not the task.
HANDED = {
    "aws/table.py": ("dynamodb",),
    "incidents": ("dynamodb",),
    "intake": ("sqs",),
    "logwatch": ("logs",),
    "logwatch/store.py": ("dynamodb",),
    "notifiers/sns.py": ("sns",),
    "telemetry/cloudwatch.py": ("cloudwatch",),
}
# What `aiops-daemon check` looks at, run inside a task.
CHECKED = {"dynamodb:DescribeTable", "sns:GetTopicAttributes", "codebuild:BatchGetProjects"}
# A batch is authorised as its single call.
BATCH = re.compile(r"(ChangeMessageVisibility|DeleteMessage)Batch$")


def called_by_the_core() -> set[str]:
    found: set[str] = set()
    for part, services in HANDED.items():
        path = ROOT / "aiops_daemon" / part
        for file in [path] if path.suffix else sorted(path.glob("*.py")):
            found |= {BATCH.sub(r"\1", call) for call in permissions.calls_of(services, file.read_text())}
    return found


def granted_to_the_core() -> set[str]:
    """The statements that are written by hand: up to the denials, without the project's and the plans'."""
    text = (DEPLOY / "terraform/iam_task.tf").read_text().partition("NeverPermissions")[0]
    return set(re.findall(r'"((?:sqs|dynamodb|sns|cloudwatch|logs):\w+)"', text)) - {"cloudwatch:namespace"}


def test_the_core_calls_what_its_role_allows_and_no_more() -> None:
    assert called_by_the_core() <= granted_to_the_core(), "calls without a permission"
    assert granted_to_the_core() - called_by_the_core() <= CHECKED, "permissions that nothing calls"


class Recorded(MemoryTable):
    """Notes the call and the kind of item, as IAM sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()

    async def get(self, key: str) -> dict[str, Any] | None:
        self.seen.add(("dynamodb:GetItem", "*"))
        return await super().get(key)

    async def put(self, item: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        self.seen.add(("dynamodb:PutItem", kind_of(item["incident_id"])))
        await super().put(item, condition, values)

    async def update(
        self, key: str, expression: str, condition: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        self.seen.add(("dynamodb:UpdateItem", kind_of(key)))
        return await super().update(key, expression, condition, values, names)

    async def query(
        self,
        index: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        filter_by: str | None = None,
        names: Mapping[str, str] | None = None,
        newest_first: bool = True,
        limit: int | None = None,
        reads: int | None = None,
        only: str | None = None,
    ) -> list[Mapping[str, Any]]:
        self.seen.add(("dynamodb:Query", "*"))
        return await super().query(
            index,
            condition,
            values,
            filter_by=filter_by,
            names=names,
            newest_first=newest_first,
            limit=limit,
            reads=reads,
            only=only,
        )


def kind_of(key: str) -> str:
    head, hash_, _ = key.partition("#")
    return f"{head}#*" if hash_ else head


def granted_to_operators() -> set[tuple[str, str]]:
    text = (DEPLOY / "terraform/iam_operator.tf").read_text()
    keyed = re.findall(r'action = "(dynamodb:\w+)", keys = \[(.*?)\]', text)
    plain = re.findall(r'actions += \["(dynamodb:\w+)"\]', text)
    return {(action, key) for action, keys in keyed for key in re.findall(r'"(.*?)"', keys)} | {(action, "*") for action in plain}


async def test_the_operator_policy_is_what_the_commands_do_to_the_table() -> None:
    table, clock = Recorded(), LoopClock()
    await KillSwitch(table, clock).set(stopped=True, by="me", reason="a drill")
    await Breaker(table, clock).look("ec2.start")
    await Breaker(table, clock).close("ec2.start", by="me", reason="a drill")
    await Claims(table, clock).thaw("RES#1#us-east-1#ec2:instance#i-1", by="me", reason="a drill")
    await Journal(table, clock).load("inc-1")
    await IncidentHistory(table, clock).listed(since=timedelta(hours=1))
    assert table.seen == granted_to_operators()


def test_the_commands_send_by_the_queue_only() -> None:
    calls = permissions.calls_of(("sqs",), (ROOT / "aiops_daemon/cli/daemon.py").read_text())
    stated = set(re.findall(r'"(sqs:\w+)"', (DEPLOY / "terraform/iam_operator.tf").read_text()))
    moved = {"sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:CancelMessageMoveTask"}
    assert stated == calls | moved | {"sqs:GetQueueAttributes"}  # the runbook's `aws sqs` commands for dead letters
