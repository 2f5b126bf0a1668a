"""The task role and the actions say the same: no call without a permission, no permission that nothing calls."""

import importlib.util
import re
import sys
from types import ModuleType

import pytest

from tests.deploy.conftest import DEPLOY, ROOT

# Permissions that no call names, and why they are needed all the same.
IMPLIED = {
    "kms:Decrypt": "SSM decrypts and encrypts SecureString parameters in the caller's name",
    "kms:Encrypt": "as above",
}


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_permissions", DEPLOY / "permissions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


permissions = load()
ACTIONS = permissions.actions()


def test_the_file_is_fresh() -> None:
    """`python deploy/permissions.py` makes it."""
    import json

    assert json.loads(permissions.FILE.read_text()) == permissions.permissions()


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.spec.id)
def test_an_action_states_what_it_calls(action: object) -> None:
    stated = set(action.spec.permissions)  # type: ignore[attr-defined]  # the module is loaded by path
    called = permissions.calls_in(permissions.source_of(action))
    assert called <= stated, "calls without a permission"
    assert stated - called <= IMPLIED.keys(), "permissions that nothing calls"


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
