"""Python values as DynamoDB attributes and back, and what a query and a write ask for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.aws.table import DynamoTable, from_attribute, from_item, to_attribute
from aiops_daemon.model.errors import ConditionFailed
from tests.doubles.scripted_aws import ScriptedAws

LEAVES = st.none() | st.booleans() | st.text() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner), max_leaves=20)


@given(VALUES | st.frozensets(st.text(min_size=1), min_size=1))
def test_a_value_survives_the_way_there_and_back(value: object) -> None:
    again = from_attribute(to_attribute(value))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (True, {"BOOL": True}), (1, {"N": "1"}), (0.5, {"N": "0.5"}), ("a", {"S": "a"}), (None, {"NULL": True}),
        (("a", 1), {"L": [{"S": "a"}, {"N": "1"}]}), ({"a": {"b": []}}, {"M": {"a": {"M": {"b": {"L": []}}}}}),
        (frozenset({"b", "a"}), {"SS": ["a", "b"]}),
    ],
)  # fmt: skip
def test_the_wire_form_of_each_type(value: object, attribute: dict[str, Any]) -> None:
    assert to_attribute(value) == attribute


def test_what_has_no_form_is_refused_in_both_directions() -> None:
    with pytest.raises(TypeError):
        to_attribute(b"x")
    with pytest.raises(TypeError):
        from_attribute({"B": b"x"})


async def test_a_put_leaves_out_what_is_none_and_asks_for_the_old_item_when_it_has_a_condition() -> None:
    aws = ScriptedAws(put_item=[{}])
    await DynamoTable(aws, "t").put({"incident_id": "a", "owner": None}, "seq = :s", {"s": 1})
    assert aws.asked == [
        ("put_item", {
            "TableName": "t", "Item": {"incident_id": {"S": "a"}}, "ConditionExpression": "seq = :s",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD", "ExpressionAttributeValues": {":s": {"N": "1"}},
        })
    ]  # fmt: skip


async def test_a_failed_condition_shows_the_old_item_in_plain_values() -> None:
    aws = ScriptedAws(put_item=[ConditionFailed("no", {"seq": {"N": "2"}})])
    with pytest.raises(ConditionFailed, match="inc-1") as caught:
        await DynamoTable(aws, "t").put({"incident_id": "inc-1"}, "seq = :s", {"s": 1})
    assert caught.value.item == {"seq": 2}


async def test_a_read_is_consistent_and_nothing_is_none() -> None:
    aws = ScriptedAws(get_item=[{"Item": {"a": {"N": "1"}}}, {}])
    table = DynamoTable(aws, "t")
    assert await table.get("k") == from_item({"a": {"N": "1"}})
    assert await table.get("k") is None
    assert aws.asked[0][1]["ConsistentRead"] is True


async def test_a_filtered_query_reads_on_until_it_has_enough() -> None:
    pages = [
        {"Items": [{"n": {"N": "1"}}], "LastEvaluatedKey": {"incident_id": {"S": "1"}}},
        {"Items": [{"n": {"N": "2"}}, {"n": {"N": "3"}}], "LastEvaluatedKey": {"incident_id": {"S": "3"}}},
    ]
    aws = ScriptedAws(query=[*pages, {"Items": []}])
    found = await DynamoTable(aws, "t").query("i", "k = :k", {"k": "x"}, filter_by="#n > :k", names={"n": "n"}, limit=2)
    assert found == [{"n": 1}, {"n": 2}]
    assert "Limit" not in aws.asked[0][1]  # DynamoDB would count what the filter throws away
    assert aws.asked[0][1]["ExpressionAttributeNames"] == {"#n": "n"}
    assert aws.asked[0][1]["ScanIndexForward"] is False


async def test_a_query_without_a_limit_reads_every_page() -> None:
    aws = ScriptedAws(query=[{"Items": [{"n": {"N": "1"}}], "LastEvaluatedKey": {"x": {"S": "1"}}}, {"Items": [{"n": {"N": "2"}}]}])
    assert len(await DynamoTable(aws, "t").query("i", "k = :k", {"k": "x"})) == 2


async def test_an_update_answers_with_the_new_item() -> None:
    aws = ScriptedAws(update_item=[{"Attributes": {"seq": {"N": "3"}}}])
    assert await DynamoTable(aws, "t").update("k", "SET #o = :o", "seq = :s", {"o": "me", "s": 2}, {"o": "owner"}) == {"seq": 3}
    assert aws.asked[0][1]["ExpressionAttributeNames"] == {"#o": "owner"}
