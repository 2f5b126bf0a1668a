"""Deploys that announce themselves, in the logs or by the call that began them: a release explains much of what follows it."""

import re
from collections import deque
from dataclasses import dataclass

from aiops_daemon.model.event import UNKNOWN, Event

_VERSION = r"(?:v?\d+\.\d+(?:\.\d+)*(?:[-+.][\w.]+)?|v\d+|\b[0-9a-f]{7,40}\b|rev(?:ision)?\s*\d+|build\s*#?\d+)"
_DEPLOY = re.compile(
    r"\b(?:deploy(?:ed|ing|ment)?|roll(?:ed|ing)?[ -]?out|releas(?:ed|ing) version|upgrad(?:ed|ing) to|"
    rf"(?:starting|started|booting)\b[^.]{{0,60}}\bversion)\b[^\n]{{0,120}}?(?P<version>{_VERSION})",
    re.IGNORECASE,
)
_FAILED = re.compile(r"\b(?:undeploy|rejected|skipped|no deployment)", re.IGNORECASE)


def deploy_in(message: str) -> str | None:
    """A short name of the deploy that a line tells of, or None."""
    found = _DEPLOY.search(message[:500])
    if found is None or _FAILED.search(message[:500]):
        return None
    return message[found.start() : found.end()].strip()[:120]


@dataclass(frozen=True)
class DeploySeen:
    """A call that began a release. `of` is the bare name of what was released."""

    at: int
    name: str
    of: str

    def explains(self, log_group: str) -> bool:
        """Log groups are called after what writes to them (/aws/lambda/orders); another team's release explains nothing."""
        return re.search(rf"(?<![a-z0-9]){re.escape(self.of.lower())}(?![a-z0-9])", log_group.lower()) is not None


class DeploysSeen:
    """Between the intake, which hears of every event, and the log watch, which asks when it runs. The newest hundred."""

    def __init__(self) -> None:
        self.waiting: deque[DeploySeen] = deque(maxlen=100)

    def heard(self, event: Event) -> None:
        """Any event; most are none of our business."""
        of = None if event.error_code else _released(event)
        if of:
            at = int(event.occurred_at.timestamp())
            self.waiting.append(DeploySeen(at, f"{event.name} of {of} by {event.actor.label or 'unknown'}"[:200], of))


def _released(event: Event) -> str | None:
    """The name of what the call releases, or None where it releases nothing."""
    asked = event.facts.get("requestParameters")
    wanted = asked if isinstance(asked, dict) else event.facts
    begins = {
        "ecs": event.name == "UpdateService" and bool(wanted.get("taskDefinition") or wanted.get("forceNewDeployment")),
        "lambda": event.name.startswith("UpdateFunctionCode"),
        "codedeploy": event.name == "CreateDeployment",
        "elasticbeanstalk": event.name == "UpdateEnvironment" and bool(wanted.get("versionLabel")),
    }
    service = (event.event_source or "").partition(".")[0]
    if not begins.get(service):
        return None
    named = wanted.get("applicationName") if service == "codedeploy" else event.resource.id
    return re.split(r"[:/]", str(named))[-1][:255] if named and named != UNKNOWN else None
