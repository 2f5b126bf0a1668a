"""Start-up: import time of `--help`, and time to ready and resident memory of `aiops-daemon run` against the double.

python -m tests.benchmarks.bench_footprint [--rounds 3]
"""

import argparse
import asyncio
import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from aiops_daemon.settings import child_environment
from tests.benchmarks.queues import fill
from tests.benchmarks.stand import Control, cloud
from tests.benchmarks.stand import environment as double_environment

DAEMON = [sys.executable, "-m", "aiops_daemon"]
HEAVY = ("aioboto3", "aiobotocore", "botocore", "numpy", "pydantic_ai", "aiohttp", "moto", "typer", "rich", "pydantic")


def help_cost(rounds: int) -> dict[str, float]:
    """CPU and wall seconds of `aiops-daemon --help`."""
    walls, cpus = [], []
    for _ in range(rounds):
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*DAEMON, "--help"], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        walls.append(time.perf_counter() - began)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"seconds": round(median(walls), 2), "cpu_seconds": round(median(cpus), 2)}


def imports(code: str) -> dict[str, float]:
    """Milliseconds per heavy package, each with what it imports itself, in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], check=True, capture_output=True, text=True)
    found: dict[str, float] = {}
    for line in done.stderr.splitlines():
        _, _, rest = line.partition("import time:")
        own, _, rest = rest.partition("|")
        total, _, name = rest.partition("|")
        if own.strip().isdigit() and name.strip() in {*HEAVY, "aiops_daemon.assembly", "aiops_daemon.cli"}:
            found[name.strip()] = round(int(total) / 1000)
    return found


async def start(control: Control, url: str) -> dict[str, float]:
    """Seconds until /readyz says yes, and the memory then."""
    told = {
        "AIOPS_INTAKE__QUEUE_URL": url,
        "AIOPS_INTAKE__WAIT_SECONDS": "1",  # a stop waits for the poll in flight, up to 20 s
        "AIOPS_TELEMETRY__HTTP_PORT": str(free_port()),
        "AIOPS_TELEMETRY__HTTP_HOST": "127.0.0.1",
    }
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *DAEMON,
        "run",
        env=child_environment(double_environment(control.address) | told),
        stdout=subprocess.DEVNULL,
    )
    try:
        while not await _ready(control, f"http://127.0.0.1:{told['AIOPS_TELEMETRY__HTTP_PORT']}/readyz"):
            assert process.returncode is None, "the daemon ended"
            await asyncio.sleep(0.01)
        seconds = time.perf_counter() - began
        await asyncio.sleep(1)
        kib, cpu = _resident(process.pid), _cpu(process.pid)
        process.send_signal(signal.SIGTERM)
        asked = time.perf_counter()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    return {"ready_seconds": seconds, "cpu_seconds": cpu, "resident_mib": kib / 1024, "stop_seconds": time.perf_counter() - asked}


async def _ready(control: Control, address: str) -> bool:
    try:
        async with control.http.get(address) as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def main(rounds: int) -> dict[str, Any]:
    async with cloud() as control:
        from aiops_daemon.aws.session import AwsSession

        async with AwsSession(frozen=True) as session:
            url = await fill((await session.client("sqs")).raw, "footprint", [])
        runs = [await start(control, url) for _ in range(rounds)]
    return {
        "footprint": {
            "run": {key: round(median(one[key] for one in runs), 2) for key in runs[0]},
            "help": help_cost(rounds),
            "imports_ms_of_run": imports("import aiops_daemon.assembly, aioboto3"),
            "imports_ms_of_help": imports("import aiops_daemon.cli"),
        }
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    sys.stdout.write(json.dumps(asyncio.run(main(parser.parse_args().rounds)), indent=1) + "\n")
