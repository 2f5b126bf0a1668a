"""The daemon as a process of its own against a stand-in for AWS, and what a test sees of both from outside."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from tests.deploy.conftest import Moto

# Short waits; nothing else differs from production.
QUICK = {"AIOPS_MODEL__PROVIDER": "none", "AIOPS_LOGWATCH__ENABLED": "false", "AIOPS_WORKFLOW__SOAK_SECONDS": "1",
         "AIOPS_WORKFLOW__SCAN_INTERVAL_SECONDS": "1", "AIOPS_ACTIONS__POLL_SECONDS": "1", "AIOPS_INTAKE__WAIT_SECONDS": "1"}  # fmt: skip
# Somebody's infrastructure, as a recovery build finds it.
STACK = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
  backend "s3" {
    bucket         = "state"
    key            = "live/terraform.tfstate"
    use_lockfile   = true
    use_path_style = true
  }
}
provider "aws" {
  max_retries               = 2
  skip_metadata_api_check   = true
  skip_credentials_validation = true
}
resource "aws_instance" "web" {
  ami           = "ami-12345678"
  instance_type = "t3.micro"
  tags          = { Name = "web" }
}
output "web" {
  value = aws_instance.web.id
}
resource "aws_ssm_parameter" "jobs" {
  name  = "jobs"
  type  = "String"
  value = "many"
}
"""
ENDS = frozenset({"COMPLETED", "FAILED", "SUPPRESSED", "COOLDOWN", "AWAITING_APPROVAL"})


def client(moto: Moto, service: str) -> Any:
    from botocore.session import get_session

    return get_session().create_client(
        service, region_name="us-east-1", endpoint_url=moto.endpoint, aws_access_key_id="moto", aws_secret_access_key="moto"
    )


@contextlib.contextmanager
def daemon(moto: Moto, settings: dict[str, str]) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = moto.environment | settings | {"AIOPS_TELEMETRY__HTTP_PORT": str(port), "AIOPS_TELEMETRY__HTTP_HOST": "127.0.0.1"}
    environment = {name: value for name, value in environment.items() if not name.startswith("TF_")}
    check = subprocess.run([sys.executable, "-m", "aiops_daemon", "check"], env=environment, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr
    process = subprocess.Popen([sys.executable, "-m", "aiops_daemon", "run"], env=environment, stdout=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or get(port, "/healthz") == 200, 60)
        assert process.poll() is None, "the daemon did not start: see its standard error"
        yield port
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def get(port: int, path: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=3) as answer:
            return int(answer.status)
    except OSError:
        return 0


def wait_for_end(moto: Moto, instance: str, *, ends: frozenset[str] = ENDS, seconds: float = 120) -> dict[str, Any]:
    """The incident, once it is over (or as it is when the time is)."""
    dynamodb = client(moto, "dynamodb")
    found: list[dict[str, Any]] = []

    def over() -> bool:
        items = dynamodb.scan(TableName="aiops-incidents")["Items"]
        found[:] = [item for item in items if "workflow_state" in item and item.get("resource_id", {}).get("S") == instance]
        return bool(found) and found[0]["workflow_state"]["S"] in ends

    until(over, seconds, fail=False)
    assert found, "no incident was recorded"
    return found[0]


def until(condition: Any, seconds: float, *, fail: bool = True) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.2)  # a real process is waited for; nothing is measured
    assert not fail, "not in time"
