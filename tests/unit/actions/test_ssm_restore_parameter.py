"""ssm.restore_parameter: the version before the change, never a value on the record."""

from typing import Any

import pytest

from aiops_daemon.actions.ssm_restore_parameter import SsmRestoreParameter
from aiops_daemon.model.errors import NotPermitted, RetryLater
from aiops_daemon.model.plan import Failed, Running, Succeeded, Unsure
from tests.doubles.scripted_aws import ScriptedAws, ScriptedCall, event_on

ACTION = SsmRestoreParameter()
KIND = "ssm:parameter"


def version(number: int, value: str, **more: Any) -> dict[str, Any]:
    return {"Name": "/app/db", "Type": "SecureString", "KeyId": "alias/app", "Version": number, "Value": value, "Labels": [], **more}


def history(*versions: dict[str, Any]) -> list[Any]:
    return [{"Parameters": list(versions)}]


def call(aws: ScriptedAws, changed: int | None = 2) -> ScriptedCall:
    return ScriptedCall(aws, event_on(KIND, "/app/db", "PutParameter").resource, {"name": "/app/db", "changed_version": changed})


@pytest.mark.parametrize(
    ("identifier", "name"),
    [("/app/db", "/app/db"), ("plain", "plain"), ("arn:aws:ssm:eu-west-1:123456789012:parameter/app/db", "/app/db"),
     ("arn:aws:ssm:eu-west-1:123456789012:parameter/plain", "plain")],
)  # fmt: skip
def test_applies_to_a_changed_parameter(identifier: str, name: str) -> None:
    event = event_on(KIND, identifier, "PutParameter", facts={"responseElements": {"version": 2}})
    assert ACTION.parameters(event) == {"name": name, "changed_version": 2}


def test_the_version_may_be_unknown() -> None:
    assert ACTION.parameters(event_on(KIND, "/app/db", "PutParameter")) == {"name": "/app/db", "changed_version": None}


def test_a_deleted_parameter_has_no_history() -> None:
    assert "deleted" in str(ACTION.parameters(event_on(KIND, "/app/db", "DeleteParameter")))


async def test_writes_the_earlier_value_with_its_key_and_marks_it() -> None:
    aws = ScriptedAws(
        get_parameter_history=history(version(2, "bad"), version(1, "s3cret")), put_parameter=[{"Version": 3}], label_parameter_version=[{}]
    )
    answer = await ACTION.start(call(aws))
    assert isinstance(answer, Succeeded)
    assert answer.result == {"changed_version": 2, "good_version": 1, "made_version": 3}
    put = dict(aws.asked)["put_parameter"]
    assert put == {"Name": "/app/db", "Value": "s3cret", "Type": "SecureString", "KeyId": "alias/app", "Overwrite": True}
    assert dict(aws.asked)["label_parameter_version"]["Labels"] == ["aiops-daemon.inc-1"]
    assert "s3cret" not in answer.model_dump_json()


async def test_where_the_event_names_no_version_the_one_found_is_on_the_record_before_anything_is_written() -> None:
    two = [version(1, "good"), version(2, "bad")]
    aws = ScriptedAws(
        get_parameter_history=[*history(*two), *history(*two), *history(*two, version(3, "good"))],
        put_parameter=[{"Version": 3}],
        label_parameter_version=[RetryLater("throttled")],
    )
    seen = await ACTION.start(call(aws, None))
    assert isinstance(seen, Running)
    assert (seen.handle, seen.acts_next, aws.operations()) == ({"changed_version": 2}, True, ["get_parameter_history"])
    with pytest.raises(RetryLater):
        await ACTION.poll(call(aws, None), seen.handle)
    again = await ACTION.poll(call(aws, None), seen.handle)
    assert isinstance(again, Succeeded), "our own version is not taken for the change, nor the bad value put back"
    assert [asked["Value"] for operation, asked in aws.asked if operation == "put_parameter"] == ["good"]


