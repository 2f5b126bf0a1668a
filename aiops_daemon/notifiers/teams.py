"""Microsoft Teams by a Workflows webhook (the Office 365 connectors are retired): one Adaptive Card of at most 28 KB."""

import json

from pydantic import JsonValue, SecretStr

from aiops_daemon.model.notice import Notice
from aiops_daemon.notifiers.posting import post
from aiops_daemon.notifiers.render import GOOD, clean, cut, one_line, timeline_text

_TEXT, _FACTS = 6000, 20  # keeps the card under Teams' limit of 28 KB also where every character takes three bytes
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


def inert(text: str) -> str:
    """A TextBlock reads a subset of Markdown: `](` would make a link, `<at>` a mention."""
    return clean(text).replace("](", "] (").replace("<", "‹").replace(">", "›")


def card(notice: Notice) -> dict[str, JsonValue]:
    """The message that Workflows posts."""
    colour = "good" if notice.kind in GOOD else "attention" if notice.severity >= 7 else "warning"
    body: list[JsonValue] = [
        {"type": "TextBlock", "size": "medium", "weight": "bolder", "color": colour, "wrap": True, "text": _line(notice.subject, 300)},
        {"type": "TextBlock", "wrap": True, "text": inert(cut(notice.summary, 2000))},
    ]
    facts: list[JsonValue] = [{"title": _line(label, 60), "value": _line(value, 300)} for label, value in notice.facts[:_FACTS]]
    if facts:
        body.append({"type": "FactSet", "facts": facts})
    texts = ("\n".join(one_line(action, 300) for action in notice.actions), timeline_text(notice.timeline))
    body += [{"type": "TextBlock", "fontType": "monospace", "size": "small", "wrap": True, "text": _lines(text)} for text in texts if text]
    content: JsonValue = {"$schema": _SCHEMA, "type": "AdaptiveCard", "version": "1.4", "msteams": {"width": "Full"}, "body": body}
    attachment: JsonValue = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _line(text: str, limit: int) -> str:
    return inert(one_line(text, limit))


def _lines(text: str) -> str:
    return cut(inert(text), _TEXT // 2).replace("\n", "\n\n")  # Markdown joins single lines


class TeamsNotifier:
    """Workflows answers 202."""

    name = "teams"

    def __init__(self, url: SecretStr, limit_seconds: float) -> None:
        self._url = url
        self._limit = limit_seconds

    async def deliver(self, notice: Notice) -> None:
        body = json.dumps(card(notice), ensure_ascii=False).encode()
        await post(self.name, self._url.get_secret_value(), body, self._limit)
