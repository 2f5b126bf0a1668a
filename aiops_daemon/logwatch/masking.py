"""What varies in a log line, replaced by `<*>`.

Every step sees a whole batch at once (a call per line costs more than its work) and only what no step before it has seen:
`zeros` makes all digits equal, so that lines that differ in numbers are equal text and are looked up; of the others each
distinct word is masked once; what needs neighbours (dates, quoted values, units) is done once per line of masked words.

Surprising on purpose: words are not masked here (only a miner that sees many of them can tell that they vary) except
behind "user"; `true`, `false` and `null` stay (a flag that flips is another event); dotted names of three parts and more are
values (hosts, packages, classes); so is whatever stands behind `=`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

WILDCARD: Final = "<*>"
REMEMBERED: Final = 100_000  # words and lines whose mask is kept; all are forgotten when there are more

_DIGITS: Final = str.maketrans("123456789", "000000000")
_IN: Final = r"\w.\-/$@+*%\\~\#"  # what may stand inside one value; the delimiters = : , ( ) [ ] are not in it
_VALUE: Final = rf"""
      \b[A-Za-z][\w+-]*(?:\.[\w+-]+)*://[^\s"'<>]*[\w/]                                             # URL
    | (?<![{_IN}])(?:[A-Za-z]:\\|[~.]{{0,2}}/|\\\\)[^\s"'<>\[\](){{}},;=|?]*[\w/](?:\?[^\s"'<>]*)?  # path, query
    | (?<![{_IN}:])(?:[0A-Fa-f]{{1,4}}|:)?(?::[0A-Fa-f]{{0,4}}){{3,}}[0A-Fa-f:.]*                   # MAC, IPv6
    | (?<![{_IN}])[A-Za-z][\w.-]*\[0(?:[-,]0)+\]                                                     # node[1-3,7]
    | (?<=[\w\])]=)(?!(?:true|false|null)\b)
      (?:"[^"\n]*"|'[^'\n]*'|[^\s,;()\[\]{{}}"'<>&|]+(?:\{{[^{{}}\n]*\}})?|(?=\s|$))                # key=value
    | (?<![{_IN}])(?:<=?(?=0(?!>)))?[-.\\/$@+*%~\#_A-Za-z]*+0[{_IN}]*+                               # a digit in it
    | (?<![{_IN}])[A-Za-z_][\w$-]*(?:\.[A-Za-z_][\w$-]*){{2,}}+(?:/[\w.$-]*)?                       # dotted name
    | \b[A-Fa-f]{{8}}\b                                                                             # only a-f
"""
_MASK: Final = re.compile(_VALUE, re.VERBOSE | re.MULTILINE)
_NOT_A_NAME: Final = "is|was|has|had|not|and|or|in|on|to|from|with|name|id|request|level|space|unknown|mode|session|authentication"
_CONTEXT: Final = re.compile(
    rf"""
      (?<=[\w\])]=)(?:"[^"\n]*"|'[^'\n]*'|<\*>\{{[^{{}}\n]*\}})
    | \b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\ )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ <\*>
      (?:[\ :]<\*>)*(?:\ (?:UTC|GMT|[A-Z]{{1,3}}T)\b)?(?:[\ :]<\*>)*
    | (?<=")(?:<\*>[^"\n]*|-)(?="(?:\s|$))                # a quoted value to its end, an agent string, a missing one
    | (?<=[\[(])\w[\w-]*(?:,\ ?(?:<\*>|\w[\w-]*))+(?=[\])])   # a list
    | (?<=\[)(?=\])
    | (?<=\buser\ )(?!(?:{_NOT_A_NAME})\b)[A-Za-z]\w*(?=[\s,.;:]|$)
    """,
    re.VERBOSE | re.MULTILINE,
)
_SPACES: Final = re.compile(r"[^\S\n]+")
_DOTS: Final = re.compile(r"\.{3,}")
_UNIT: Final = r"(?:[kKMGTP]?i?B|[mun]?s|secs?|seconds?|msecs?|mins?|minutes?|hours?|hrs?|days?)\b\.?"
_FOLD: Final = re.compile(rf"<\*>(?:(?:, ?|[ :])?(?:<\*>|/(?=<))|:[A-Fa-f]{{1,4}}(?=:<)| ?{_UNIT})+")


def zeros(text: str) -> str:
    """Every decimal digit becomes `0`: the cheapest way to make lines equal that differ in numbers only."""
    return text.translate(_DIGITS)


def collapse(text: str) -> str:
    """Every run of `0` becomes one: numbers of different lengths are equal too."""
    while "00" in text:
        text = text.replace("0000", "0").replace("00", "0")
    return text


def fold(text: str) -> str:
    """Neighbouring wildcards are one, and a unit belongs to its number: lists and quantities vary in length."""
    return _FOLD.sub(WILDCARD, text)


class Masker:
    """Masks lines; remembers words and lines it has seen, for speed only."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}
        self._lines: dict[str, str] = {}

    def mask(self, lines: Sequence[str]) -> list[str]:
        """One masked text for each line; the lines hold no newline and have been through `zeros`."""
        if not lines:
            return []
        words = "\n".join(lines).replace("\n", " \n ").split(" ")
        known = _known(self._words, words, _mask_words)
        rough = " ".join([known[word] for word in words]).split(" \n ")
        whole = _known(self._lines, rough, _mask_context)
        return [whole[line] for line in rough]


def _known(cache: dict[str, str], wanted: Sequence[str], compute: Callable[[list[str]], list[str]]) -> dict[str, str]:
    """The cache, completed by what it lacks in one call of `compute`."""
    missing = list(set(wanted).difference(cache))
    if len(cache) + len(missing) > REMEMBERED:
        cache.clear()
        missing = list(set(wanted))
    if missing:
        cache.update(zip(missing, compute(missing), strict=True))
    return cache


def _mask_words(words: list[str]) -> list[str]:
    """The empty word and the newline between two lines are words too."""
    real = [word for word in words if word and word != "\n"]
    text = _MASK.sub(WILDCARD, _DOTS.sub(" ... ", collapse("\n".join(real))))
    masked = dict(zip(real, text.split("\n"), strict=True)) if real else {}
    return [masked.get(word, word) for word in words]


def _mask_context(lines: list[str]) -> list[str]:
    text = fold(_CONTEXT.sub(WILDCARD, _SPACES.sub(" ", "\n".join(lines))))
    return [line.strip() for line in text.split("\n")]
