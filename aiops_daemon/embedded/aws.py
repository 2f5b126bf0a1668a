"""The embedded AWS as the parent sees it: a child process, an endpoint, and the environment that points every client at it.

moto is a child process because in ours it would share the interpreter lock: a slow moto would look like a slow daemon.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import urllib.request
from contextlib import suppress
from types import TracebackType
from typing import Self

from aiops_daemon.embedded import ACCOUNT, client_environment
from aiops_daemon.model.errors import AiopsError

STOP_SECONDS = 10


class NotStarted(AiopsError, RuntimeError):
    """There is no embedded AWS; says why."""


class EmbeddedAws:
    """A context manager, plain or async. `terraform=False` makes every build a stand-in, for tests."""

    def __init__(self, *, terraform: bool = True) -> None:
        self.region = "us-east-1"
        self.account = ACCOUNT
        self.endpoint = ""
        self._terraform = terraform
        self._process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """For botocore's own chain, in this process or another; the real credentials never leave the machine."""
        own = {"AWS_SESSION_TOKEN": "embedded", "AWS_EC2_METADATA_DISABLED": "true"}  # over what this machine may have set
        return client_environment(self.endpoint, self.region) | own

    def calls(self) -> dict[str, int]:
        """`service:Operation` -> how often, since the start or the last reset."""
        return {str(name): int(count) for name, count in json.loads(self._ask("/_embedded/calls")).items()}

    def reset(self) -> None:
        """Forget every resource, build and count."""
        self._ask("/_embedded/reset", method="POST")

    def __enter__(self) -> Self:
        nonce = secrets.token_hex(16)
        command = [sys.executable, "-m", "aiops_daemon.embedded.server"]
        self._process = process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            command if self._terraform else [*command, "--no-terraform"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None  # noqa: S101  # for the type checker: both were asked for
        assert process.stdout is not None  # noqa: S101
        with suppress(BrokenPipeError):  # it died at once: the missing port tells
            process.stdin.write(nonce + "\n")
            process.stdin.flush()
        port = process.stdout.readline().strip()
        if not port:
            self._stop()
            raise NotStarted("the embedded AWS did not start: it needs the extra, pip install 'aiops-daemon[embedded]'")
        self.endpoint = f"http://127.0.0.1:{port}"
        if json.loads(self._ask("/_embedded/identity")).get("nonce") != nonce:
            self._stop()
            raise NotStarted(f"{self.endpoint} is somebody else's server")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self._stop)

    def _ask(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(self.endpoint + path, method=method)  # noqa: S310  # 127.0.0.1, see __enter__
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            body: bytes = answer.read()
        return body

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
