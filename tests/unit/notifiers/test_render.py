"""Texts for people: complete, capped, and without characters that change what they see."""

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.model.notice import Notice
from aiops_daemon.notifiers.render import ascii_line, clean, cut, cut_bytes, one_line, plain_text


def test_the_plain_text_has_the_whole_story(notice: Notice) -> None:
    assert plain_text(notice) == (
        "Recovery failed: ec2:instance i-0123456789abcdef0\n\n"
        "Somebody stopped it and it does not start.\n\n"
        "Resource: ec2:instance i-0123456789abcdef0\n"
        "Actor: <!channel> <https://evil.example|click> & `x`\n\n"
        "What you can do\n"
        "  aiops-daemon incidents show inc-1\n\n"
        "Timeline (UTC)\n"
        "2026-03-01T12:00:00Z  DETECTING          StopInstances by somebody  (0.4 s)\n"
        "2026-03-01T12:00:01Z  FAILED             gave up\n\n"
        "incident inc-1, severity 8 of 10, notice inc-1.failed\n"
    )


def test_a_notice_without_facts_has_no_empty_parts(notice: Notice) -> None:
    assert "\n\n\n" not in plain_text(notice.model_copy(update={"facts": (), "timeline": (), "actions": ()}))


def test_bidi_and_control_characters_go() -> None:
    assert clean("pay\u202etxt.exe\x1b[31m\r\nnext") == "paytxt.exe [31m\nnext"


@given(st.text(), st.integers(20, 200))
def test_a_subject_is_one_ascii_line_of_limited_length(text: str, limit: int) -> None:
    line = ascii_line(text, limit)
    assert len(line) <= limit
    assert line.isascii()
    assert line.isprintable() or not line


def test_accents_are_taken_off() -> None:
    assert ascii_line("Zürich: café ✓\nstopped", 100) == "Zurich: cafe ? stopped"


@given(st.text(), st.integers(10, 100))
def test_cuts_keep_to_their_limits(text: str, limit: int) -> None:
    assert len(cut(text, limit)) <= limit
    assert len(cut_bytes(text, limit).encode()) <= limit
    assert len(one_line(text, limit)) <= limit


def test_a_cut_says_so_and_never_splits_a_character() -> None:
    assert cut_bytes("ü" * 20, 20) == "ü" * 7 + " [...]"
    assert cut("abcdefghij", 9) == "abc [...]"
