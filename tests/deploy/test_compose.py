"""The compose file: its shape by the specification's schema, and what it promises about secrets, pins and privileges."""

import subprocess
from collections.abc import Callable

import yaml

from aiops_daemon.settings import stray_names
from tests.deploy.conftest import ROOT

FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]


def test_shape(tool: Callable[[str], str]) -> None:
    words = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].rstrip("}").rpartition(":")[2]
        assert tag not in {"", "latest"}, name


def test_every_port_stays_on_this_machine() -> None:
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service.get("ports", []))


def test_the_daemon_is_closed() -> None:
    for name in ("daemon", "bootstrap"):
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["user"] == "10001:10001"


def test_it_waits_for_what_it_stands_on() -> None:
    waits = SERVICES["daemon"]["depends_on"]
    assert waits["bootstrap"]["condition"] == "service_completed_successfully"
    assert waits["localstack"]["condition"] == "service_healthy"


def test_every_service_that_stays_has_a_health_check() -> None:
    assert [name for name, service in SERVICES.items() if "healthcheck" not in service] == ["bootstrap"]


def test_the_daemon_knows_its_settings() -> None:
    assert stray_names(SERVICES["daemon"]["environment"]) == []


def test_mounted_files_exist() -> None:
    mounts = [volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert all((ROOT / mount).exists() for mount in mounts if mount.startswith("./"))
