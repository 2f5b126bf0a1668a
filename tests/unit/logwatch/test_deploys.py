"""Releases in lines and in calls: which are one, of what, and which log groups they explain."""

from typing import Any

import pytest

from aiops_daemon.logwatch.deploys import DeploySeen, DeploysSeen, deploy_in
from tests.doubles.scripted_aws import NOW, event_on

SERVICE = "arn:aws:ecs:eu-west-1:123456789012:service/prod/orders"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:orders"
AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("INFO Deployed orders v1.4.2 in 31 s", "Deployed orders v1.4.2"),
        ("starting orders, version 2.0.1", "starting orders, version 2.0.1"),
        ("rolling out build 4711", "rolling out build 4711"),
        ("deployment of 1.4.2 rejected", None),
        ("order 1.4 placed", None),
        ("deploying soon", None),
    ],
)
def test_what_a_line_says(line: str, name: str | None) -> None:
    assert deploy_in(line) == name


def heard(source: str, kind: str, identifier: str, name: str, **more: Any) -> list[DeploySeen]:
    seen = DeploysSeen()
    seen.heard(event_on(kind, identifier, name, event_source=f"{source}.amazonaws.com", **more))
    return list(seen.waiting)


@pytest.mark.parametrize(
    ("source", "kind", "identifier", "name", "asked", "of"),
    [
        ("ecs", "ecs:service", SERVICE, "UpdateService", {"taskDefinition": "orders:8"}, "orders"),
        ("ecs", "ecs:service", SERVICE, "UpdateService", {"forceNewDeployment": True}, "orders"),
        ("lambda", "lambda:function", FUNCTION, "UpdateFunctionCode20150331v2", {}, "orders"),
        ("codedeploy", "codedeploy:application", "x", "CreateDeployment", {"applicationName": "orders"}, "orders"),
        ("elasticbeanstalk", "elasticbeanstalk:environment", "orders", "UpdateEnvironment", {"versionLabel": "v8"}, "orders"),
    ],
)
def test_a_call_that_releases_something(source: str, kind: str, identifier: str, name: str, asked: dict[str, Any], of: str) -> None:
    (seen,) = heard(source, kind, identifier, name, facts={"requestParameters": asked})
    assert seen == DeploySeen(AT, f"{name} of {of} by unknown", of)


@pytest.mark.parametrize(
    ("source", "name", "more"),
    [
        ("ecs", "UpdateService", {"facts": {"requestParameters": {"desiredCount": 3}}}),
        ("ecs", "UpdateService", {"facts": {"taskDefinition": "orders:8"}, "error_code": "AccessDenied"}),
        ("elasticbeanstalk", "UpdateEnvironment", {}),
        ("codedeploy", "CreateDeployment", {}),  # of what?
        ("lambda", "UpdateFunctionConfiguration", {}),
        ("s3", "CreateBucket", {}),
    ],
)
def test_what_is_no_release(source: str, name: str, more: dict[str, Any]) -> None:
    assert heard(source, "x:y", "orders", name, **more) == []


@pytest.mark.parametrize(
    ("group", "explained"),
    [("/aws/lambda/orders", True), ("/ecs/prod/Orders-api", True), ("/shop/reorders", False), ("/shop/orders2", False), ("/pay", False)],
)
def test_a_release_explains_the_log_groups_that_are_called_after_it(group: str, explained: bool) -> None:
    assert DeploySeen(0, "x", "orders").explains(group) is explained


def test_only_the_newest_hundred_wait() -> None:
    seen = DeploysSeen()
    for n in range(150):
        seen.heard(event_on("lambda:function", f"f{n}", "UpdateFunctionCode", event_source="lambda.amazonaws.com"))
    assert [seen.waiting[0].of, seen.waiting[-1].of, len(seen.waiting)] == ["f50", "f149", 100]
