"""The value types."""

from aiops_daemon.model.event import Resource


def test_no_model_keeps_which_fields_were_given_and_copies_do_not_share_what_they_add() -> None:
    one = Resource(type="ec2:instance", id="i-1")
    other = one.model_copy(update={"id": "i-2"})
    assert (one.id, other.id) == ("i-1", "i-2")
    assert one.model_fields_set is Resource(type="rds:db").model_fields_set
    assert not one.model_fields_set  # shared by all: whoever adds to it adds to everybody's
    assert Resource.model_validate_json(other.model_dump_json()) == other
