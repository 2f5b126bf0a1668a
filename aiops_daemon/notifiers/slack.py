"""Slack, by incoming webhook or by bot token. Event text is inert: `&<>` are escaped, so no mention, link or markup can be smuggled in."""

import json

from pydantic import JsonValue, SecretStr

from aiops_daemon.model.errors import GiveUp, RetryLater, Throttled
from aiops_daemon.model.notice import Notice
from aiops_daemon.notifiers.posting import post
from aiops_daemon.notifiers.render import GOOD, clean, cut, one_line, timeline_text

_SECTION, _HEADER, _FACTS = 2900, 150, 10  # Slack's limits: 3000 a section, 150 a header, 10 fields a section
_TRY_AGAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


def escape(text: str) -> str:
    """Slack's three control characters; `verbatim` blocks parse nothing else."""
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(notice: Notice) -> dict[str, JsonValue]:
    """Blocks for people, `text` for notifications."""
    sign = "white_check_mark" if notice.kind in GOOD else "rotating_light" if notice.severity >= 7 else "warning"
    blocks: list[JsonValue] = [
        {"type": "header", "text": {"type": "plain_text", "text": one_line(notice.subject, _HEADER), "emoji": False}},
        _section(f":{sign}: " + escape(notice.summary)),
    ]
    fields: list[JsonValue] = [
        {"type": "mrkdwn", "verbatim": True, "text": cut(f"*{escape(one_line(label, 60))}*\n{escape(one_line(value, 900))}", 2000)}
        for label, value in notice.facts[:_FACTS]
    ]
    if fields:
        blocks.append({"type": "section", "fields": fields})
    if notice.actions:
        blocks.append(_section(_fenced("\n".join(one_line(action, 300) for action in notice.actions))))
    if notice.timeline:  # last: Slack folds a long message
        blocks.append(_section(_fenced(timeline_text(notice.timeline))))
    blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": one_line(f"incident {notice.incident_id}", 300)}]})
    return {"text": escape(one_line(notice.subject, 300)), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _section(text: str) -> JsonValue:
    return {"type": "section", "text": {"type": "mrkdwn", "verbatim": True, "text": cut(text, _SECTION)}}


def _fenced(text: str) -> str:
    return "```" + cut(escape(text).replace("`", "'"), _SECTION - 6) + "```"


class SlackWebhookNotifier:
    """An incoming webhook answers `ok`."""

    name = "slack"

    def __init__(self, url: SecretStr, limit_seconds: float) -> None:
        self._url = url
        self._limit = limit_seconds

    async def deliver(self, notice: Notice) -> None:
        await post(self.name, self._url.get_secret_value(), json.dumps(message(notice)).encode(), self._limit)


class SlackApiNotifier:
    """chat.postMessage answers 200 also when it refused: the body tells."""

    name = "slack-bot"

    def __init__(self, token: SecretStr, channel: str, limit_seconds: float, api: str) -> None:
        self._token = token
        self._channel = channel
        self._limit = limit_seconds
        self._url = f"{api.rstrip('/')}/chat.postMessage"

    async def deliver(self, notice: Notice) -> None:
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}", "Content-Type": "application/json; charset=utf-8"}
        body = json.dumps({"channel": self._channel, **message(notice)}).encode()
        answer = await post(self.name, self._url, body, self._limit, headers)
        try:
            said = json.loads(answer.body)
        except ValueError:
            raise RetryLater(f"{self.name}: the answer is no JSON") from None
        if not isinstance(said, dict):
            raise RetryLater(f"{self.name}: the answer is no object")
        if said.get("ok") is True:
            return
        error = str(said.get("error", "unknown"))[:100]
        if error in {"ratelimited", "rate_limited"}:
            raise Throttled(f"{self.name}: {error}")
        raise RetryLater(f"{self.name}: {error}") if error in _TRY_AGAIN else GiveUp(f"{self.name}: refused: {error}")
