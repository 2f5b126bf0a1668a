"""Calls that destroy something that should exist.

What only removes access or a rule (a key, a policy, an ingress rule) is not here: undoing that would open it again.
"""

import re

from aiops_daemon.analysts.facts import api
from aiops_daemon.analysts.opinion import CERTAIN, FAIR, REPLACE, STRONG, actor, anomaly, called, failure, named, normal, subject
from aiops_daemon.analysts.things import Thing, thing_of
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

_GONE = re.compile(
    r"^(?:Batch|Force|Permanently)?(?:Delete|Drop|Terminate|Destroy|Purge|Release|Deregister|Decommission|Remove|Empty)(?P<thing>[A-Z].*)$"
)

# Generic names whose deletion is ordinary in these services.
_ORDINARY = frozenset(
    {
        ("dynamodb", "Item"),
        ("s3", "Object"),
        ("ec2", "LaunchTemplate"),
        ("elasticloadbalancing", "Targets"),  # instances come and go behind a balancer
        ("lambda", "Version"),
        ("apigateway", "Deployment"),
        ("logs", "Stream"),
        ("events", "Rule"),
        ("events", "Targets"),
        ("config", "Rule"),
        ("rbin", "Rule"),
        ("sqs", "Message"),
        ("ssm", "Session"),
        ("ecs", "TaskSet"),
        ("ssm", "Connection"),
    }
)


def judge(event: Event) -> Verdict | None:
    """FAILURE where the call destroyed something that one misses."""
    service, name = api(event)
    match = _GONE.match(name)
    if not match:
        return None
    noun = match["thing"]
    said = f"{subject(event)} was destroyed by {actor(event)} ({name})"
    if (service, noun) in _ORDINARY or noun.endswith(("Tags", "Tagging", "Messages")):
        return normal(f"{called(event)}: alone ordinary.")
    found = thing_of(noun)
    if found is None:
        because = f"{called(event)}: something was removed, restoring it blindly could re-open access."
        return anomaly(event, because)
    return named(event, _lost(event, said, *found))


def _lost(event: Event, said: str, thing: Thing, listed: bool) -> Verdict:
    """A noun that is only known by its last words is sure enough for a question, never for an action."""
    if thing is Thing.STATEFUL:
        because = f"{said}. It held data: restoring it needs a person to say from what."
        return failure(event, because, confidence=CERTAIN if listed else FAIR, severity=9, downtime=60)
    sure = STRONG if listed else FAIR
    if thing is Thing.WORKING:
        return failure(event, f"{said}. It can be recreated from its definition.", confidence=sure, severity=8, action=REPLACE, downtime=15)
    if thing is Thing.OTHER:
        return failure(event, f"{said}. What it meant to others is not known here: a person decides.", confidence=sure, severity=6)
    because = f"{said}: part of a network is gone, what used it may be cut off."
    return failure(event, because, confidence=sure, severity=7, action=REPLACE, downtime=15)
