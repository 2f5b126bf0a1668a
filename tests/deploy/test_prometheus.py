"""Rules and configuration by Prometheus's own tools; each alert has its place in the runbook and reads metrics that exist."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import yaml
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.metrics import MetricWrapperBase

from aiops_daemon.telemetry.metrics import Metrics
from tests.deploy.conftest import DEPLOY, ROOT

FOLDER = DEPLOY / "prometheus"


def run(*words: str | Path) -> None:
    done = subprocess.run([str(word) for word in words], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def known() -> set[str]:
    """Every sample name that the daemon can expose."""
    registry = CollectorRegistry()
    Metrics(registry).observe_process()
    return {name for family in registry.collect() for name in names(family)}


def names(family: Metric) -> set[str]:
    """The names of its samples."""
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}
    return {family.name + suffix for suffix in suffixes.get(family.type, ("",))}


def counted() -> set[str]:
    """The sample names that somebody in the package moves: a panel on any other would show a calm that nobody measured."""
    package = ROOT / "aiops_daemon"
    source = "".join(path.read_text() for path in package.rglob("*.py") if path.name != "metrics.py")
    metrics = Metrics(CollectorRegistry())
    metrics.observe_process()
    moved = {name for family in metrics.registry.collect() if family.name.startswith("process") for name in names(family)}
    for group in vars(metrics).values():
        for attribute, metric in vars(group).items() if not isinstance(group, CollectorRegistry) else ():
            through = {"aws_calls": "aws_call", "aws_seconds": "aws_call"}.get(attribute, attribute.lstrip("_"))
            if isinstance(metric, MetricWrapperBase) and re.search(rf"\.{through}\b", source):
                moved |= {name for family in metric.describe() for name in names(family)}
    return moved


def used(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:aiops|process)_[a-z_0-9]+", re.sub(r'"[^"]*"', "", expression)))


def alerts() -> list[dict[str, object]]:
    text = (FOLDER / "alerts.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def test_configuration(tool: Callable[[str], str]) -> None:
    run(tool("promtool"), "check", "config", "prometheus.yml")


def test_rules(tool: Callable[[str], str]) -> None:
    run(tool("promtool"), "test", "rules", "alerts.test.yml")


def test_alertmanager(tool: Callable[[str], str]) -> None:
    run(tool("amtool"), "check-config", DEPLOY / "alertmanager/alertmanager.yml")


def test_every_alert_is_tested_both_ways() -> None:
    text = (FOLDER / "alerts.test.yml").read_text()
    for name in (str(rule["alert"]) for rule in alerts()):
        assert re.search(rf"alertname: {name}, exp_alerts: \[\]", text), f"{name} is never shown quiet"
        assert re.search(rf"alertname: {name}\n +exp_alerts:\n|alertname=\"{name}\",alertstate=\"firing\"", text), (
            f"{name} is never shown firing"
        )


def test_alerts_read_what_is_measured() -> None:
    recorded = yaml.safe_load((FOLDER / "recording.yml").read_text())["groups"][0]["rules"]
    for rule in [*alerts(), *recorded]:
        assert used(str(rule["expr"])) <= counted() & known(), rule


def test_every_alert_has_a_place_in_the_runbook() -> None:
    runbook = (ROOT / "docs/operations.md").read_text()
    for rule in alerts():
        place = str(rule["annotations"]["runbook"]).partition("#")[2]  # type: ignore[index]  # what YAML gives
        assert re.search(rf"^#+ {place.replace('-', '[ -]')}", runbook, re.MULTILINE | re.IGNORECASE), place
