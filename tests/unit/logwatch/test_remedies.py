"""What the operator may write down, and what is refused at the start instead of at three in the morning."""

from typing import Any

import pytest
from pydantic import ValidationError

from aiops_daemon.logwatch.remedies import LogAction
from aiops_daemon.logwatch.settings import LogWatchSettings

ECS: dict[str, Any] = {
    "log_group": "/shop/*", "action": "ecs.scale_out", "at_most": 6, "resource": "arn:aws:ecs:eu-west-1:123456789012:service/prod/web",
}  # fmt: skip
RDS: dict[str, Any] = {
    "log_group": "/shop/orders", "action": "rds.scale_up", "resource": "arn:aws:rds:eu-west-1:123456789012:db:orders",
    "instance_classes": ["db.t3.medium", "db.t3.large"],
}  # fmt: skip


def test_nothing_is_set_off_unless_somebody_wrote_it_down() -> None:
    assert LogWatchSettings().actions == ()
    ecs, rds = LogWatchSettings.model_validate({"actions": [ECS, RDS]}).actions
    assert ecs.approve, "a human is asked unless the line says otherwise"
    assert rds.instance_classes == ("db.t3.medium", "db.t3.large")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (ECS | {"resource": "arn:aws:ecs:eu-west-1:123456789012:service/web"}, "not the ARN"),  # which cluster?
        (ECS | {"resource": RDS["resource"]}, "not the ARN"),
        (RDS | {"resource": "arn:aws:rds:eu-west-1:123456789012:cluster:orders"}, "not the ARN"),
        (ECS | {"at_most": None}, "needs at_most"),
        (ECS | {"at_most": 1}, "greater than or equal to 2"),
        (RDS | {"instance_classes": ["db.t3.large", "db.t3.large"]}, "ladder of at least two"),
        (RDS | {"instance_classes": ["large", "larger"]}, "should match pattern"),
        (ECS | {"action": "ec2.start"}, "ecs.scale_out"),
        (ECS | {"log_group": ""}, "at least 1 character"),
        (ECS | {"logs": "/shop"}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        LogAction.model_validate(change)


@pytest.mark.parametrize(
    ("group", "texts", "fits"),
    [
        ("/shop/orders", ["(level ERROR)", "ERROR connection pool of db is exhausted"], True),
        ("/shop/orders", ["disk is full"], False),
        ("/ops", ["connection pool of <*>"], False),
    ],
)
def test_group_and_text_have_to_fit(group: str, texts: list[str], fits: bool) -> None:
    assert LogAction.model_validate(ECS | {"matching": "*connection pool*"}).fits(group, texts) is fits
