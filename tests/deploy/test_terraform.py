"""The module without any AWS: format, validity, its own tests with a mocked provider, and what the rules say about the daemon."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aiops_daemon.embedded.terraform import TerraformTools
from aiops_daemon.settings import stray_names
from tests.deploy.conftest import DEPLOY, MODULE, run_terraform


def test_format(terraform: TerraformTools) -> None:
    run_terraform(terraform, MODULE, "fmt", "-check", "-recursive", "-diff")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_valid(terraform: TerraformTools, module: Path) -> None:
    run_terraform(terraform, module, "validate")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_own_tests(terraform: TerraformTools, module: Path) -> None:
    """25 runs with mock_provider: phases, switches, refusals."""
    answer = run_terraform(terraform, module, "test")
    assert re.search(r"Success! \d+ passed, 0 failed", answer)


def test_every_variable_and_output_is_described_and_typed() -> None:
    for path in MODULE.glob("*.tf"):
        for kind, name, block in re.findall(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', path.read_text(), re.DOTALL | re.MULTILINE):
            assert re.search(r'^  description = "\S', block, re.MULTILINE), f"{kind} {name} has no description"
            assert kind == "output" or re.search(r"^  type +=", block, re.MULTILINE), f"variable {name} has no type"


def test_no_file_is_long() -> None:
    assert not [path.name for path in MODULE.rglob("*.tf") if len(path.read_text().splitlines()) > 300]


def test_the_task_starts_with_settings_that_the_daemon_knows() -> None:
    text = "".join(path.read_text() for path in [MODULE / "service.tf", MODULE / "examples/complete/main.tf"])
    assert stray_names(dict.fromkeys(re.findall(r"\bAIOPS_\w+", text), "")) == []


def test_the_readme_is_fresh() -> None:
    """`python deploy/terraform_readme.py` makes it."""
    done = subprocess.run([sys.executable, str(DEPLOY / "terraform_readme.py"), "--check"], check=False)
    assert done.returncode == 0
