"""Runs one build as a child process, with an environment of its own: nothing of the operator's credentials reaches it."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import Any

from moto.logs.models import logs_backends

from aiops_daemon.embedded import ACCOUNT, client_environment
from aiops_daemon.embedded.codebuild import Build
from aiops_daemon.embedded.terraform import TerraformTools
from aiops_daemon.ports import Clock

BUILD_LIMIT_SECONDS = 900


class BuildRunner:
    """`terraform` is None where there is none (or none is wanted): the build is then a stand-in and says so."""

    def __init__(self, folder: Path, clock: Clock, terraform: TerraformTools | None) -> None:
        self._folder = folder
        self._clock = clock
        self._terraform = terraform
        self.endpoint = ""  # known only once the server is bound

    def __call__(self, build: Build) -> None:
        """Start the child; a thread waits for it."""
        room = Path(tempfile.mkdtemp(prefix="build-", dir=self._folder))
        command = [sys.executable, "-m", "aiops_daemon.embedded.recovery_build", str(room), str(self._folder / "stacks")]
        if self._terraform is not None:
            command += [str(self._terraform.binary), str(self._terraform.plugins)]
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module; the variables go by environment, not by shell
            command,
            env=self._environment(build),
            cwd=room,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        build.stop = process.terminate
        Thread(target=self._wait, args=(build, process, room), daemon=True).start()

    def _environment(self, build: Build) -> dict[str, str]:
        packages = ":".join(path for path in sys.path if path)
        return {
            **build.variables,
            **client_environment(self.endpoint, build.region),
            "HOME": str(self._folder),
            "TMPDIR": tempfile.gettempdir(),
            "PATH": "",
            "PYTHONPATH": packages,
        }

    def _wait(self, build: Build, process: "subprocess.Popen[str]", room: Path) -> None:
        try:
            output, _ = process.communicate(timeout=BUILD_LIMIT_SECONDS)
            status = "SUCCEEDED" if process.returncode == 0 else "FAILED"
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            status = "TIMED_OUT"
        _write_log(build, output)
        build.end(status, self._clock.now(), _exported(room), output)


def _exported(room: Path) -> dict[str, str]:
    file = room / "exported.env"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _write_log(build: Build, output: str) -> None:
    """Where CodeBuild puts it: /aws/codebuild/<project>, one stream per build."""
    logs: Any = logs_backends[ACCOUNT][build.region]
    group, stream = f"/aws/codebuild/{build.project}", build.build_id.partition(":")[2]
    if group not in logs.groups:
        logs.create_log_group(group, {})
    logs.ensure_log_stream(group, stream)
    now = int(time.time() * 1000)  # noqa: TID251  # moto refuses log events of another time than its own
    logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in output.splitlines() if line])
