import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.logwatch import templates
from aiops_daemon.logwatch.templates import FORGOTTEN, MinerState, TemplateMiner

NAMES = ("anna", "bert", "carla", "dora", "emil", "fritz", "gerda", "hans")


def restarted(miner: TemplateMiner) -> TemplateMiner:
    state: MinerState = json.loads(json.dumps(miner.to_state()))
    return TemplateMiner.from_state(state)


def texts(miner: TemplateMiner, messages: list[str]) -> list[str]:
    return [miner.text(identifier) for identifier in miner.assign(messages)]


def test_lines_that_differ_in_values_are_one_template() -> None:
    miner = TemplateMiner()
    assert texts(miner, ["took 5 ms", "took 1234 ms", "took 7.5 s"]) == ["took <*>"] * 3
    assert len(miner) == 1


def test_words_that_differ_are_two_templates() -> None:
    assert len(set(TemplateMiner().assign(["VM Started (Lifecycle Event)", "VM Stopped (Lifecycle Event)"]))) == 2


def test_many_words_in_one_place_are_a_variable_and_the_oldest_id_stays() -> None:
    miner = TemplateMiner()
    (first,) = miner.assign(["loading hive anna now"])
    before = miner.assign([f"loading hive {name} now" for name in NAMES[:5]])
    assert len(set(before)) == 5
    after = miner.assign([f"loading hive {NAMES[5]} now"])
    assert after == [first]
    assert {miner.resolve(identifier) for identifier in before} == {first}
    assert miner.text(before[3]) == "loading hive <*> now"
    assert len(miner) == 1


def test_behind_a_word_that_announces_a_name_three_are_enough() -> None:
    miner = TemplateMiner()
    assert texts(miner, [f"password for {name} accepted" for name in NAMES[:3]]) == ["password for <*> accepted"] * 3


@pytest.mark.parametrize("order", [1, -1])
def test_a_word_where_a_value_was_seen_is_a_value(order: int) -> None:
    miner = TemplateMiner()
    lines = ["country code set to X3", "country code set to US"][::order]
    assert len({miner.resolve(i) for line in lines for i in miner.assign([line])}) == 1


def test_joins_meet_a_template_that_is_wider_already() -> None:
    miner = TemplateMiner()
    miner.assign(["read a7 from 5"])
    ids = miner.assign([f"read {name} from 5" for name in NAMES] + ["read a8 from 6"])
    assert len(set(ids)) == 1
    assert miner.text(ids[0]) == "read <*> from <*>"


def test_a_second_place_can_open_after_the_first() -> None:
    miner = TemplateMiner()
    lines = [f"copy {a} over {b}" for a in NAMES for b in NAMES]
    assert set(texts(miner, lines)) == {"copy <*> over <*>"}


def test_only_the_first_line_counts() -> None:
    miner = TemplateMiner()
    one, two, three = miner.assign(["boom\n at x", "boom", "x" * 20_000])
    assert one == two
    assert len(miner.text(three)) <= templates.TEXT_LIMIT


def test_the_least_recently_used_go_first() -> None:
    miner = TemplateMiner(limit=3)
    alpha, beta = miner.assign(["alpha one", "beta two"])
    miner.assign(["gamma three", "alpha one"])
    miner.assign(["delta four"])
    assert (len(miner), miner.evicted) == (3, 1)
    assert miner.text(alpha) == "alpha one"
    assert miner.text(beta) == FORGOTTEN
    assert miner.assign(["beta two"]) == [beta]  # the same id when it comes back
    assert miner.text(beta) == "beta two"


def test_a_batch_larger_than_the_limit_stays_within_it() -> None:
    miner = TemplateMiner(limit=5)
    lines = ["".join(letters) + " here" for letters in _words(200)]
    assert len(miner.assign(lines)) == 200
    assert len(miner) <= 5
    assert len(miner._aliases) <= 5
    again = miner.assign(lines[-3:])
    assert FORGOTTEN not in {miner.text(identifier) for identifier in again}


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "CACHE", 4)
    miner = TemplateMiner()
    for word in _words(20):
        miner.assign([f"{word} started well"])
    assert len(miner._cache) <= 4


def test_a_state_of_another_version_is_refused() -> None:
    state = TemplateMiner().to_state()
    state["version"] = 2
    with pytest.raises(ValueError, match="version 2"):
        TemplateMiner.from_state(state)


def test_long_lines_are_never_joined() -> None:
    miner = TemplateMiner()
    dump = " ".join("word" for _ in range(200))
    assert len(set(miner.assign([f"for {name} {dump}" for name in NAMES]))) == 8


def test_nothing_in_nothing_out() -> None:
    assert TemplateMiner().assign([]) == []


LINES = st.lists(
    st.text()
    | st.builds(lambda name, n: f"login for {name} took {n} ms", st.sampled_from(NAMES), st.integers())
    | st.builds(lambda a, b: f"copy {a} over {b}", st.sampled_from(NAMES), st.sampled_from(NAMES)),
    max_size=60,
)


@given(LINES, LINES, st.integers(1, 30))
def test_same_ids_after_a_restart(before: list[str], after: list[str], limit: int) -> None:
    miner = TemplateMiner(limit)
    assert len(miner.assign(before)) == len(before)
    other = restarted(miner)
    assert other.assign(after) == miner.assign(after)
    assert other.to_state() == miner.to_state()


@given(LINES)
def test_the_same_lines_give_the_same_ids(lines: list[str]) -> None:
    assert TemplateMiner().assign(lines) == TemplateMiner().assign(lines)


@given(LINES)
def test_every_id_has_a_text(lines: list[str]) -> None:
    miner = TemplateMiner()
    assert FORGOTTEN not in texts(miner, lines)


def _words(count: int) -> Iterator[str]:
    for n in range(count):
        yield "".join(chr(ord("a") + int(digit)) for digit in f"{n:04}")
