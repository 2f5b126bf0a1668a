"""Deploys that announce themselves in the logs: a release explains much of what follows it."""

import re

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
