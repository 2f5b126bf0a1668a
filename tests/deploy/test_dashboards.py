"""The dashboards: made from one list, reading metrics that exist, and every panel shows data of a real daemon in a real Prometheus."""

import contextlib
import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from aiops_daemon.embedded.aws import EmbeddedAws
from tests.deploy.conftest import DEPLOY, Moto
from tests.deploy.process import client, daemon, until
from tests.deploy.test_prometheus import counted, known, used


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dashboards", DEPLOY / "grafana/dashboards.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


dashboards = load()
PANELS = [panel for board in (dashboards.ON_CALL, dashboards.HEALTH) for row in board for panel in row.panels]
MEASURED = counted() & known()
QUERIES = [(f"{panel.title} / {legend}", query) for panel in PANELS for legend, query in panel.queries.items()]


def test_the_files_are_fresh() -> None:
    """`python deploy/grafana/dashboards.py` makes them."""
    for name, text in dashboards.files().items():
        assert (dashboards.FOLDER / name).read_text() == text


@pytest.mark.parametrize("query", [query for _, query in QUERIES], ids=[name for name, _ in QUERIES])
def test_panels_read_what_is_measured(query: str) -> None:
    assert used(query) <= MEASURED


def test_panels_do_not_overlap() -> None:
    for text in dashboards.files().values():
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(text)["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            assert place["x"] + place["w"] <= 24
            assert not cells & taken, panel["title"]
            taken |= cells


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_panel_shows_data(tool: Callable[[str], str], tmp_path: Path) -> None:
    prometheus = tool("prometheus")
    with EmbeddedAws(terraform=False) as aws:
        moto = Moto(aws.endpoint)
        environment = moto.environment | {"AIOPS_MODE": "act"}
        subprocess.run([sys.executable, "-m", "aiops_daemon", "bootstrap"], env=environment, check=True, capture_output=True)
        topic = client(moto, "sns").list_topics()["Topics"][0]["TopicArn"]
        settings = {"AIOPS_MODE": "act", "SNS_TOPIC_ARN": topic, "AIOPS_WORKFLOW__SOAK_SECONDS": "1", "AIOPS_ACTIONS__POLL_SECONDS": "1",
                    "AIOPS_WORKFLOW__SCAN_INTERVAL_SECONDS": "1"}  # fmt: skip
        with daemon(moto, settings) as port, scraping(prometheus, tmp_path, port) as (ask, base):
            load_the_daemon(moto)
            until(lambda: healed(ask), 90)
            time.sleep(3)  # two more scrapes, so that every rate has two points
            silent = [name for name, query in QUERIES if not ask(query)]
            rules = ask("aiops:receive_failure:ratio5m") + ask("count(ALERTS) or vector(0)")
            draw = [sys.executable, str(DEPLOY / "grafana/draw.py"), base, str(tmp_path / "pictures"), "0.4"]
            subprocess.run(draw, check=True)
    assert silent == []
    pictures = [path.read_text() for path in sorted((tmp_path / "pictures").glob("*.svg"))]
    assert len(pictures) == len(dashboards.files())
    assert all("no data" not in picture for picture in pictures)
    assert rules


def healed(ask: Callable[[str], list[Any]]) -> bool:
    return any(float(sample["value"][1]) > 0 for sample in ask('aiops_incidents_closed_total{outcome="verified"}'))


def load_the_daemon(moto: Moto) -> None:
    """Instances that stop, copies of the same event, something irrelevant, something unreadable."""
    ec2, sqs = client(moto, "ec2"), client(moto, "sqs")
    queue = sqs.get_queue_url(QueueName="aiops-events")["QueueUrl"]
    ids = [item["InstanceId"] for item in ec2.run_instances(ImageId="ami-12345678", MinCount=4, MaxCount=4)["Instances"]]
    ec2.stop_instances(InstanceIds=ids)
    bodies = [event(number, instance, "stopped") for number, instance in enumerate(ids)]
    bodies += [bodies[0], event(90, ids[0], "pending"), json.dumps({"source": "my.app", "detail-type": "hello", "detail": {}}), "not JSON"]
    for body in bodies:
        sqs.send_message(QueueUrl=queue, MessageBody=body)
        time.sleep(0.5)  # a storm would ask a person; this is a quiet minute


def event(number: int, instance: str, state: str) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps(
        {
            "version": "0",
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "detail-type": "EC2 Instance State-change Notification",
            "source": "aws.ec2",
            "account": "123456789012",
            "time": stamp,
            "region": "us-east-1",
            "resources": [f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}"],
            "detail": {"instance-id": instance, "state": state},
        }
    )


@contextlib.contextmanager
def scraping(prometheus: str, folder: Path, daemon_port: int) -> Iterator[tuple[Callable[[str], list[Any]], str]]:
    """A Prometheus with our rules, scraping each second; yields a function that asks it, and its address."""
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DEPLOY / "prometheus" / name) for name in config["rule_files"]]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{daemon_port}"]}]
    del config["alerting"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = [
        prometheus,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(query: str) -> list[Any]:
        """The samples that are numbers: a quantile of nothing is NaN, and shows nothing."""
        url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
        try:
            with opener.open(url, timeout=10) as answer:
                found: list[Any] = json.load(answer)["data"]["result"]
        except OSError:
            return []
        return [sample for sample in found if sample["value"][1] != "NaN"]

    try:
        until(lambda: bool(ask("up == 1")), 60)
        yield ask, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
