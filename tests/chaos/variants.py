"""Daemons whose clocks fit into half a minute, nothing else changed: what no setting can shorten."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aiops_daemon.actions import codebuild_terraform_apply
from aiops_daemon.logwatch import watch
from aiops_daemon.logwatch.episodes import Change
from aiops_daemon.logwatch.findings import Alert, Finding, Kind, Urgency
from aiops_daemon.logwatch.predictions import Record
from aiops_daemon.model.errors import AiopsError
from aiops_daemon.ports import Clock

TOKEN_LIFE_SECONDS, TOKEN_SECONDS = 4.0, 14.0  # four and five minutes; between them lies more than a pause
UNSCORED = Record(0, 0, 0, None, None)


def short_tokens() -> None:
    """A successor finds the build of the dead by its environment: the token is too old to be trusted."""
    codebuild_terraform_apply.TOKEN_LIFE = timedelta(seconds=TOKEN_LIFE_SECONDS)


class Told:
    """In the log watch's place, whose shortest interval is a minute: each daemon reads the same alerts, and tells it until it is recorded.

    So there is no slot that lets one daemon do it, and every alert is told three times and more.
    """

    def __init__(self, settings: Any, reader: Any, store: Any, clock: Clock, rng: Any, *, on_alert: Any, **_: Any) -> None:
        self._logs, self._clock, self._on_alert = reader._client, clock, on_alert
        self._told: set[str] = set()

    async def run(self) -> None:
        while True:
            await self._clock.sleep(0.7)
            try:
                for event in (await self._logs.filter_log_events(logGroupName="/chaos"))["events"]:
                    await self._tell(json.loads(event["message"]))
            except AiopsError:
                continue  # as the announcer does: again at the next run

    async def _tell(self, told: dict[str, Any]) -> None:
        if told["id"] not in self._told:
            await self._on_alert(Change.OPENED, alert(told["id"], told["group"], told["at"]), UNSCORED)
            self._told.add(told["id"])


def alert(alert_id: str, group: str, at: int) -> Alert:
    """A pool that runs dry, surely."""
    finding = Finding(
        at=at, log_group=group, kind=Kind.RAMP, template="connection pool exhausted", template_id="t1", observed=40, expected=1.0,
        sigma=9.0, since=at, first_seen=at, level="ERROR", probability=0.95, samples=("connection pool exhausted",),
    )  # fmt: skip
    return Alert(alert_id, at, [finding], Urgency.HIGH, probability=0.95, groups=[group])


def told_alerts() -> None:
    vars(watch)["LogWatch"] = Told


VARIANTS: dict[str, Callable[[], None]] = {"short_tokens": short_tokens, "told_alerts": told_alerts}
