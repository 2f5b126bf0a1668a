"""Templates that agree in everything but words: looked up in one step, and found to be one where several words vary at once.

A shape is the text with each word and each wildcard replaced by a mark: delimiters and their order. Templates of one shape are
a family. `match` finds the template that agrees with a text in all its words and has a wildcard elsewhere. `joinable` splits
a family at the place with the fewest different words until what is left differs only in places that vary like values do;
templates that vary in two places at once never agree in all but one, so no look at single places finds them.

Surprises: at least as many words must stay as become wildcards, both to match and to join, or short texts would swallow each
other; a place where a wildcard already stands beside words needs no further proof.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from aiops_daemon.logwatch.masking import WILDCARD

VALUES: Final = 8  # so many words in one place are a variable; 4 already joins "VM Started" with "VM Stopped"
VALUES_AFTER: Final = 3  # behind a word that announces a name
_ANNOUNCE: Final = "for from by as to on at of with user users username account client host hostname node named called"
ANNOUNCE: Final = frozenset(_ANNOUNCE.split(" "))
WORD_LIMIT: Final = 60  # texts with more words are dumps: never joined
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


def shape_of(text: str) -> Shape:
    return Shape(_WORD.sub(_MARK, text), tuple(_WORD.findall(text)))


def needed(before: str | None) -> int:
    """How many different words make a place a variable, behind this word."""
    return VALUES_AFTER if before is not None and before.lower() in ANNOUNCE else VALUES


class Families:
    def __init__(self) -> None:
        # outline -> places of the words that must agree -> those words -> id
        self._families: dict[str, dict[_PLACES, dict[tuple[str, ...], str]]] = {}

    def add(self, identifier: str, text: str) -> None:
        shape = shape_of(text)
        places = tuple(i for i, word in enumerate(shape.words) if word != WILDCARD)
        family = self._families.setdefault(shape.outline, {})
        family.setdefault(places, {})[tuple(shape.words[i] for i in places)] = identifier

    def remove(self, identifier: str, text: str) -> None:
        shape = shape_of(text)
        places = tuple(i for i, word in enumerate(shape.words) if word != WILDCARD)
        family = self._families.get(shape.outline, {})
        words = tuple(shape.words[i] for i in places)
        if family.get(places, {}).get(words) != identifier:
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
        if family is None or len(shape.words) > WORD_LIMIT:
            return None
        total = len(shape.words) - shape.words.count(WILDCARD)
        best: tuple[int, str] | None = None
        for places, known in family.items():
            if (best and len(places) <= best[0]) or 2 * len(places) < total or not places:
                continue
            found = known.get(tuple(shape.words[i] for i in places))
            if found is not None:
                best = len(places), found
        return best[1] if best else None

    def joinable(self, outline: str) -> list[Joint]:
        """What of a family is one template."""
        members = [
            (_filled(places, words, outline.count(_MARK)), identifier)
            for places, known in self._families.get(outline, {}).items()
            for words, identifier in known.items()
        ]
        if len(members) < VALUES_AFTER or len(members[0][0]) > WORD_LIMIT:
            return []
        return list(_split(members, outline))


def _filled(places: _PLACES, words: Sequence[str], size: int) -> tuple[str, ...]:
    whole = [WILDCARD] * size
    for place, word in zip(places, words, strict=True):
        whole[place] = word
    return tuple(whole)


def _split(members: list[tuple[tuple[str, ...], str]], outline: str) -> Iterator[Joint]:
    if len(members) < VALUES_AFTER:
        return
    columns = [set(column) for column in zip(*(words for words, _ in members), strict=True)]
    varying = [i for i, column in enumerate(columns) if len(column) > 1]
    fixed = [i for i, column in enumerate(columns) if len(column) == 1 and WILDCARD not in column]
    if not varying:
        return
    parts = outline.split(_MARK)
    short = [i for i in varying if not _varies(columns, parts, i)]
    if not short and len(fixed) >= len(varying):
        first = members[0][0]
        text = parts[0] + "".join((WILDCARD if i in varying else first[i]) + parts[i + 1] for i in range(len(first)))
        yield Joint(tuple(dict.fromkeys(identifier for _, identifier in members)), text)
        return
    at = min(short or varying, key=lambda i: len(columns[i]))
    groups: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for member in members:
        groups.setdefault(member[0][at], []).append(member)
    for group in groups.values():
        yield from _split(group, outline)


def _varies(columns: list[set[str]], parts: list[str], i: int) -> bool:
    if WILDCARD in columns[i]:
        return True
    before = next(iter(columns[i - 1])) if i and parts[i] == " " and len(columns[i - 1]) == 1 else None
    return len(columns[i]) >= needed(before)
