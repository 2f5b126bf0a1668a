"""Reading a saved plan: what it says in a line, whose it is, and what speaks against applying it."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from aiops_daemon.actions.terraform_plan import SavedPlan, objection, own_addresses

LOST = "i-0123456789abcdef0"
WEB = "aws_instance.web"


def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    inner = {key: more.pop(key) for key in ("before", "importing") if key in more}
    return {"address": address, "mode": "managed", "type": address.split(".")[0], "change": {"actions": list(actions), **inner}, **more}


GONE = change(WEB, "delete", before={"id": LOST, "ami": "ami-1", "user_data": "a password"})


def plan(*changes: dict[str, Any], drift: tuple[dict[str, Any], ...] = (GONE,), **more: Any) -> SavedPlan:
    return SavedPlan.model_validate_json(
        json.dumps({"format_version": "1.2", "resource_changes": changes, "resource_drift": drift, "variables": {}, **more})
    )


def test_the_summary_counts_changes_and_tells_drift_apart() -> None:
    read = plan(change(WEB, "create"), change("aws_eip.a", "no-op"), change("data.aws_ami.x", "read"))
    assert read.summary() == "1 to create, 0 to change, 0 to destroy: aws_instance.web; drift: aws_instance.web (delete)"
    nothing = change("aws_eip.a", "no-op")
    blurred = plan(drift=(change("aws_eip.a", "update"), GONE, change("aws_eip.b", "update"), nothing))
    assert blurred.summary() == "0 to create, 0 to change, 0 to destroy; drift: aws_instance.web (delete), 2 updated"
    assert plan(drift=()).summary() == "0 to create, 0 to change, 0 to destroy"
    many = plan(*(change(f"aws_sqs_queue.q{number}", "delete", "create") for number in range(8)), drift=())
    assert many.summary().startswith("8 to create, 0 to change, 8 to destroy: aws_sqs_queue.q0, ")
    assert many.summary().endswith("aws_sqs_queue.q5 and 2 more")


def test_no_value_but_names_is_kept() -> None:
    text = plan(change(WEB, "create", importing={"id": "secret"})).model_dump_json()
    assert LOST in text
    assert not any(word in text for word in ("password", "ami-1", "secret"))


def test_the_incidents_address_is_known_by_its_last_id_or_by_the_operator() -> None:
    read = plan(change(WEB, "create"))
    assert own_addresses(read, LOST, "") == {WEB}
    assert own_addresses(read, LOST, "aws_instance.other") == {"aws_instance.other"}
    assert own_addresses(read, "i-00000000000000000", "") == frozenset()
    data = change("data.aws_instance.web", "read", before={"id": LOST}, mode="data") | {"mode": "data"}
    assert own_addresses(plan(data, drift=()), LOST, "") == frozenset()


@pytest.mark.parametrize(
    "changes",
    [
        (change(WEB, "create"),),
        (change(WEB, "update", before={"id": LOST}), change("aws_sqs_queue.jobs", "no-op"), change("data.aws_ami.x", "read")),
    ],
)
def test_what_puts_the_resource_back_and_nothing_else_goes_by_itself(changes: tuple[dict[str, Any], ...]) -> None:
    assert objection(plan(*changes), LOST, "") == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ((), "the plan changes nothing: Terraform does not miss i-0123456789abcdef0"),
        ((change(WEB, "create"), change("aws_sqs_queue.jobs", "update")), "aws_sqs_queue.jobs is not part of this incident"),
        ((change(WEB, "create"), change("aws_sqs_queue.jobs", "create")), "aws_sqs_queue.jobs is not part of this incident"),
        ((change(WEB, "delete", "create", action_reason="replace_by_request"),), "create and delete (replace_by_request)"),
        ((change(WEB, "create"), change("aws_db_instance.main", "delete")), "aws_db_instance.main would be changed by delete"),
        ((change(WEB, "forget"),), "forget"),
        ((change(WEB, "create"), change("aws_eip.b", "no-op", previous_address="aws_eip.a")), "aws_eip.b would be moved or imported"),
        ((change(WEB, "create"), change("aws_eip.b", "no-op", importing={"id": "eip-1"})), "aws_eip.b would be moved or imported"),
    ],
)
def test_anything_else_asks_a_person(changes: tuple[dict[str, Any], ...], reason: str) -> None:
    assert reason in objection(plan(*changes), LOST, "")


def test_a_plan_of_somebody_else_or_half_a_plan_asks_a_person() -> None:
    create = change(WEB, "create")
    assert objection(plan(create, drift=()), LOST, "") == f"nothing in the plan is known to be {LOST}"
    assert objection(plan(create, drift=()), LOST, WEB) == ""
    assert "not part of this incident" in objection(plan(create), LOST, "aws_instance.other")
    assert objection(plan(create, errored=True), LOST, "") == "the plan is not complete"
    assert objection(plan(create, complete=False), LOST, "") == "the plan is not complete"


def test_a_format_that_is_not_known_is_not_read() -> None:
    for text in ('{"format_version": "2.0"}', '{"format_version": "1.2", "resource_changes": [{"address": "a"}]}', "no plan"):
        with pytest.raises(ValidationError):
            SavedPlan.model_validate_json(text)
