import re
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.metrics import MetricWrapperBase

import aiops_daemon
from aiops_daemon.telemetry.labels import Reasons
from aiops_daemon.telemetry.metrics import Metrics
from aiops_daemon.telemetry.reference import reference

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    found: float | None = metrics.registry.get_sample_value(name, labels)
    return found


def test_the_documented_reference_is_the_code() -> None:
    assert DOCS.read_text() == reference(Metrics()), "run: python -m aiops_daemon.telemetry.reference > docs/metrics.md"


def test_names_follow_the_convention() -> None:
    for row in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", reference(Metrics()), re.MULTILINE):
        name, kind, labels = row
        assert re.fullmatch(r"aiops(_[a-z]+)+", name)
        assert name.endswith("_total") == (kind == "counter"), name
        assert kind != "histogram" or name.endswith("_seconds"), name
        assert not re.search(r"\bid\b|_id\b|arn", labels), name


def test_reasons_become_labels() -> None:
    metrics = Metrics()
    metrics.intake.dropped("not an event: S3 test notification from bucket x")
    metrics.intake.dropped("not an event: another")
    metrics.intake.parked("not JSON")
    metrics.intake.retried("")
    assert value(metrics, "aiops_messages_dropped_total", reason="not an event") == 2
    assert value(metrics, "aiops_messages_parked_total", reason="not JSON") == 1
    assert value(metrics, "aiops_messages_retried_total", reason="unspecified") == 1


def test_there_are_only_so_many_reasons() -> None:
    reasons = Reasons(limit=2)
    assert [reasons.label(text) for text in ("a", "b", "c", "a", "x" * 100)] == ["a", "b", "other", "a", "other"]


def test_ids_do_not_become_labels() -> None:
    reasons = Reasons(limit=3)
    assert reasons.label("S3 and EC2 test from i-0123456789abcdef0 by eve@example.com") == "S3 and EC2 test from * by *"
    for number in range(3000):
        assert reasons.label(f"incident inc-{number:020x} is over") == "incident * is over"
    assert reasons.label("third") == "third"
    assert reasons.label("fourth") == "other"


def test_long_polls_are_counted_but_not_timed() -> None:
    metrics = Metrics()
    metrics.process.aws_call("sqs", "receive_message", "ok", 20.0)
    metrics.process.aws_call("dynamodb", "update_item", "Throttled", 0.2)
    assert value(metrics, "aiops_aws_calls_total", service="sqs", operation="receive_message", result="ok") == 1
    assert value(metrics, "aiops_aws_call_seconds_count", service="sqs") is None
    assert value(metrics, "aiops_aws_call_seconds_count", service="dynamodb") == 1


def test_process_metrics_come_on_request() -> None:
    metrics = Metrics()
    metrics.observe_process()
    text = generate_latest(metrics.registry).decode()
    assert "process_cpu_seconds_total" in text
    assert "python_gc_objects_collected_total" in text


def test_no_metric_is_declared_and_never_set() -> None:
    package = Path(aiops_daemon.__file__).parent
    text = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    for group in vars(Metrics()).values():
        for name, metric in vars(group).items():
            if isinstance(metric, MetricWrapperBase):
                uses = re.findall(rf"\.{name}\.(?:labels|inc|set|observe|time|info)\b", text)
                assert uses, f"{type(group).__name__}.{name} is never set"
