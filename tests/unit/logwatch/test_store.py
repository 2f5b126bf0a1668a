"""Slots share the windows out among tasks; a state in several pieces is read back whole."""

import json
import random

import pytest
from pydantic import JsonValue

from aiops_daemon.logwatch.store import Head, PatternStore
from aiops_daemon.model.errors import ConditionFailed
from tests.doubles.cloudwatch import Clock, Dynamo

START = 1_767_571_200


async def test_a_slot_of_a_dead_task_is_taken_over_after_its_time() -> None:
    clock = Clock(START)
    dynamo = Dynamo()
    dead, alive = PatternStore(dynamo, "t", "dead"), PatternStore(dynamo, "t", "alive")
    assert await dead.take_slot("g", 1, START, 240)
    assert not await alive.take_slot("g", 1, START + 200, 240)
    assert await alive.take_slot("g", 1, START + 241, 240)
    await alive.finish_slot("g", 1, START + 250)
    assert not await dead.take_slot("g", 1, START + 9999, 240)
    assert clock.seconds == START


async def test_a_slot_that_failed_is_free_at_once_but_only_for_its_owner_to_give() -> None:
    dynamo = Dynamo()
    one, two = PatternStore(dynamo, "t", "one"), PatternStore(dynamo, "t", "two")
    assert await one.take_slot("g", 1, START, 240)
    await two.free_slot("g", 1)
    assert not await two.take_slot("g", 1, START, 240)
    await one.free_slot("g", 1)
    assert await two.take_slot("g", 1, START, 240)


async def test_a_large_state_is_kept_in_pieces_and_the_old_ones_go() -> None:
    dynamo = Dynamo()
    store = PatternStore(dynamo, "t", "one")
    data = random.Random(1).randbytes(800_000)
    first, second = Head("g", checkpoint=300), Head("g", checkpoint=600, lines_per_window=12.5, pending=[{"at": 1}])
    await store.save(Head("g"), first, data, START)
    assert (await store.head("g")).pieces == 3
    assert await store.state(await store.head("g")) == data
    await store.save(first, second, data[:10], START)
    assert await store.head("g") == second
    assert await store.state(second) == data[:10]
    assert [key for key in dynamo.items if key.startswith("STATE#")] == ["STATE#g#2#one#0"]


async def test_who_saves_on_an_old_version_changes_nothing() -> None:
    dynamo = Dynamo()
    store = PatternStore(dynamo, "t", "one")
    first = Head("g", checkpoint=300)
    await store.save(Head("g"), first, b"first", START)
    with pytest.raises(ConditionFailed):
        await PatternStore(dynamo, "t", "two").save(Head("g"), Head("g", checkpoint=900), b"other", START)
    assert (await store.head("g")).checkpoint == 300
    assert await store.state(await store.head("g")) == b"first", "the other's pieces lie elsewhere"


async def test_what_is_told_of_a_great_outage_fits_into_its_items() -> None:
    store = PatternStore(Dynamo(), "t", "one")
    steps: list[JsonValue] = [
        {"finding": n, "sample": f"request {n} of the shop has failed for want of a connection" * 8} for n in range(2000)
    ]
    head = Head("g", checkpoint=300, pending=[{"steps": steps}])
    await store.save(Head("g"), head, b"state", START)
    assert await store.head("g") == head
    text = json.dumps(steps)
    assert len(text) > 800_000
    await store.save_book(0, text)
    assert await store.book() == (1, text)
