"""Templates that agree in everything but words: looked up in one step, and found to be one where several words vary at once.

A shape is the text with each word and each wildcard replaced by a mark: delimiters and their order. Templates of one shape are
a family. `match` finds the template that agrees with a text in all its words and has a wildcard elsewhere. `joinable` splits
a family at the place with the fewest different words until what is left differs only in places that vary like values do;
templates that vary in two places at once never agree in all but one, so no look at single places finds them.

Surprises: at least as many words must stay as become wildcards, or short texts would swallow each other; only what many
templates prove needs no more than two words that stay. A place where a wildcard stands beside words needs no further proof.
"""

import re
import sys
from collections.abc import Collection, Container, Iterator, Sequence
from typing import Final, NamedTuple

from aiops_daemon.logwatch.masking import WILDCARD

VALUES: Final = 6  # so many words in one place are a variable; 4 already joins "VM Started" with "VM Stopped"
_VALUES_AFTER: Final = 3  # behind a word that announces a name
_QUOTES: Final = frozenset("\"'`")
_ANNOUNCE: Final = "for from by as to on at of with user users username account client host hostname node named called"
ANNOUNCE: Final = frozenset(_ANNOUNCE.split(" "))
_MANY: Final = 32  # templates in which even most words may vary, so long as two stay
_WORD_LIMIT: Final = 60  # texts with more words are dumps: never joined
_MARK: Final = "\0"
_WORD: Final = re.compile(r"<\*>|[\w.\-/$@+*%\\~#&!?^]*[^\W\d_][\w.\-/$@+*%\\~#&!?^]*")
_PLACES = tuple[int, ...]


class Shape(NamedTuple):
    outline: str  # each word and wildcard is a mark
    words: tuple[str, ...]


class Joint(NamedTuple):
    """Templates that are one, and their text with each place that varies left open (wildcards not yet folded)."""

    members: tuple[str, ...]
    text: str
    values: tuple[str, ...] = ()  # the words that stood there


def shape_of(text: str) -> Shape:
    return Shape(_WORD.sub(_MARK, text), tuple(_WORD.findall(text)))


def needed(before: str | None, between: str, behind: str) -> int:
    """How many different words make a place a variable: behind `before` and what stands `between`, with `behind` after it."""
    quoted = between[-1:] in _QUOTES and between[-1:] == behind[:1]
    announced = before is not None and before.lower() in ANNOUNCE and between.rstrip("\"'`") in {" ", ": "}
    return _VALUES_AFTER if quoted or announced else VALUES


def is_known(words: Collection[str], values: Container[str]) -> bool:
    """Whether words in one place have all been values elsewhere."""
    return len(words) >= _VALUES_AFTER and all(word in values for word in words)


class _Entry(NamedTuple):
    identifier: str
    proven: bool  # its wildcards were found by many templates, so they need not be outnumbered by words


class Families:
    def __init__(self) -> None:
        # outline -> places of the words that must agree -> those words -> template
        self._families: dict[str, dict[_PLACES, dict[tuple[str, ...], _Entry]]] = {}

    def add(self, identifier: str, text: str, *, proven: bool = False) -> None:
        shape = shape_of(text)
        places = tuple(i for i, word in enumerate(shape.words) if word != WILDCARD)
        family = self._families.setdefault(shape.outline, {})
        family.setdefault(places, {})[tuple(sys.intern(shape.words[i]) for i in places)] = _Entry(identifier, proven)

    def remove(self, identifier: str, text: str) -> None:
        shape = shape_of(text)
        places = tuple(i for i, word in enumerate(shape.words) if word != WILDCARD)
        family = self._families.get(shape.outline, {})
        words = tuple(shape.words[i] for i in places)
        entry = family.get(places, {}).get(words)
        if entry is None or entry.identifier != identifier:
            return
        del family[places][words]
        if not family[places]:
            del family[places]
        if not family:
            del self._families[shape.outline]

    def match(self, text: str) -> str | None:
        """The id of the narrowest template that covers the text."""
        shape = shape_of(text)
        family = self._families.get(shape.outline)
        if family is None or len(shape.words) > _WORD_LIMIT:
            return None
        total = len(shape.words) - shape.words.count(WILDCARD)
        best: tuple[int, str] | None = None
        for places, known in family.items():
            if (best and len(places) <= best[0]) or not places:
                continue
            found = known.get(tuple(shape.words[i] for i in places))
            if found is not None and (found.proven or 2 * len(places) >= total):
                best = len(places), found.identifier
        return best[1] if best else None

    def joinable(self, outline: str, values: Container[str]) -> list[Joint]:
        """What of a family is one template; `values` are words that were values elsewhere."""
        members = [
            (_filled(places, words, outline.count(_MARK)), entry.identifier)
            for places, known in self._families.get(outline, {}).items()
            for words, entry in known.items()
        ]
        if not members or len(members[0][0]) > _WORD_LIMIT:
            return []
        return list(_split(members, outline, values))


def _filled(places: _PLACES, words: Sequence[str], size: int) -> tuple[str, ...]:
    whole = [WILDCARD] * size
    for place, word in zip(places, words, strict=True):
        whole[place] = word
    return tuple(whole)


def _split(members: list[tuple[tuple[str, ...], str]], outline: str, values: Container[str]) -> Iterator[Joint]:
    if len(members) < 2:
        return
    columns = [set(column) for column in zip(*(words for words, _ in members), strict=True)]
    varying = [i for i, column in enumerate(columns) if len(column) > 1]
    fixed = [i for i, column in enumerate(columns) if len(column) == 1 and WILDCARD not in column]
    if not varying:
        return
    parts = outline.split(_MARK)
    short = [i for i in varying if not _varies(columns, parts, i, values)]
    if not short and len(fixed) >= (len(varying) if len(members) < _MANY else 2):
        first = members[0][0]
        text = parts[0] + "".join((WILDCARD if i in varying else first[i]) + parts[i + 1] for i in range(len(first)))
        words = dict.fromkeys(words[i] for words, _ in members for i in varying)
        yield Joint(tuple(dict.fromkeys(identifier for _, identifier in members)), text, tuple(words))
        return
    at = min(short or varying, key=lambda i: len(columns[i]))
    groups: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for member in members:
        groups.setdefault(member[0][at], []).append(member)
    for group in groups.values():
        yield from _split(group, outline, values)


def _varies(columns: list[set[str]], parts: list[str], i: int, values: Container[str]) -> bool:
    if WILDCARD in columns[i] or is_known(columns[i], values):
        return True
    before = next(iter(columns[i - 1])) if i and len(columns[i - 1]) == 1 else None
    return len(columns[i]) >= needed(before, parts[i], parts[i + 1])
