"""Console and federation log-ins: watched, never acted on."""

from aiops_daemon.analysts.facts import inside, text, values
from aiops_daemon.analysts.opinion import FAIR, STRONG, actor, anomaly, normal
from aiops_daemon.model.event import ActorKind, Event
from aiops_daemon.model.verdict import Verdict

_ROOT_WORK = frozenset({"PasswordUpdated", "PasswordRecoveryCompleted", "PasswordRecoveryRequested", "EmailUpdated"})


def judge(event: Event) -> Verdict | None:
    """ANOMALY for failed, root or single-factor log-ins of users; roles sign in through their identity provider."""
    who = actor(event)
    outcome = next((text(v) for v in values(event.facts, "ConsoleLogin", "CheckMfa", "SwitchRole") if isinstance(v, str)), "")
    if event.error_message or event.error_code or outcome.lower() == "failure":
        return anomaly(event, f"A sign-in of {who} failed.", confidence=FAIR)
    if event.actor.kind is ActorKind.ROOT or event.name in _ROOT_WORK:
        return anomaly(event, f"The root user was used ({event.name}): rare, and never for daily work.", severity=6)
    if event.name == "ConsoleLogin" and event.actor.kind is ActorKind.USER and _without_mfa(event):
        return anomaly(event, f"{who} signed in to the console without a second factor.", confidence=FAIR)
    return normal(f"{who} signed in ({event.name}).", confidence=STRONG)


def _without_mfa(event: Event) -> bool:
    used = text(inside(event.facts, "additionalEventData", "MFAUsed")) or next((text(v) for v in values(event.facts, "MFAUsed")), "")
    return used.lower() == "no" or (not used and event.actor.mfa is False)
