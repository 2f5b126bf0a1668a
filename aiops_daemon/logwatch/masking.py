"""What varies in a log line, replaced by `<*>` in one pass over a joined batch.

Two stages, because most lines of a batch differ in digits only: `collapse` turns every run of digits into `0` with C-speed
string methods, so that repeated lines become equal text and are looked up, never parsed; `mask` runs the one regular
expression over what is left. Both see a batch joined by newlines: a call per line costs more than its work.

Surprising on purpose: words are never masked here (only a miner that sees many of them can tell that they vary), `true`,
`false` and `null` stay (a flag that flips is another event), and dotted names of three parts and more are values
(hosts, packages, classes).
"""

import re
from collections.abc import Sequence

WILDCARD = "<*>"

_DIGITS = str.maketrans("123456789", "000000000")
_IN = r"\w.\-/$@+*%\\~\#"  # what may stand inside one value; the delimiters = : , ( ) [ ] are not in it
_DATE = (
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\ )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ +0\ +0:0:0"
    r"(?:\ [A-Z]{3,4})?(?:\ 0)?"
)
_MASK = re.compile(
    rf"""
      \b[A-Za-z][\w+-]*(?:\.[\w+-]+)*://[^\s"'<>]*[\w/]                          # URL
    | \b{_DATE}\b
    | (?<![{_IN}])(?:[A-Za-z]:\\|[~.]{{0,2}}/|\\\\)[^\s"'<>\[\](){{}},;=|?]*[\w/](?:\?[^\s"'<>]*)?  # path, query
    | (?<![{_IN}:])(?:[0A-Fa-f]{{1,4}}|:)?(?::[0A-Fa-f]{{0,4}}){{3,}}[0A-Fa-f:.]*          # MAC, IPv6
    | (?<=[\w\])]=)(?!(?:true|false|null)\b)
      (?:"[^"\n]*"|'[^'\n]*'|[^\s,;()\[\]{{}}"'<>&|]+(?:\{{[^{{}}\n]*\}})?|(?=\s|$))          # key=value
    | (?<=\buser\ )(?!(?:is|was|has|had|not|and|or|in|on|to|from|with|name|id|request|level|space)\b)[A-Za-z]\w*(?=[\s,.;:]|$)
    | (?<![{_IN}])(?:<=?(?=0[^>]))?[-.\\/$@+*%~\#_A-Za-z]*+0[{_IN}]*+               # any word with a digit in it
    | (?<![{_IN}])[A-Za-z_][\w$-]*(?:\.[A-Za-z_][\w$-]*){{2,}}+(?:/[\w.$-]*)?       # dotted name
    | \b[A-Fa-f]{{8}}\b                                                         # hexadecimal without a digit
    """,
    re.VERBOSE | re.MULTILINE,
)
_DOTS = re.compile(r"\.{3,}")
_SPACES = re.compile(r"[^\S\n]+")
_UNIT = r"(?:[kKMGTP]i?B|[mun]?s|secs?|seconds?|msecs?|mins?|minutes?|hours?|hrs?|days?)\b\.?"
_FOLD = re.compile(rf"<\*>(?:[ ,:]?(?:<\*>|/(?=<))|:[A-Fa-f]{{1,4}}(?=:<)| ?{_UNIT})+")


def collapse(text: str) -> str:
    """Every run of digits becomes one `0`; lines that differ in numbers only become equal."""
    text = text.translate(_DIGITS)
    while "00" in text:
        text = text.replace("0000", "0").replace("00", "0")
    return text


def mask(collapsed: Sequence[str]) -> list[str]:
    """Mask texts that `collapse` has seen, one line each, in one pass; returns as many texts."""
    if not collapsed:
        return []
    text = _MASK.sub(WILDCARD, _DOTS.sub(" ... ", "\n".join(collapsed)))
    return [line.strip() for line in fold(_SPACES.sub(" ", text)).split("\n")]


def fold(text: str) -> str:
    """Neighbouring wildcards are one, and a unit belongs to its number: lists and quantities vary in length."""
    return _FOLD.sub(WILDCARD, text)
