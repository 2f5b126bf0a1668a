"""From a metric to a page, all of it running: Prometheus scrapes, our rules fire, Alertmanager takes, routes, inhibits and delivers.

Only the waiting is shortened: the rules' `for`, the route's group_wait, and the minute before Prometheus sends again what was lost.
"""

import contextlib
import json
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, start_http_server

from aiops_daemon.telemetry.metrics import Metrics
from tests.deploy.conftest import DEPLOY
from tests.deploy.process import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_a_rule_that_fires_is_delivered_and_what_follows_from_silence_is_not(tool: Callable[[str], str], tmp_path: Path) -> None:
    prometheus, alertmanager = tool("prometheus"), tool("prometheus-alertmanager")
    with bad_day() as metrics, webhook() as (hook, delivered):
        manager, port = free_port(), free_port()
        configuration(tmp_path, metrics, manager, hook)
        with running(alertmanager, f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/am",
                     f"--web.listen-address=127.0.0.1:{manager}", "--cluster.listen-address="), \
             running(prometheus, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
                     f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s"):  # fmt: skip
            until(lambda: {"AiopsDaemonSilent", "AiopsBreakerOpen", "AiopsNotReady"} <= received(manager).keys(), 60)
            until(lambda: {"AiopsDaemonSilent", "AiopsBreakerOpen"} <= names(delivered), 60)
            until(lambda: received(manager)["AiopsNotReady"]["status"]["state"] == "suppressed", 60)
            taken = received(manager)
    assert taken["AiopsBreakerOpen"]["labels"]["kind"] == "ec2.start"
    assert taken["AiopsBreakerOpen"]["annotations"]["runbook"] == "docs/operations.md#breaker-open"
    assert taken["AiopsNotReady"]["status"]["inhibitedBy"] == [taken["AiopsDaemonSilent"]["fingerprint"]]


def names(delivered: list[dict[str, Any]]) -> set[str]:
    return {alert["labels"]["alertname"] for body in delivered for alert in body["alerts"]}


@contextlib.contextmanager
def bad_day() -> Iterator[int]:
    """The port where a daemon's metrics say: not polling, not ready, one breaker open."""
    metrics = Metrics(CollectorRegistry())
    metrics.guards.breaker.labels("ec2.start").set(1)
    metrics.intake.last_poll.set(1)
    metrics.process.ready.labels("queue").set(0)
    server, thread = start_http_server(0, "127.0.0.1", metrics.registry)
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver that keeps what it is sent."""
    delivered: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            delivered.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", delivered
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configuration(folder: Path, metrics: int, manager: int, hook: str) -> None:
    """Ours, with the addresses of this test and without the waiting."""
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    prometheus["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    prometheus["rule_files"] = [str(folder / "alerts.yml")]
    prometheus["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{metrics}"]}]
    prometheus["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{manager}"]}]
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        rule["for"] = "1s" if rule["alert"] == "AiopsDaemonSilent" else "5s"  # silence first, as with the real times
    alertmanager = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text())
    alertmanager["route"]["group_wait"] = "0s"
    alertmanager["receivers"][0]["webhook_configs"] = [{"url": hook}]
    for name, content in (("prometheus", prometheus), ("alerts", rules), ("alertmanager", alertmanager)):
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content))


@contextlib.contextmanager
def running(*words: str) -> Iterator[None]:
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def received(port: int) -> dict[str, dict[str, Any]]:
    """Alert name to the alert, as Alertmanager has it now."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=5) as answer:
            return {alert["labels"]["alertname"]: alert for alert in json.load(answer)}
    except OSError:
        return {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
