"""One message of each service whose reader is a table row, in the service's documented form."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon import events
from aiops_daemon.events import recognize
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import Event, Parked

Read = Callable[..., tuple[Event, ...]]
ME = "eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("source", "title", "detail", "arns", "key", "name"),
    [
        ("ssm", "Parameter Store Change", {"name": "/a/b", "operation": "Update"}, [], "ssm:parameter#/a/b", "Update"),
        ("ssm", "EC2 Command Status-change Notification", {"command-id": "c", "status": "Failed"}, [f"arn:aws:ec2:{ME}:instance/i-1"],
         "ec2:instance#i-1", "Failed"),
        ("s3", "Object Deleted", {"bucket": {"name": "b"}, "object": {"key": "k"}}, ["arn:aws:s3:::b"], "s3:bucket#b", "Object Deleted"),
        ("s3", "S3 Notification", {"Records": [{"eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "b"}}}]}, [],
         "s3:bucket#b", "ObjectRemoved:Delete"),
        ("backup", "Backup Job State Change", {"state": "FAILED", "resourceArn": f"arn:aws:rds:{ME}:db:orders"}, [], "rds:db#orders", "FAILED"),
        ("codepipeline", "CodePipeline Pipeline Execution State Change", {"pipeline": "p", "state": "FAILED"}, [], "codepipeline:pipeline#p", "FAILED"),
        ("codedeploy", "CodeDeploy Deployment State-change Notification", {"deploymentId": "d-1", "state": "FAILURE"}, [],
         "codedeploy:deployment#d-1", "FAILURE"),
        ("states", "Step Functions Execution Status Change", {"executionArn": f"arn:aws:states:{ME}:execution:m:e", "status": "FAILED"}, [],
         f"states:execution#arn:aws:states:{ME}:execution:m:e", "FAILED"),
        ("glue", "Glue Crawler State Change", {"crawlerName": "c", "state": "Failed"}, [], "glue:crawler#c", "Failed"),
        ("acm", "ACM Certificate Expired", {"CommonName": "x.example"}, [f"arn:aws:acm:{ME}:certificate/c-1"], "acm:certificate#c-1", None),
        ("secretsmanager", "Secret Rotation", {"SecretId": "s", "Step": "setSecret"}, [], "secretsmanager:secret#s", "setSecret"),
        ("events", "Scheduled Event", {}, [f"arn:aws:events:{ME}:rule/r"], f"events:rule#arn:aws:events:{ME}:rule/r", None),
        ("tag", "Tag Change on Resource", {"service": "ec2"}, [f"arn:aws:ec2:{ME}:instance/i-1"], "ec2:instance#i-1", None),
        ("ecs", "ECS Service Action", {"eventName": "SERVICE_TASK_PLACEMENT_FAILURE"}, [f"arn:aws:ecs:{ME}:service/c/s"],
         f"ecs:service#arn:aws:ecs:{ME}:service/c/s", "SERVICE_TASK_PLACEMENT_FAILURE"),
        ("dms", "DMS Replication Task State Change", {"SourceId": "t", "eventId": "DMS-EVENT-0079"}, [], "dms:replication-task#t", "DMS-EVENT-0079"),
        # services without a row
        ("emr", "EMR Cluster State Change", {"clusterId": "j-1", "state": "TERMINATED_WITH_ERRORS"}, [], "emr:cluster#j-1", "TERMINATED_WITH_ERRORS"),
        ("sagemaker", "SageMaker Endpoint State Change", {}, [f"arn:aws:sagemaker:{ME}:endpoint/e"],
         f"sagemaker:endpoint#arn:aws:sagemaker:{ME}:endpoint/e", None),
        ("newone", "Something Happened", {"status": "bad", "otherId": "x"}, [], "newone:resource#unknown", "bad"),
    ],
)  # fmt: skip
def test_one_message(read: Read, source: str, title: str, detail: dict[str, Any], arns: list[str], key: str, name: str | None) -> None:
    (event,) = read(f"aws.{source}", title, detail, *arns)
    assert (event.resource.key, event.name) == (key, name or title)


def test_a_reader_that_trips_over_a_shape_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def trips(_: Envelope) -> Parked:
        raise KeyError("Resources")

    monkeypatch.setitem(events._READERS, "config", trips)
    now = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    found = recognize(Envelope("e", "aws.config", "Config Notification", "111122223333", "eu-west-1", now, now))
    assert found == Parked(reason="unreadable detail: 'Config Notification', KeyError")
