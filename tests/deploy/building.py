"""Runs the recovery project's buildspec as CodeBuild would: its lines in one shell, on a fresh copy of the source; then reads the exports.

Left out is what fetches Terraform (curl, checksum, unzip): the machine has one, or the test skips.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import yaml

from aiops_daemon.aws.clock import SystemClock
from aiops_daemon.embedded.codebuild import Build
from aiops_daemon.embedded.terraform import TerraformTools, find_terraform

FETCHES_TERRAFORM = ("curl ", "echo ", "unzip ")


class Ended(NamedTuple):
    """How a build ended."""

    code: int
    exported: dict[str, str]
    output: str


def run_buildspec(text: str, source: Path, room: Path, environment: Mapping[str, str], tools: TerraformTools) -> Ended:
    """`room` is the build's own folder; what it makes stays there."""
    spec = yaml.safe_load(text)
    work = room / "source"
    shutil.copytree(source, work)
    programs = room / "bin"
    programs.mkdir()
    if shutil.which("aws") is None:
        (programs / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("aws_cli.py")} "$@"\n')
        (programs / "aws").chmod(0o755)
    commands = [line for phase in ("install", "build") for line in spec["phases"][phase]["commands"]]
    lines = [line.replace("/tmp/", f"{room}/") for line in commands if not line.startswith(FETCHES_TERRAFORM)]  # noqa: S108  # CodeBuild's
    names = json.dumps(spec["env"]["exported-variables"])
    lines.append(f"python3 -c 'import json, os; print(json.dumps({{n: os.environ.get(n, \"\") for n in {names}}}))' > '{room}/exported'")
    own = {
        "PATH": f"{programs}:{tools.binary.parent}:{environment['PATH']}",
        "TF_CLI_ARGS_init": f"-plugin-dir={tools.plugins}",
        "CODEBUILD_SRC_DIR": str(work),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        env={**environment, **own}, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    file = room / "exported"
    exported = {name: value for name, value in json.loads(file.read_text()).items() if value} if file.exists() else {}
    return Ended(done.returncode, exported, done.stdout)


class Builds:
    """What the shim's CodeBuild runs: the buildspec that the project was made with."""

    def __init__(self, source: Path, environment: Mapping[str, str], projects: Mapping[str, Any]) -> None:
        self._source, self._environment, self._projects = source, environment, projects

    def __call__(self, build: Build) -> None:
        Thread(target=self._run, args=(build,), daemon=True).start()

    def _run(self, build: Build) -> None:
        tools = find_terraform()
        assert tools is not None
        text = self._projects[build.project].project_metadata["source"]["buildspec"]
        with tempfile.TemporaryDirectory(dir=self._source.parent) as room:
            ended = run_buildspec(text, self._source, Path(room), {**self._environment, **build.variables}, tools)
        build.end("SUCCEEDED" if ended.code == 0 else "FAILED", SystemClock().now(), ended.exported, ended.output)
