"""What a start imports: AWS and model libraries only where they are used. Counted, since seconds are the machine's."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

AWS = frozenset({"aioboto3", "aiobotocore", "boto3"})
MODELS = frozenset({"pydantic_ai", "openai", "anthropic"})
HEAVY = AWS | MODELS | {"numpy", "moto", "flask", "werkzeug", "drain3"}
ALSO_NOT_FOR_HELP = frozenset({"botocore", "aiohttp", "prometheus_client", "structlog", "tenacity", "pydantic_settings"})
HELP = """
import runpy, sys
sys.argv = ["aiops-daemon", "--help"]
try:
    runpy.run_module("aiops_daemon", run_name="__main__")
except SystemExit:
    pass
"""


def modules(code: str) -> set[str]:
    """What a fresh interpreter has imported after `code`."""
    report = f"{code}\nimport json, sys\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", report], check=True, capture_output=True, text=True)
    return set(json.loads(done.stderr))


@pytest.mark.parametrize(
    ("code", "most", "never"),
    [
        (HELP, 500, HEAVY | ALSO_NOT_FOR_HELP),
        ("import aiops_daemon.cli", 410, HEAVY | ALSO_NOT_FOR_HELP),
        ("import aiops_daemon.assembly", 780, HEAVY),
        ("import aiops_daemon.bootstrap", 560, HEAVY),
        ("import aiops_daemon.analysts.rules, aiops_daemon.workflow.incident_flow", 600, HEAVY | {"botocore"}),
    ],
    ids=["--help", "the command line", "the daemon's parts", "bootstrap", "rules and workflow"],
)
def test_what_is_not_used_is_not_imported(code: str, most: int, never: frozenset[str]) -> None:
    found = modules(code)
    assert not never & found
    assert len(found) <= most, f"{len(found)} modules: which one is new, and does a start need it?"


def test_the_libraries_are_there_to_be_imported() -> None:
    """Else the test above would hold of a machine that lacks them."""
    assert all(find_spec(name) for name in AWS | MODELS | {"numpy", "moto"})
