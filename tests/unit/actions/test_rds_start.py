"""rds.start: instances and clusters, read before they are started."""

from typing import Any

import pytest

from aiops_daemon.actions.rds_start import RdsStart
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.model.errors import GiveUp, NotPermitted
from aiops_daemon.model.plan import Failed, Running, Succeeded
from tests.doubles.scripted_aws import ScriptedAws, ScriptedCall, event_on

ACTION = RdsStart(ActionSettings())
RESOURCE = event_on("rds:db", "orders", "stopped").resource


def call(aws: ScriptedAws, *, cluster: bool = False) -> ScriptedCall:
    return ScriptedCall(aws, RESOURCE, {"database_id": "orders", "cluster": cluster})


def instances(*states: str) -> list[Any]:
    return [{"DBInstances": [{"DBInstanceStatus": state}]} for state in states]


def clusters(*states: str) -> list[Any]:
    return [{"DBClusters": [{"Status": state}]} for state in states]


@pytest.mark.parametrize(
    ("kind", "identifier", "name", "cluster"),
    [
        ("rds:db", "orders", "StopDBInstance", False),
        ("rds:db", "arn:aws:rds:eu-west-1:123456789012:db:orders", "RDS-EVENT-0087", False),
        ("rds:cluster", "orders", "StopDBCluster", True),
        ("rds:cluster", "arn:aws:rds:eu-west-1:123456789012:cluster:orders", "RDS-EVENT-0150", True),
    ],
)
def test_applies_to_a_stopped_database(kind: str, identifier: str, name: str, cluster: bool) -> None:
    assert ACTION.parameters(event_on(kind, identifier, name)) == {"database_id": "orders", "cluster": cluster}


@pytest.mark.parametrize("name", ["DeleteDBInstance", "RebootDBInstance", "RDS-EVENT-0006"])
def test_does_not_apply_to_anything_else(name: str) -> None:
    assert "not say" in str(ACTION.parameters(event_on("rds:db", "orders", name)))


async def test_starts_and_follows_an_instance() -> None:
    aws = ScriptedAws(describe_db_instances=instances("stopped", "starting", "stopped", "available"), start_db_instance=[{}])
    started = await ACTION.start(call(aws))
    assert isinstance(started, Running)
    assert isinstance(await ACTION.poll(call(aws), started.handle), Running)
    assert isinstance(await ACTION.poll(call(aws), started.handle), Running)  # RDS shows `stopped` for a moment after the order
    assert await ACTION.poll(call(aws), started.handle) == Succeeded(result={"database_id": "orders", "started": True}, note="available")
    assert aws.operations().count("start_db_instance") == 1


async def test_starts_and_stops_a_cluster() -> None:
    aws = ScriptedAws(describe_db_clusters=clusters("stopped"), start_db_cluster=[{}], stop_db_cluster=[{}])
    await ACTION.start(call(aws, cluster=True))
    await ACTION.undo(call(aws, cluster=True), {"started": True})
    assert aws.operations() == ["describe_db_clusters", "start_db_cluster", "stop_db_cluster"]


async def test_waits_for_stopping_to_end_and_starts_then() -> None:
    aws = ScriptedAws(describe_db_instances=instances("stopping", "stopping", "stopped"), start_db_instance=[{}])
    waiting = await ACTION.start(call(aws))
    assert isinstance(waiting, Running)
    assert waiting.acts_next, "the kill switch is asked before the look that starts it"
    started = await ACTION.poll(call(aws), waiting.handle)
    assert isinstance(started, Running)
    assert (started.handle, started.acts_next) == ({"started": True}, False)
    assert aws.operations()[-1] == "start_db_instance"


async def test_a_state_without_a_way_back_fails() -> None:
    answer = await ACTION.start(call(ScriptedAws(describe_db_instances=instances("incompatible-restore"))))
    assert answer == Failed(reason="the database is incompatible-restore")


async def test_undo_stops_only_what_it_started() -> None:
    aws = ScriptedAws(stop_db_instance=[{}])
    await ACTION.undo(call(aws), {"started": False})
    assert aws.asked == []
    await ACTION.undo(call(aws), {"started": True})
    assert aws.asked == [("stop_db_instance", {"DBInstanceIdentifier": "orders"})]


WRONG_STATE = GiveUp("rds StartDBInstance: InvalidDBInstanceState: Instance orders is not stopped")


async def test_an_order_whose_reply_was_lost_is_refused_when_it_is_repeated_and_counts_as_given() -> None:
    aws = ScriptedAws(describe_db_instances=instances("stopped", "starting"), start_db_instance=[WRONG_STATE])
    started = await ACTION.start(call(aws))
    assert isinstance(started, Running)
    assert started.handle == {"started": True}
    aws = ScriptedAws(describe_db_instances=instances("stopping"), stop_db_instance=[WRONG_STATE])
    assert isinstance(await ACTION.undo(call(aws), {"started": True}), Succeeded)


@pytest.mark.parametrize(("error", "after"), [(WRONG_STATE, "stopped"), (NotPermitted("denied"), "starting")])
async def test_an_order_that_was_refused_is_not_called_given(error: GiveUp, after: str) -> None:
    aws = ScriptedAws(describe_db_instances=instances("stopped", after), start_db_instance=[error])
    with pytest.raises(GiveUp):
        await ACTION.start(call(aws))
