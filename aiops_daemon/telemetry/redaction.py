"""Takes secrets out of text before it reaches a log, a record, a notice or a model.

Own patterns instead of a scanner library: detect-secrets misses an unquoted password and costs 331 us a line. A pattern runs only
when one of its marks occurs in the text, so that an ordinary line costs a few substring searches. What is meant to be read stays:
the key, the kind of secret, references to a secret (arn:..., ${...}, {{resolve:...}}), paging and idempotency tokens.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

MAX_CHARS = 1_000_000  # a body can be 1 MiB; anything longer is cut, since a pattern must not be the way to stall the daemon


class Rule(NamedTuple):
    """`marks` (lower case) say when the pattern is worth running; group `secret` is replaced, or the whole match without one."""

    kind: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(kind: str, marks: str, pattern: str, flags: int = 0) -> Rule:
    return Rule(kind, tuple(marks.split()), re.compile(pattern, flags))


_I = re.IGNORECASE
RULES = (
    _rule(
        "private-key",
        "private key",
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,10000}(?:-----END [A-Z ]{0,50}-----)?",
    ),
    _rule("aws-key-id", "akia asia abia acca", r"\b(?:AKIA|ASIA|ABIA|ACCA)(?P<secret>[A-Z0-9]{12})[A-Z0-9]{4}\b"),  # its owner knows it
    _rule("aws-session-token", "fwog iqoj", r"\b(?:FwoG|IQoJ)[A-Za-z0-9/+%=]{60,}"),
    _rule(
        "signed-url",
        "x-amz- sig=",
        r"(?:X-Amz-(?:Signature|Security-Token|Credential)|[?&;]sig)=(?P<secret>[^&\s\"'\\<>]{8,})",
        _I,
    ),
    _rule("jwt", "eyj", r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"),
    _rule(
        "authorization",
        "bearer basic",
        r"\b(?i:bearer|basic)[ +](?P<secret>(?=[a-z._~+/-]{0,200}[A-Z0-9=])[A-Za-z0-9._~+/=-]{12,})",  # not "basic authentication"
    ),
    _rule("cookie", "cookie", r"\bcookie[\"']?\s*[:=]\s*[\"']?(?P<secret>[^\s\"'\\][^\"'\\\n\r]{7,})", _I),
    _rule("url-password", "://", r"://[^\s/:@\"'\\]{0,100}:(?P<secret>[^\s/@\"'\\]{1,200})@"),
    _rule("slack", "xox xapp", r"\bx(?:ox[abeoprs]|app)-[\w-]{10,}"),
    _rule("slack-hook", "hooks.slack", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/]{10,})"),
    _rule("git-token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat-", r"\b(?:gh[pousr]_|github_pat_|glpat-)[\w-]{16,}"),
    _rule("api-key", "sk- aiza", r"\b(?:sk-[\w-]{16,}|AIza[\w-]{30,})"),
    _rule("payment-key", "_live_ _test_ whsec_", r"\b(?:[prs]k_(?:live|test)_|whsec_)\w{10,}"),
    _rule("package-token", "npm_ pypi-", r"\b(?:npm_\w{30,}|pypi-[\w-]{30,})"),
    _rule("vault-token", "hvs. hvb. hvr. sg.", r"\b(?:hv[sbr]\.[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,})"),
    _rule(
        "option",
        "--pass --secret --token --api",
        r"--(?:password|passphrase|passwd|secret|token|api-?key)[ =](?P<secret>\"[^\"]*\"|'[^']*'|\S+)",
        _I,
    ),
)

# name=value, name: value, "name": "value", also escaped inside another JSON string.
_NAMES = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|token|credentials?|"
    r"(?:api|access|secret|private|account|routing|signing|encryption|master)[_-]?key"
)
_ASSIGNED = re.compile(
    rf"(?P<name>{_NAMES}|secretstring|authtoken)(?P<between>\\?[\"']?\s{{0,4}}(?:=>|[:=])\s{{0,4}})"
    r"(?P<secret>\\\"(?:[^\"\\]|\\[^\"]){1,2000}|\"(?:[^\"\\]|\\.){1,2000}|'[^']{1,2000}|[^\s,;&\"'\\<>\[\](){}]{1,2000})",
    _I,
)
_ASSIGNED_MARKS = ("pass", "pwd", "secret", "token", "key", "credential")
# clientRequestToken, NextToken, max_token: what a token belongs to can make it harmless.
_HARMLESS_TOKEN = re.compile(
    r"(?:client|request|idempotency|next|continuation|page|paging|pagination|marker|starting|max|input|output|total)[_-]?$", _I
)
_ARN = re.compile(r"\barn:[\w-]*:secretsmanager:[\w-]*:\d*:$")
_HARMLESS_VALUE = re.compile(
    r"(?:arn:|\$\{|\{\{resolve:|\*{3}|\[redacted|hidden_due_to|(?:null|none|true|false|undefined|required|invalid|expired|missing)\b|\d{1,4}$)",
    _I,
)  # fmt: skip


def _replaced(kind: str) -> Callable[[re.Match[str]], str]:
    mask = f"[redacted {kind}]"

    def replace(match: re.Match[str]) -> str:
        secret = match.groupdict().get("secret")
        if secret is None:
            return mask
        start, end = match.span("secret")
        return match.string[match.start() : start] + mask + match.string[end : match.end()]

    return replace


_COMPILED = tuple((rule.marks, rule.pattern, _replaced(rule.kind)) for rule in RULES)


def _harmless_name(name: str, before: str) -> bool:
    return bool((name.lower() == "token" and _HARMLESS_TOKEN.search(before)) or _ARN.search(before))


def _assignment(match: re.Match[str]) -> str:
    quote = re.match(r"\\?[\"']?", match["secret"])
    opening = quote[0] if quote else ""
    begin = match.start("secret") + len(opening)
    before = match.string[max(0, match.start() - 60) : match.start()]
    if begin == match.end() or _HARMLESS_VALUE.match(match.string, begin) or _harmless_name(match["name"], before):
        return match[0]
    return f"{match['name']}{match['between']}{opening}[redacted]"


def redact(text: str) -> str:
    """`text` without its secrets; the same string when there are none."""
    if len(text) > MAX_CHARS:
        text = text[:MAX_CHARS] + " [cut]"
    lower = text.lower()
    for marks, pattern, replace in _COMPILED:
        for mark in marks:
            if mark in lower:
                text = pattern.sub(replace, text)
                break
    for mark in _ASSIGNED_MARKS:
        if mark in lower:
            return _ASSIGNED.sub(_assignment, text)
    return text


_SECRET_NAME = re.compile(rf"(?:{_NAMES}|authorization|cookie|secretstring)$", _I)


def _names_secret(key: str) -> bool:
    found = _SECRET_NAME.search(key)
    return found is not None and not _harmless_name(found[0], key[: found.start()])


def redacted(value: object, depth: int = 6) -> object:
    """The same for nested dicts and lists: strings are searched, and what stands under a secret's name goes whole."""
    if isinstance(value, str):
        return redact(value)
    if depth == 0:
        return value if isinstance(value, int | float | None) else "[too deep]"
    if isinstance(value, dict):
        return {
            key: "[redacted]" if isinstance(item, str) and item and _names_secret(str(key)) else redacted(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item, depth - 1) for item in value]
    return value
