"""Real `aiops-daemon run` processes: started, killed, stopped and woken up."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from aiops_daemon.settings import child_environment
from tests.benchmarks.stand import ACCOUNT, REGION, TOPIC
from tests.benchmarks.stand import environment as double_environment
from tests.chaos.builds import BUCKET, PROJECT
from tests.chaos.cloud import DEAD, QUEUE
from tests.chaos.events import CLUSTER, POOLS
from tests.chaos.front import Front

LEASE, SCAN = 5.0, 0.5
COOLDOWN_SECONDS = 12.0
PROTECTED = "i-0a"
ALONE = ("ec2.start", "rds.start", "ecs.redeploy", "ecs.scale_out", "ssm.restore_parameter", "codebuild.terraform_apply")


def settings(front: Front, **more: str) -> dict[str, str]:
    """Everything short: what takes minutes in production must fit between two kills."""
    own = {
        "INTAKE__QUEUE_URL": f"{front.url}{ACCOUNT}/{QUEUE}",
        "INTAKE__DEAD_LETTER_QUEUE_URL": f"{front.url}{ACCOUNT}/{DEAD}",
        "INTAKE__WAIT_SECONDS": "1",
        "INTAKE__VISIBILITY_SECONDS": "8",
        "INTAKE__RETRY_BASE_SECONDS": "0.5",
        "INTAKE__RETRY_CAP_SECONDS": "2",
        "INTAKE__UNAVAILABLE_CAP_SECONDS": "1",
        "WORKFLOW__LEASE_SECONDS": str(LEASE),
        "WORKFLOW__SCAN_INTERVAL_SECONDS": str(SCAN),
        "WORKFLOW__RETRY_BASE_SECONDS": "0.1",
        "WORKFLOW__RETRY_LIMIT_SECONDS": "1",
        "WORKFLOW__ERROR_PAUSE_SECONDS": "0.5",
        "WORKFLOW__NOTIFY_PAUSE_SECONDS": "0.5",
        "WORKFLOW__VERIFY_INTERVAL_SECONDS": "0.5",
        "WORKFLOW__SOAK_SECONDS": "0.5",
        "WORKFLOW__APPROVAL_HOURS": "0.0015",
        "WORKFLOW__RECOVERIES_PER_ACCOUNT_AND_HOUR": "100000",
        "WORKFLOW__STORM_RESOURCES": "100000",
        "ACTIONS__POLL_SECONDS": "0.3",
        "ACTIONS__BUILD_POLL_SECONDS": "0.5",
        "ACTIONS__CODEBUILD_PROJECT": PROJECT,
        "ACTIONS__PLAN_BUCKET": BUCKET,
        "POLICY__COOLDOWN_MINUTES": str(COOLDOWN_SECONDS / 60),
        "POLICY__PROTECTED": f'["ec2:instance#{PROTECTED}*"]',
        "POLICY__GUARDED": '["ssm:parameter#/chaos/*"]',
        "POLICY__AUTONOMY": json.dumps(dict.fromkeys(ALONE, "auto")),
        "NOTIFIERS__SNS_TOPIC_ARN": TOPIC,
        "LOGWATCH__GROUPS": '["/chaos/*"]',
        "LOGWATCH__ENABLED": "false",
        "LOGWATCH__ACTIONS": json.dumps([_scale_out(number) for number in range(1, POOLS + 1)]),
        "AWS__MAX_ATTEMPTS": "2",
        "AWS__REGION": REGION,
        "TELEMETRY__HTTP_PORT": "0",
        "TELEMETRY__HTTP_HOST": "127.0.0.1",
    } | more
    return {f"AIOPS_{name}": value for name, value in own.items()} | double_environment(front.url)


def _scale_out(number: int) -> dict[str, object]:
    """What an alert of this service's log group may set off."""
    place = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/out-{number}"
    return {"log_group": f"/chaos/out-{number}", "action": "ecs.scale_out", "resource": place, "at_most": 50, "approve": False}


class Daemon:
    """One place in the fleet; a process that was killed leaves it to its successor."""

    def __init__(self, number: int, front: Front, log: Path, environment: Mapping[str, str], broken: str = "") -> None:
        self.number = number
        self.front = front
        self.log = log
        self._environment = child_environment(environment)
        self._command = [sys.executable, "-m", *(["tests.chaos.mutants", broken] if broken else ["aiops_daemon"]), "run"]
        self._process: asyncio.subprocess.Process | None = None
        self._life = 0
        self.stopped = False
        self.killed = False

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        self._life += 1
        self.stopped = self.killed = False
        self.front.name = f"{self.number}.{self._life}"
        self.front.traps.clear()
        self.front.polls = 0
        with self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, stdout=asyncio.subprocess.DEVNULL, stderr=out
            )

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.alive:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)  # Popen's own reaps a process that just died, and asyncio waits for it in vain
            self.stopped = number is signal.SIGSTOP

    def kill(self) -> None:
        """Without a last word."""
        self.killed = True
        self.signal(signal.SIGKILL)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.signal(signal.SIGCONT)

    async def gone(self) -> None:
        if self._process is not None:
            await self._process.wait()

    async def leave(self, seconds: float = 20.0) -> int | None:
        """SIGTERM; the exit code, or None where it had to be killed."""
        if self._process is None:
            return 0
        self.wake()
        self.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(seconds):
                return await self._process.wait()
        except TimeoutError:
            return None
        finally:
            self.kill()
            await self._process.wait()
