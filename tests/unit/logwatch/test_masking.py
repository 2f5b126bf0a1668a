import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.logwatch import masking
from aiops_daemon.logwatch.masking import Masker, collapse, zeros


def masked(line: str) -> str:
    (text,) = Masker().mask([zeros(line)])
    return text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Received block blk_-4068751061953213467 of size 67108864", "Received block <*> of size <*>"),
        ("from /10.251.39.179:50010 to 10.0.0.1", "from <*> to <*>"),
        ("fetching https://example.com/a?b=c.", "fetching <*>."),
        ("open /var/log/app.log: permission denied", "open <*>: permission denied"),
        ("GET /servers/detail?all=True&since=now HTTP", "GET <*> HTTP"),
        (r"into 'C:\Windows\config'.", "into '<*>'."),
        ("link FF:F2:9F:16:E2:23 and fe80::c6b3:1ff:fecd:467f up", "link <*> and <*> up"),
        ('lock tag="a b", name=android, ws=Source{10113 x}, on=true', "lock tag=<*>, name=<*>, ws=<*>, on=true"),
        ("ruser= rhost=h user=root", "ruser=<*> rhost=<*> user=<*>"),
        ("stopped at Sat Jun 18 02:08:10 PDT 2005 again", "stopped at <*> again"),
        ("session opened for user alice by root", "session opened for user <*> by root"),
        ("the user is gone", "the user is gone"),
        ("received broadcast com.acme.intent.POWER", "received broadcast <*>"),
        ("NameSystem.delete done", "NameSystem.delete done"),
        ("took 0.607 secs. to complete, lifetime <1 sec", "took <*> to complete, lifetime <*>"),
        ("size (18.4 KB)", "size (<*>)"),
        ("Fan speeds ( 3552 3534, 3375 )", "Fan speeds ( <*> )"),
        ("nodes node-[2-5,9] and sshd[12]: up", "nodes <*> and sshd[<*>]: up"),
        ("depth....................0", "depth ... <*>"),
        ("mask deadbeef set", "mask <*> set"),
        ("overlap: true", "overlap: true"),
        ("  two   spaces\tand tabs ", "two spaces and tabs"),
        ("", ""),
    ],
)
def test_values_and_words(line: str, expected: str) -> None:
    assert masked(line) == expected


def test_numbers_of_any_length_are_equal() -> None:
    assert collapse(zeros("a 1234567890123 b7")) == "a 0 b0"


@given(st.lists(st.text(st.characters(exclude_characters="\n"))))
def test_one_text_a_line_and_neighbours_do_not_matter(lines: list[str]) -> None:
    collapsed = [zeros(line) for line in lines]
    together = Masker().mask(collapsed)
    assert together == [Masker().mask([line])[0] for line in collapsed]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "REMEMBERED", 10)
    masker = Masker()
    for n in range(30):
        word = "x" * (n + 1)
        assert masker.mask([f"hello {word} 0"]) == [f"hello {word} <*>"]
    assert len(masker._words) <= 10
    assert len(masker._lines) <= 10


@given(st.lists(st.text(alphabet="ab0<>=:/.-_[]() x", max_size=12), min_size=1, max_size=5))
def test_a_line_is_masked_alike_whatever_stands_beside_it_in_the_batch(lines: list[str]) -> None:
    """The words of a batch are masked in the order of a set: nothing may hang on a neighbour, or ids would change with it."""
    lines = [zeros(line) for line in lines]
    together = Masker().mask(lines)
    assert together == [Masker().mask([line])[0] for line in lines]
    assert together == Masker().mask([*lines, "zz"])[:-1]
    assert together == Masker().mask(["0", *lines])[1:]
