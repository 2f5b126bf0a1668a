"""Who an IAM policy document lets in: nobody new, another account, or the world."""

import json
import re
from collections.abc import Iterator
from enum import IntEnum

from pydantic import JsonValue

from aiops_daemon.analysts.facts import pairs

# A condition on one of these keeps strangers out even where the principal is "*".
_NARROWING = ("principalorg", "principalaccount", "principalarn", "sourceaccount", "sourcearn", "sourceowner", "sourceorg", "sourcevpc")
_NARROWING_MORE = ("sourcevpce", "vpcsourceip", "sourceip", "userid", "calleraccount", "viaservice")
_ACCOUNT = re.compile(r"(?:^|:)(\d{12})(?::|$)")


class Reach(IntEnum):
    """How far a document opens its resource."""

    CLOSED = 0
    OTHER_ACCOUNT = 1
    WORLD = 2


def reach_of(tree: JsonValue, home: str) -> Reach | None:
    """The widest reach of the policy documents in call parameters (objects or JSON text), None where there is none."""
    found = [_document_reach(document, home) for document in _documents(tree)]
    return max(found, default=None)


def _documents(tree: JsonValue) -> Iterator[dict[str, JsonValue]]:
    if isinstance(tree, dict) and "Statement" in tree:
        yield tree
    for _, value in pairs(tree):
        if isinstance(value, dict) and "Statement" in value:
            yield value
        elif isinstance(value, str) and '"Statement"' in value:
            parsed = _parse(value)
            if isinstance(parsed, dict):
                yield parsed


def _parse(text: str) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(text)
    except (ValueError, RecursionError):  # the service took it, so it is a template or cut short: no opinion
        return None
    return parsed


def _document_reach(document: dict[str, JsonValue], home: str) -> Reach:
    statements = document.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    return max((_statement_reach(s, home) for s in listed if isinstance(s, dict)), default=Reach.CLOSED)


def _statement_reach(statement: dict[str, JsonValue], home: str) -> Reach:
    if statement.get("Effect") != "Allow":
        return Reach.CLOSED
    principals = list(_principals(statement.get("Principal")))
    if "*" in principals or "NotPrincipal" in statement:
        return Reach.CLOSED if _narrowed(statement.get("Condition")) else Reach.WORLD
    accounts = {match.group(1) for principal in principals if (match := _ACCOUNT.search(principal))}
    return Reach.OTHER_ACCOUNT if accounts - {home} else Reach.CLOSED


def _principals(principal: JsonValue) -> Iterator[str]:
    """AWS principals only: a service principal is AWS itself."""
    if isinstance(principal, dict):
        principal = principal.get("AWS")
    if isinstance(principal, str):
        yield principal
    elif isinstance(principal, list):
        yield from (p for p in principal if isinstance(p, str))


def _narrowed(condition: JsonValue) -> bool:
    if condition is None:
        return False
    open_values = {"*", "0.0.0.0/0", "::/0"}
    for key, value in pairs(condition):
        name = key.rpartition(":")[2].lower()
        if name.startswith(_NARROWING + _NARROWING_MORE):
            listed = value if isinstance(value, list) else [value]
            if not any(v in open_values for v in listed if isinstance(v, str)):
                return True
    return False
