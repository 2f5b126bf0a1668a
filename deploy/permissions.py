#!/usr/bin/env python3
"""Writes deploy/terraform/permissions.json: what the task role is made of. `--check` only compares and exits 1 when it is stale.

An action's permissions are its own statement (spec.permissions). A probe has none: what it calls is read from its source. `calls_in`
reads both, so that a test can hold the statements against the calls.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from botocore import xform_name
from botocore.session import get_session

from aiops_daemon.actions import catalogue
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.incidents import kill_switch
from aiops_daemon.ports import Action
from aiops_daemon.probes import probes

SHARED = ("aiops_daemon.aws.", "aiops_daemon.actions.")
FILE = Path(__file__).parent / "terraform/permissions.json"


def actions() -> tuple[Action, ...]:
    """Every action that the daemon ships."""
    return catalogue(ActionSettings(codebuild_project=None), SystemClock())


@cache
def _operations(service: str) -> dict[str, str]:
    """Method of the client -> IAM action. For the services used here the IAM prefix is the client's name."""
    model = get_session().get_service_model(service)
    return {xform_name(name): f"{service}:{name}" for name in model.operation_names}


def calls_in(source: str) -> set[str]:
    """IAM actions of the client calls in a module's source."""
    tree = ast.parse(source)
    services = sorted(_services(tree))
    methods = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    pages = {argument for node in ast.walk(tree) for argument in _paginated(node)}
    return {known[method] for service in services for known in (_operations(service),) for method in methods | pages if method in known}


def calls_of(services: tuple[str, ...], source: str) -> set[str]:
    """The same for a source that is handed its clients: any attribute that is an operation of one of `services`."""
    names = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    return {known[name] for service in services for known in (_operations(service),) for name in names if name in known}


def _services(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "client" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _paginated(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
        yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str))


def source_of(thing: object) -> str:
    """The source of the module that defines it, and of what that module borrows from aws/ and actions/ (shared calls)."""
    own = inspect.getsource(sys.modules[type(thing).__module__])
    borrowed = {node.module for node in ast.walk(ast.parse(own)) if isinstance(node, ast.ImportFrom) and node.module}
    return "\n".join([own, *(inspect.getsource(sys.modules[name]) for name in sorted(borrowed) if name.startswith(SHARED))])


def permissions() -> dict[str, dict[str, list[str]]]:
    """What stands in the file."""
    looks: dict[str, set[str]] = {}
    for probe in probes():
        for call in calls_in(source_of(probe)):
            looks.setdefault(call.partition(":")[0], set()).add(call)
    return {
        "actions": {action.spec.id: sorted(action.spec.permissions) for action in sorted(actions(), key=lambda action: action.spec.id)},
        "probes": {service: sorted(calls) for service, calls in sorted(looks.items())},
        "guards": {"kill_switch_parameter": sorted(kill_switch.PERMISSIONS)},  # only where AIOPS_KILL_SWITCH_PARAMETER is set
    }


def main() -> int:
    text = json.dumps(permissions(), indent=2) + "\n"
    if "--check" in sys.argv:
        return 0 if FILE.read_text(encoding="utf-8") == text else 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
