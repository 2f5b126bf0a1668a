"""Services that no table names are read and judged by the form of their calls and messages; the daemon acts on none of them by itself."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aiops_daemon.cli.explainer import Explained, explainer
from aiops_daemon.events import recognize
from aiops_daemon.intake.envelope import open_envelope
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import Recognized
from aiops_daemon.settings import Settings
from tests.scenarios.own_events import ARN, CALLS, REPORTS

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ANN = {"type": "IAMUser", "arn": ARN("iam", "user/ann"), "userName": "ann", "accountId": "111122223333"}


def message(source: str, title: str, detail: dict[str, Any], arns: tuple[str, ...] = ()) -> str:
    head = {"id": "e-1", "source": f"aws.{source}", "detail-type": title, "account": "111122223333", "region": "eu-west-1"}
    return json.dumps(head | {"time": "2026-03-04T11:59:00Z", "resources": list(arns), "detail": detail})


def called(service: str, name: str, request: dict[str, Any], **more: Any) -> str:
    record = {"eventSource": f"{service}.amazonaws.com", "eventName": name, "requestParameters": request, "userIdentity": ANN}
    return message(service, "AWS API Call via CloudTrail", record | more)


def explained(body: str) -> tuple[str, Explained]:
    envelope = open_envelope(body, queue_account="000000000000", queue_region="eu-west-1", received_at=NOW)
    assert isinstance(envelope, Envelope)
    reading = recognize(envelope)
    assert isinstance(reading, Recognized)
    return reading.events[0].resource.key, explainer(Settings())(body, NOW)


@pytest.mark.parametrize(("service", "name", "request_", "resource", "label"), CALLS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_call_of_any_service(service: str, name: str, request_: dict[str, Any], resource: str, label: str) -> None:
    key, answer = explained(called(service, name, request_))
    assert (key, answer.classification) == (resource, label)
    assert answer.decision == ("review" if label in {"FAILURE", "TAMPERING"} else "none") or not answer.resource_ids


@pytest.mark.parametrize(("source", "title", "detail", "arns", "resource", "label"), REPORTS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_message_of_any_service(
    source: str, title: str, detail: dict[str, Any], arns: tuple[str, ...], resource: str, label: str
) -> None:
    key, answer = explained(message(source, title, detail, arns))
    assert (key, answer.classification) == (resource, label)
    assert answer.decision != "act"


@pytest.mark.parametrize(
    ("body", "resource", "label"),
    [
        ({"ElastiCache:SnapshotFailed": "sessions-001"}, "elasticache:cluster#sessions-001", "FAILURE"),
        ({"ElastiCache:FailoverComplete": "sessions-001"}, "elasticache:cluster#sessions-001", "NORMAL"),
        ({"commandId": "c", "documentName": "d", "instanceIds": ["i-0a"], "status": "Failed"}, "ec2:instance#i-0a", "FAILURE"),
        ({"Event Source": "db-cluster", "Source ID": "a", "Event Message": "Cluster failover failed, check it"}, "rds:db#a", "FAILURE"),
    ],
)
def test_a_notification_of_a_service_that_is_older_than_eventbridge(body: dict[str, Any], resource: str, label: str) -> None:
    key, answer = explained(
        json.dumps({"Type": "Notification", "TopicArn": ARN("sns", "t"), "MessageId": "m", "Message": json.dumps(body)})
    )
    assert (key, answer.classification) == (resource, label)


@pytest.mark.parametrize(("service", "name", "request_", "resource", "label"), [row for row in CALLS if row[4] != "NORMAL"][::4])
def test_the_same_call_that_was_refused_or_was_made_by_a_service_is_never_acted_on(
    service: str, name: str, request_: dict[str, Any], resource: str, label: str
) -> None:
    _, refused = explained(called(service, name, request_, errorCode="AccessDenied"))
    assert (refused.classification, refused.decision) == ("ANOMALY", "none")
    by_service = {"type": "AssumedRole", "arn": ARN("sts", "assumed-role/R/x"), "invokedBy": "cloudformation.amazonaws.com"}
    _, managed = explained(called(service, name, request_, userIdentity=by_service))
    assert managed.decision == "none"


SERVICE = ARN("ecs", "service/shop/web")
WHOLE = (
    *(message(source, title, detail, arns) for source, title, detail, arns, _, _ in REPORTS),
    *(called(service, name, request) for service, name, request, _, _ in CALLS),
    # those for which there is an action, which reads them as well
    message("ecs", "ECS Service Action", {"eventType": "ERROR", "eventName": "SERVICE_TASK_START_IMPAIRED", "clusterArn": "c"}, (SERVICE,)),
    called("ecs", "UpdateService", {"cluster": "shop", "service": "web", "desiredCount": 0}),
    called("ec2", "StopInstances", {"instancesSet": {"items": [{"instanceId": "i-0a"}]}}),
    called("rds", "StopDBInstance", {"dBInstanceIdentifier": "prod"}),
    called("s3", "PutBucketPolicy", {"bucketName": "b", "bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": "*"}]}}),
    called("ssm", "PutParameter", {"name": "/a"}, responseElements={"version": 3}),
    message("ssm", "Parameter Store Change", {"name": "/a", "operation": "Update"}),
    message("ec2", "EC2 Instance State-change Notification", {"instance-id": "i-0a", "state": "stopped"}),
)
ODD = ("null", "true", "-1", "1e308", '""', '"arn:aws:"', "[]", "{}", '{"a": [{"b": []}]}', '["x", 3, null]', '"\\u202e\\u0000"', "[[[]]]")


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every container with a key of it."""
    inner = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    return [(tree, key) for key, _ in inner] + [place for _, value in inner for place in places(value)]


def strings(tree: Any) -> list[str]:
    inner = [*tree, *tree.values()] if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    return [tree] if isinstance(tree, str) else [text for value in inner for text in strings(value)]


@hypothesis_settings(max_examples=400, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_a_valid_event_that_was_damaged_raises_nothing_and_names_nothing_that_it_does_not_hold(whole: str, data: st.DataObject) -> None:
    body = json.loads(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(body)
        parent, key = found[data.draw(st.integers(0, len(found) - 1))]
        if isinstance(parent, dict) and data.draw(st.booleans()):
            parent.pop(key, None)
        else:
            parent[key] = json.loads(data.draw(st.sampled_from(ODD)))
    answer, text = explainer(Settings())(json.dumps(body), NOW), " ".join(strings(body))
    assert all(part in text for one in answer.resource_ids for part in one.split("/"))
