"""A second opinion beside moto: ministack (a Python package) takes what `bootstrap` makes, and the daemon heals there.

It is not installed with the rest. `python -m venv build/ministack && build/ministack/bin/pip install ministack==1.5.33`, and this runs.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from aiops_daemon.events import bridge_rules
from tests.deploy.conftest import ROOT, Moto
from tests.deploy.process import QUICK, client, daemon, get, until, wait_for_end


@pytest.fixture
def ministack(tmp_path: Path) -> Iterator[Moto]:
    """On 127.0.0.1 only, keeping nothing."""
    program = shutil.which("ministack", path=f"{ROOT}/build/ministack/bin:{os.environ['PATH']}")  # noqa: TID251  # where programs are
    if program is None:
        pytest.skip("ministack is not installed (see the top of this file)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},  # noqa: TID251  # for the child
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(tmp_path),
        "S3_DATA_DIR": str(tmp_path / "s3"),
    }
    process = subprocess.Popen([program], env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or get(port, "/_ministack/health") == 200 or get(port, "/_localstack/health") == 200, 60)
        assert process.poll() is None, "ministack did not start"
        yield Moto(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def composed() -> dict[str, str]:
    """The environment that docker-compose.yml gives the daemon, with every variable at its default."""
    text = (ROOT / "docker-compose.yml").read_text()
    given: dict[str, str] = yaml.safe_load(text)["x-daemon"]["environment"]
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_bootstrap_check_and_a_recovery(ministack: Moto) -> None:
    ours = composed() | {"AWS_ENDPOINT_URL": ministack.endpoint}
    made = [run(ministack, ours, "bootstrap") for _ in range(2)]
    assert "table aiops-incidents made" in made[0]
    assert "table aiops-incidents was there" in made[1]
    assert made[0].splitlines()[2:] == made[1].splitlines()[2:]
    events = client(ministack, "events")
    for kind, rule in bridge_rules.RULES.items():
        events.put_rule(Name=f"filtered-{kind}", EventPattern=json.dumps(rule))

    ec2 = client(ministack, "ec2")
    instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[instance])
    with daemon(ministack, ours | QUICK | {"AIOPS_MODE": "act"}):
        event = stopped_event(instance)
        pattern = json.dumps(bridge_rules.RULES["ec2-instances"])
        assert events.test_event_pattern(EventPattern=pattern, Event=event)["Result"]
        sqs = client(ministack, "sqs")  # as the rule would: like AWS, it lets nobody put an event of source aws.ec2 on the bus
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="aiops-events")["QueueUrl"], MessageBody=event)
        incident = wait_for_end(ministack, instance)
    assert incident["workflow_state"]["S"] == "COMPLETED", incident
    assert ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
    assert client(ministack, "ssm").get_parameter(Name=ours["AIOPS_KILL_SWITCH_PARAMETER"])["Parameter"]["Value"] == "run"


def stopped_event(instance: str) -> str:
    event = {
        "version": "0",
        "id": "0b9c1d0e-0000-4000-8000-000000000001",
        "source": "aws.ec2",
        "detail-type": "EC2 Instance State-change Notification",
        "account": "000000000000",
        "region": "us-east-1",
        "time": datetime.now(UTC).isoformat(),  # noqa: TID251  # of now, or the daemon takes it for an old one
        "resources": [f"arn:aws:ec2:us-east-1:000000000000:instance/{instance}"],
        "detail": {"instance-id": instance, "state": "stopped"},
    }
    return json.dumps(event)


def run(ministack: Moto, settings: dict[str, str], command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "aiops_daemon", command],
        env=ministack.environment | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
