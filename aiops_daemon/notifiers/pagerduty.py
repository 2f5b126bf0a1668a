"""PagerDuty Events v2. The dedup key is the incident: repeats fold into one alert, and a verified recovery resolves it.

An opened breaker is an alert of its own beside that of the recovery that opened it: it outlives the incident, and people close both.
"""

import json

from pydantic import JsonValue, SecretStr

from aiops_daemon.model.notice import Notice, NoticeKind
from aiops_daemon.notifiers.posting import post
from aiops_daemon.notifiers.render import GOOD, clean, cut, cut_bytes, one_line, timeline_text

_SUMMARY = 1024  # an event may have 512 KB in all


def event(notice: Notice, routing_key: str) -> dict[str, JsonValue]:
    """`resolve` where the trouble is over, else `trigger`."""
    about = notice.notice_id if notice.kind is NoticeKind.BREAKER else notice.incident_id
    base: dict[str, JsonValue] = {"routing_key": routing_key, "dedup_key": about[:255]}
    if notice.kind in GOOD:
        return base | {"event_action": "resolve"}
    facts: dict[str, JsonValue] = {one_line(label, 60): one_line(value, 2000) for label, value in notice.facts}
    details: dict[str, JsonValue] = {
        "summary": cut(clean(notice.summary), 8000),
        "timeline": cut_bytes(timeline_text(notice.timeline), 200_000),
        "what_you_can_do": "\n".join(one_line(action, 500) for action in notice.actions),
    }
    payload: dict[str, JsonValue] = {
        "summary": one_line(notice.subject, _SUMMARY),
        "source": "aiops-daemon",
        "severity": _severity(notice.severity),
        "class": notice.kind.value,
        "custom_details": facts | details,
    }
    return base | {"event_action": "trigger", "payload": payload}


def _severity(severity: int) -> str:
    return "critical" if severity >= 9 else "error" if severity >= 7 else "warning" if severity >= 4 else "info"


class PagerDutyNotifier:
    """What is milder than `min_severity` is left to the other channels."""

    name = "pagerduty"

    def __init__(self, routing_key: SecretStr, limit_seconds: float, *, min_severity: int, url: str) -> None:
        self._key = routing_key
        self._limit = limit_seconds
        self._floor = min_severity
        self._url = url

    async def deliver(self, notice: Notice) -> None:
        if notice.severity < self._floor and notice.kind not in GOOD:
            return
        await post(self.name, self._url, json.dumps(event(notice, self._key.get_secret_value())).encode(), self._limit)
