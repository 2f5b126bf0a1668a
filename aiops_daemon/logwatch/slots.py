"""The places of a masked text where a value may stand: templates that differ in one such place only may be one."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from aiops_daemon.logwatch.families import needed
from aiops_daemon.logwatch.masking import WILDCARD, fold

_TOKEN_LIMIT: Final = 160  # longer templates are never joined: lines like that are dumps
_TOKENS: Final = re.compile(r"<\*>|[\w.\-/$@+*%\\~#&!?^]+|\s+|.", re.DOTALL)
_LETTER: Final = re.compile(r"[^\W\d_]")


class Slot(NamedTuple):
    """One place of a text where a value may stand."""

    key: int  # of the text with this place left open
    opened: str  # the text with a wildcard here
    at: int  # which token stands there
    needed: int  # so many words make it a variable
    word: bool  # a word stands here, not a wildcard


def tokens_of(text: str) -> list[str]:
    return _TOKENS.findall(text)


def slots_of(text: str) -> Iterator[Slot]:
    tokens = tokens_of(text)
    if len(tokens) > _TOKEN_LIMIT:
        return
    words = [token != WILDCARD and _LETTER.search(token) is not None for token in tokens]
    total = sum(words)
    for i, token in enumerate(tokens):
        if token == WILDCARD:
            yield Slot(hash((i, text)), text, i, 1, word=False)
        elif words[i] and total > 1:
            opened = "".join((*tokens[:i], WILDCARD, *tokens[i + 1 :]))
            if WILDCARD in tokens[max(0, i - 2) : i + 3]:
                opened = fold(opened)
            yield Slot(hash((i, opened)), opened, i, _needed(tokens, i), word=True)


def _needed(tokens: list[str], i: int) -> int:
    start = i
    while start > 0 and start > i - 4 and len(tokens[start - 1]) == 1 and not tokens[start - 1].isalnum():
        start -= 1
    return needed(tokens[start - 1] if start else None, "".join(tokens[start:i]), tokens[i + 1] if i + 1 < len(tokens) else "")


def folded(text: str) -> Iterator[str]:
    """The text with a word as a value that becomes one with a wildcard beside it."""
    if WILDCARD not in text:
        return
    tokens = tokens_of(text)
    if len(tokens) > _TOKEN_LIMIT:
        return
    marks = {i for i, token in enumerate(tokens) if token == WILDCARD}
    near = {i + step for i in marks for step in (-2, -1, 1, 2)}.difference(marks).intersection(range(len(tokens)))
    for i in sorted(near):
        if _LETTER.search(tokens[i]):
            opened = "".join((*tokens[:i], WILDCARD, *tokens[i + 1 :]))
            wider = fold(opened)
            if wider != opened:
                yield wider
