"""Walking JSON that somebody else wrote."""

import json
from typing import Any

from aiops_daemon.events.tree import MAX_DOCUMENT, MAX_TEXT, MAX_TOTAL, at, named, pruned, texts


def test_paths_enter_lists_and_end_quietly() -> None:
    tree: dict[str, Any] = {"a": [{"b": 1}, {"b": ["x", " y "]}, 7], "c": None}
    assert at(tree, "a.b") == [1, "x", " y "]
    assert texts(tree, "a.b") == ["1", "x", "y"]
    assert at(tree, "c.d.e") == []


def test_names_come_level_by_level_to_a_depth() -> None:
    tree: Any = {"a": {"c": [{"d": 1}]}, "b": 2}
    assert [(level, key) for level, key, _ in named(tree)] == [(0, "a"), (0, "b"), (1, "c"), (3, "d")]
    assert [key for _, key, _ in named(tree, depth=2)] == ["a", "b", "c"]


def test_facts_are_bounded_whatever_comes() -> None:
    deep: Any = "end"
    for _ in range(50):
        deep = {"a": deep}
    wide: Any = {f"k{n}": "x" * 5000 for n in range(500)}
    trees: list[Any] = [deep, wide, {"list": [wide] * 100}, {"n": [[1] * 1000] * 1000}]
    for tree in trees:
        assert len(json.dumps(pruned({"tree": tree}))) < MAX_TOTAL + MAX_DOCUMENT + 100_000


def test_a_policy_document_keeps_more_than_other_text() -> None:
    policy = json.dumps({"Statement": ["x" * 5000]})
    kept = pruned({"policy": policy, "text": "y" * 5000})
    assert kept == {"policy": policy, "text": "y" * MAX_TEXT}


def test_what_no_store_takes_is_replaced() -> None:
    tree: Any = {"big": 10**40, "inf": float("inf"), "hidden\u202e": "a\u202eb\ud800\n", "fine": [1, 1.5, True, None]}
    assert pruned(tree) == {"big": None, "inf": None, "hidden ": "a b \n", "fine": [1, 1.5, True, None]}
