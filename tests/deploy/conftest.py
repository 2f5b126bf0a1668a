"""Terraform, found at run time, and moto with its shim. Where a tool is absent the tests say so and skip; CI has them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from aiops_daemon.embedded.terraform import TerraformTools, find_terraform

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
MODULE = DEPLOY / "terraform"


class Moto(NamedTuple):
    """A running stand-in for AWS."""

    endpoint: str
    source: Path = Path()  # what a CodeBuild project finds as its source

    @property
    def environment(self) -> dict[str, str]:
        """For Terraform and for the daemon; nothing of the operator's own AWS gets through."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_", "AIOPS_"))}  # noqa: TID251  # for child processes
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "moto",
            "AWS_SECRET_ACCESS_KEY": "moto",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "TF_IN_AUTOMATION": "1",
            "TF_VAR_max_retries": "2",
        }


@pytest.fixture(scope="session")
def terraform() -> TerraformTools:
    tools = find_terraform()
    if tools is None:
        pytest.skip("terraform or a mirror of its AWS provider is not here")
    return tools


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of a program, or a skip that names it."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")  # noqa: TID251  # where programs are
        if found is None:
            pytest.skip(f"{name} is not installed")
        return found

    return find


@pytest.fixture(scope="session")
def module(terraform: TerraformTools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the module, initialised: the repository stays clean."""
    folder = tmp_path_factory.mktemp("terraform") / "module"
    shutil.copytree(MODULE, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    run_terraform(terraform, folder, "init", f"-plugin-dir={terraform.plugins}")
    return folder


@pytest.fixture
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """Its own process on a free port; it ends with its standard input."""
    source = tmp_path_factory.mktemp("codebuild") / "source"
    source.mkdir()
    environment = {**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}  # noqa: TID251  # for the child
    shim = [sys.executable, "-m", "tests.deploy.moto_shim", str(source)]
    process = subprocess.Popen(
        shim, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Moto(f"http://127.0.0.1:{process.stdout.readline().strip()}", source)
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def run_terraform(tools: TerraformTools, folder: Path, *words: str, fine: tuple[int, ...] = (0,), env: dict[str, str] | None = None) -> str:
    """Standard output; what Terraform said is the failure's message."""
    environment = env or {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}  # noqa: TID251  # for the child
    done = subprocess.run(
        [str(tools.binary), words[0], *([] if words[0] == "output" else ["-no-color"]), *words[1:]],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in fine, (
        f"terraform {' '.join(words)} ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    )
    return done.stdout
