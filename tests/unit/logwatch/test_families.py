import json

from aiops_daemon.logwatch.families import Families, shape_of
from aiops_daemon.logwatch.slots import folded
from aiops_daemon.logwatch.templates import MinerState, TemplateMiner

NAMES = ("anna", "bert", "carla", "dora", "emil", "fritz", "gerda", "hans", "ida", "jan", "karl", "lena")
PAIRS = [f"key {name} was copied over {other} again" for name, other in zip(NAMES, NAMES[::-1], strict=True)]


def test_a_shape_is_delimiters_and_words() -> None:
    assert shape_of("open(<*>) failed: No 5") == ("\0(\0) \0: \0 5", ("open", "<*>", "failed", "No"))


def test_the_narrowest_template_covers_a_text() -> None:
    families = Families()
    families.add("wide", "user <*> sent <*> off now")
    families.add("narrow", "user <*> sent mail off now")
    assert families.match("user anna sent mail off now") == "narrow"
    assert families.match("user anna sent cash off now") == "wide"
    assert families.match("user anna sent cash on now") is None
    assert families.match("user anna, sent cash off now") is None
    families.remove("narrow", "user <*> sent mail off now")
    families.remove("other", "user <*> sent <*> off now")
    families.remove("gone", "never added")
    assert families.match("user anna sent mail off now") == "wide"


def test_a_cover_needs_as_many_words_that_agree_unless_many_templates_prove_it() -> None:
    families = Families()
    families.add("guess", "<*> <*> by <*>")
    assert families.match("sold out by anna") is None
    families.add("proven", "<*> <*> by <*>", proven=True)
    assert families.match("sold out by anna") == "proven"


def test_words_that_vary_in_two_places_at_once_are_values() -> None:
    miner = TemplateMiner()
    miner.assign(PAIRS)
    assert len(miner) == 1
    assert miner.text(miner.assign(["key zoe was copied over yann again"])[0]) == "key <*> was copied over <*> again"


def test_few_texts_of_one_shape_stay_apart() -> None:
    miner = TemplateMiner()
    miner.assign([*PAIRS[:5], "pool main was drained under load again"])
    assert len(miner) == 6


def test_short_texts_with_little_in_common_stay_apart() -> None:
    lines = [f"{first} {second} now" for first, second in zip(NAMES, NAMES[::-1], strict=True)]
    assert len(set(TemplateMiner().assign(lines))) == len(lines)


def test_two_events_of_one_shape_are_two() -> None:
    lines = [
        text.format(*pair) for pair in zip(NAMES, NAMES[::-1], strict=True) for text in ("{} now lends {} a pen", "{} now owes {} a beer")
    ]
    miner = TemplateMiner()
    miner.assign(lines)
    assert {text for _, text, _ in miner.to_state()["templates"]} == {"<*> now lends <*> a pen", "<*> now owes <*> a beer"}


def test_many_templates_prove_that_most_words_vary() -> None:
    lines = [f"{a} met {b} with {c}" for a, b, c in zip((NAMES * 4), NAMES[3:] * 6, NAMES[5:] * 7, strict=False)]
    miner = TemplateMiner()
    miner.assign(lines)
    assert [text for _, text, _ in miner.to_state()["templates"]] == ["<*> met <*> with <*>"]


def test_words_that_were_values_elsewhere_need_less_proof() -> None:
    miner = TemplateMiner()
    assert len(set(miner.assign([f"door opened {name} again" for name in NAMES[:3]]))) == 3
    miner.assign([f"password for {name} accepted" for name in NAMES[:3]])
    miner.assign(["door opened dora again"])
    assert len({miner.resolve(i) for i in miner.assign([f"room left {name} again" for name in NAMES[:3]])}) == 1


def test_what_was_found_outlives_a_restart() -> None:
    miner = TemplateMiner()
    miner.assign([line.replace("over ", "over 7:") for line in PAIRS])
    state: MinerState = json.loads(json.dumps(miner.to_state()))
    again = TemplateMiner.from_state(state)
    line = "key zoe was copied over 8:yann again"
    assert again.assign([line]) == miner.assign([line])
    assert again.to_state() == miner.to_state()
    del state["patterns"], state["values"]
    assert len(TemplateMiner.from_state(state)) == 1


def test_a_word_beside_a_wildcard_becomes_one_with_it() -> None:
    assert list(folded("lost <*>:disk now")) == ["<*>:disk now", "lost <*> now"]
    assert list(folded("nothing here")) == []
    assert list(folded("a:" * 200 + "<*>")) == []


def test_a_quoted_word_is_a_value_sooner() -> None:
    quoted = [f"table '{name}' is full" for name in NAMES[:3]]
    bare = [f"table {name} is full" for name in NAMES[:3]]
    told = [f"denied, user: {name} is out" for name in NAMES[:3]]
    for lines, groups in ((quoted, 1), (bare, 3), (told, 1)):
        assert len(set(TemplateMiner().assign(lines))) == groups


def test_quoted_words_that_vary_together_are_values_sooner() -> None:
    miner = TemplateMiner()
    miner.assign([f"key '{name}' hides behind '{other}' now" for name, other in zip(NAMES[:3], NAMES[3:6], strict=True)])
    assert len(miner) == 1
