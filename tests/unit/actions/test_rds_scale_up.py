"""rds.scale_up: one step up the configured ladder, never two, and nothing else that is pending along with it."""

from typing import Any

import pytest

from aiops_daemon.actions.rds_scale_up import RdsScaleUp
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.errors import GiveUp, NotPermitted
from aiops_daemon.model.event import EventKind
from aiops_daemon.model.plan import Failed, Progress, Running, Succeeded
from tests.doubles.scripted_aws import ScriptedAws, ScriptedCall, event_on

ACTION = RdsScaleUp(ActionSettings())
LADDER = ["db.t3.medium", "db.t3.large", "db.m6g.xlarge"]
FACTS = {"configured action": "rds.scale_up", "instance classes": LADDER}
FOUND = {"class_before": "db.t3.medium", "class": "db.t3.large"}
ORDERED = FOUND | {"ordered": True}


def database(size: str = "db.t3.medium", status: str = "available", **pending: Any) -> dict[str, Any]:
    return {"DBInstances": [{"DBInstanceClass": size, "DBInstanceStatus": status, "PendingModifiedValues": pending}]}


def call(aws: ScriptedAws) -> ScriptedCall:
    return ScriptedCall(aws, event_on("rds:db", "orders", "x").resource, {"database_id": "orders", "ladder": [*LADDER]})


def orders(aws: ScriptedAws) -> list[str]:
    return [parameters["DBInstanceClass"] for operation, parameters in aws.asked if operation == "modify_db_instance"]


@pytest.mark.parametrize(
    ("identifier", "facts", "expected"),
    [
        ("orders", FACTS, {"database_id": "orders", "ladder": LADDER}),
        ("orders; drop", FACTS, "no database identifier"),
        ("orders", {"configured action": "rds.scale_up"}, "ladder of classes is missing"),
        ("orders", {}, "no setting"),
    ],
)
def test_applies_to_a_configured_warning_only(identifier: str, facts: dict[str, Any], expected: Any) -> None:
    event = event_on("rds:db", identifier, "log-anomaly ramp", facts=facts)
    answer = ACTION.parameters(event.model_copy(update={"kind": EventKind.LOG_ANOMALY}))
    assert answer == expected if isinstance(expected, dict) else expected in str(answer)


async def test_what_was_found_is_recorded_before_anything_is_ordered() -> None:
    aws = ScriptedAws(describe_db_instances=[database()])
    answer = await ACTION.start(call(aws))
    assert isinstance(answer, Running)
    assert (answer.handle, answer.acts_next) == (FOUND, True)
    assert aws.operations() == ["describe_db_instances"]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (database(status="modifying"), "is modifying"),
        (database(EngineVersion="16.4"), "EngineVersion"),
        (database("db.m6g.xlarge"), "no step above"),
        (database("db.r5.large"), "no step above"),
    ],
)
async def test_it_does_not_begin(found: dict[str, Any], why: str) -> None:
    answer = await ACTION.start(call(ScriptedAws(describe_db_instances=[found])))
    assert isinstance(answer, Failed)
    assert why in answer.reason


async def test_a_repeat_after_a_crash_is_no_second_step() -> None:
    seen = [database(), database(DBInstanceClass="db.t3.large"), database("db.t3.large")]
    aws = ScriptedAws(describe_db_instances=seen, modify_db_instance=[{}])
    answers = [await ACTION.poll(call(aws), FOUND) for _ in range(3)]  # the order never got on record
    assert all(isinstance(answer, Running) and answer.handle == ORDERED for answer in answers)
    assert aws.asked[1] == (
        "modify_db_instance", {"DBInstanceIdentifier": "orders", "DBInstanceClass": "db.t3.large", "ApplyImmediately": True},
    )  # fmt: skip
    assert orders(aws) == ["db.t3.large"]


@pytest.mark.parametrize("meanwhile", [database("db.r5.large"), database(DBInstanceClass="db.r5.large"), database(AllocatedStorage=100)])
async def test_what_somebody_else_changes_is_left_to_them(meanwhile: dict[str, Any]) -> None:
    aws = ScriptedAws(describe_db_instances=[meanwhile])
    assert isinstance(await ACTION.poll(call(aws), FOUND), Failed)
    assert orders(aws) == []


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (database(DBInstanceClass="db.t3.large"), Running),
        (database("db.t3.large", "modifying"), Running),
        (database("db.t3.large"), Succeeded),
        (database("db.t3.medium", "incompatible-parameters"), Failed),
    ],
)
async def test_follows_the_change(seen: dict[str, Any], kind: type[Progress]) -> None:
    assert isinstance(await ACTION.poll(call(ScriptedAws(describe_db_instances=[seen])), ORDERED), kind)


@pytest.mark.parametrize(("now", "ordered"), [(database("db.t3.large"), ["db.t3.medium"]), (database("db.r5.large"), [])])
async def test_undo_orders_what_was_found_unless_somebody_changed_it(now: dict[str, Any], ordered: list[str]) -> None:
    aws = ScriptedAws(describe_db_instances=[now], modify_db_instance=[{}])
    assert isinstance(await ACTION.undo(call(aws), ORDERED), Succeeded)
    assert orders(aws) == ordered


WRONG_STATE = GiveUp("rds ModifyDBInstance: InvalidDBInstanceState: Instance orders is modifying")


async def test_an_order_whose_reply_was_lost_is_refused_when_it_is_repeated_and_counts_as_given() -> None:
    seen = [database(), database(status="modifying", DBInstanceClass="db.t3.large")]
    aws = ScriptedAws(describe_db_instances=seen, modify_db_instance=[WRONG_STATE])
    answer = await ACTION.poll(call(aws), FOUND)
    assert isinstance(answer, Running)
    assert answer.handle == ORDERED


@pytest.mark.parametrize(("error", "after"), [(WRONG_STATE, {}), (NotPermitted("denied"), {"DBInstanceClass": "db.t3.large"})])
async def test_an_order_that_was_refused_is_not_called_given(error: GiveUp, after: dict[str, Any]) -> None:
    aws = ScriptedAws(describe_db_instances=[database(), database(**after)], modify_db_instance=[error])
    with pytest.raises(GiveUp):
        await ACTION.poll(call(aws), FOUND)


async def test_an_undo_whose_worker_died_after_it_is_not_ordered_again() -> None:
    aws = ScriptedAws(describe_db_instances=[database("db.t3.large", "modifying", DBInstanceClass="db.t3.medium")])
    assert isinstance(await ACTION.undo(call(aws), ORDERED), Succeeded)
    assert orders(aws) == []


async def test_an_undo_applies_nothing_else_that_is_pending() -> None:
    aws = ScriptedAws(describe_db_instances=[database("db.t3.large", AllocatedStorage=100)])
    answer = await ACTION.undo(call(aws), ORDERED)
    assert isinstance(answer, Failed)
    assert "AllocatedStorage" in answer.reason
    assert orders(aws) == []
