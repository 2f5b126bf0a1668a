"""The task role and the actions say the same: no call without a permission, no permission that nothing calls."""

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.deploy.conftest import DEPLOY

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