@pytest.mark.parametrize(
    ("versions", "kind"),
    [([version(1, "new")], Failed), ([version(1, "good"), version(2, "good")], Succeeded),
     ([version(1, "good"), version(2, "bad"), version(3, "good", Labels=["aiops-daemon.inc-1"])], Succeeded),
     ([version(1, "good"), version(2, "bad"), version(3, "good", Labels=["aiops-daemon.inc-0"])], Succeeded)],
)  # fmt: skip
async def test_without_a_version_in_the_event_what_needs_no_write_ends_at_once(versions: list[dict[str, Any]], kind: type) -> None:
    aws = ScriptedAws(get_parameter_history=history(*versions))
    assert isinstance(await ACTION.start(call(aws, None)), kind)
    assert aws.operations() == ["get_parameter_history"]


async def test_a_version_that_the_daemon_itself_restored_is_no_change_to_take_back() -> None:
    ours = version(3, "good", Labels=["aiops-daemon.inc-0"])
    aws = ScriptedAws(get_parameter_history=history(version(1, "good"), version(2, "bad"), ours))
    answer = await ACTION.start(call(aws, 3))
    assert isinstance(answer, Succeeded)
    assert aws.operations() == ["get_parameter_history"], "the bad value is not put back"


async def test_reads_every_page_of_the_history() -> None:
    pages = [{"Parameters": [version(1, "good")], "NextToken": "t"}, {"Parameters": [version(2, "bad")]}]
    aws = ScriptedAws(get_parameter_history=pages, put_parameter=[{"Version": 3}], label_parameter_version=[{}])
    assert isinstance(await ACTION.start(call(aws)), Succeeded)
    assert [asked.get("NextToken") for operation, asked in aws.asked if operation == "get_parameter_history"] == [None, "t"]


async def test_the_label_is_a_courtesy() -> None:
    aws = ScriptedAws(
        get_parameter_history=history(version(1, "good"), version(2, "bad")),
        put_parameter=[{"Version": 3}],
        label_parameter_version=[NotPermitted("no")],
    )
    assert isinstance(await ACTION.start(call(aws)), Succeeded)


@pytest.mark.parametrize("third", [version(3, "good"), version(3, "good", Labels=["aiops-daemon.inc-1"])])
async def test_a_second_start_writes_nothing(third: dict[str, Any]) -> None:
    aws = ScriptedAws(get_parameter_history=history(version(1, "good"), version(2, "bad"), third))
    answer = await ACTION.start(call(aws))
    assert isinstance(answer, Succeeded)
    assert answer.result["changed_version"] == 2
    assert aws.operations() == ["get_parameter_history"]


async def test_a_parameter_that_was_changed_again_is_for_a_person() -> None:
    aws = ScriptedAws(get_parameter_history=history(version(1, "good"), version(2, "bad"), version(3, "newer")))
    assert isinstance(await ACTION.start(call(aws)), Unsure)


@pytest.mark.parametrize("changed", [1, 9])
async def test_without_an_earlier_version_there_is_nothing_to_restore(changed: int) -> None:
    assert isinstance(await ACTION.start(call(ScriptedAws(get_parameter_history=history(version(1, "new"))), changed)), Failed)


RESULT = {"changed_version": 2, "good_version": 1, "made_version": 3}
THREE = (version(1, "good"), version(2, "bad"), version(3, "good"))


async def test_undo_puts_the_newer_one_back() -> None:
    aws = ScriptedAws(get_parameter_history=history(*THREE), put_parameter=[{"Version": 4}])
    assert isinstance(await ACTION.undo(call(aws), RESULT), Succeeded)
    assert dict(aws.asked)["put_parameter"]["Value"] == "bad"


async def test_an_undo_whose_worker_died_after_it_is_not_taken_for_somebody_elses_change() -> None:
    aws = ScriptedAws(get_parameter_history=history(*THREE, version(4, "bad")))
    assert isinstance(await ACTION.undo(call(aws), RESULT), Succeeded)
    assert aws.operations() == ["get_parameter_history"]


@pytest.mark.parametrize(
    ("versions", "result", "kind"),
    [(THREE, {**RESULT, "made_version": None}, Succeeded), ((*THREE, version(4, "x")), RESULT, Failed), (THREE[2:], RESULT, Failed)],
)
async def test_undo_touches_nothing_that_is_not_its_own(versions: tuple[dict[str, Any], ...], result: dict[str, Any], kind: type) -> None:
    aws = ScriptedAws(get_parameter_history=history(*versions))
    assert isinstance(await ACTION.undo(call(aws), result), kind)
    assert "put_parameter" not in aws.operations()
