"""Events as the readers hand them to the rules, and the rules' answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiops_daemon.analysts.rules import RulesAnalyst
from aiops_daemon.model.event import Actor, ActorKind, Event, Resource
from aiops_daemon.model.verdict import Cause, Evidence, Provenance, Verdict
from tests.doubles.scripted_aws import event_on

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ANN = Actor(kind=ActorKind.USER, arn="arn:aws:iam::111122223333:user/ann", user_agent="aws-cli/2.15")
ACTIONS = {a: a for a in ("ec2.start", "rds.start", "ecs.redeploy", "ssm.restore_parameter", "codebuild.terraform_apply")}


def an_event(**more: Any) -> Event:
    usual: dict[str, Any] = {"account": "111122223333", "region": "eu-central-1", "actor": ANN, "occurred_at": NOON, "received_at": NOON}
    return event_on("ec2:instance", "i-0aa", "StopInstances", **(usual | more))


@pytest.fixture
def judged() -> Callable[..., Verdict]:
    """judged(cause=..., policy=..., actions=..., **event fields) -> the rules' verdict."""

    def judge(
        cause: Cause = Cause.UNEXPLAINED, reason: str = "", policy: dict[str, Any] | None = None, actions: Any = None, **event: Any
    ) -> Verdict:
        evidence = Evidence(
            event=an_event(**event),
            provenance=Provenance(cause=cause, reason=reason),
            allowed_actions=ACTIONS if actions is None else actions,
            policy=policy or {},
        )
        return RulesAnalyst().judge_now(evidence)

    return judge


@pytest.fixture
def called(judged: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """called("s3", "PutBucketAcl", {parameters}) -> the verdict on a successful call by an ordinary user."""

    def call(service: str, name: str, parameters: dict[str, Any] | None = None, **more: Any) -> Verdict:
        fields: dict[str, Any] = {
            "source": f"aws.{service}",
            "event_source": f"{service}.amazonaws.com",
            "name": name,
            "resource": Resource(type=f"{service}:thing", id="x-1"),
            "facts": {"requestParameters": parameters or {"name": "x-1"}},
        }
        return judged(**(fields | more))

    return call
