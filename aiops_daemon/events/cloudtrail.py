"""CloudTrail: any API call, service event or sign-in -> what happened to which resource, by whom.

Which resource, targets.py finds. A call that names nothing is an event on an unknown resource of the right type.
"""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from aiops_daemon.events.making import made
from aiops_daemon.events.targets import fallback, targets
from aiops_daemon.events.tree import at, first_text, shown
from aiops_daemon.model.envelope import Envelope
from aiops_daemon.model.event import Actor, ActorKind, EventKind, Parked, Reading, Resource

_VERSION = re.compile(r"_?20\d{2}_?\d{2}_?\d{2}(?:v\d+)?$")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FACTS = ("requestParameters", "additionalEventData", "serviceEventDetails", "responseElements", "eventType", "resources", "userAgent")
_KINDS = {
    "IAMUser": ActorKind.USER, "AssumedRole": ActorKind.ROLE, "Role": ActorKind.ROLE, "Root": ActorKind.ROOT,
    "FederatedUser": ActorKind.FEDERATED, "SAMLUser": ActorKind.FEDERATED, "WebIdentityUser": ActorKind.FEDERATED,
    "IdentityCenterUser": ActorKind.FEDERATED, "AWSService": ActorKind.SERVICE, "AWSAccount": ActorKind.ACCOUNT,
}  # fmt: skip


def read(envelope: Envelope) -> Reading:
    """One CloudTrail record, as EventBridge delivers it."""
    detail = envelope.detail
    name, source = first_text(detail, "eventName"), first_text(detail, "eventSource")
    if not name:
        return Parked(reason="CloudTrail record without eventName")
    service = (source or envelope.source.removeprefix("aws.")).partition(".")[0].lower()
    if not _SERVICE.fullmatch(service):
        return Parked(reason="CloudTrail record without a usable eventSource")
    call = _VERSION.sub("", name)
    error = first_text(detail, "errorCode") or None
    if error is None and first_text(detail, "errorMessage") and first_text(detail, "eventType") != "AwsConsoleSignIn":
        error = "Failed"
    kind = _kind(detail, call)
    read_only = next((value for value in at(detail, "readOnly") if isinstance(value, bool)), None)
    actor = _actor(detail)
    if kind is EventKind.SIGN_IN:
        resources: list[Resource] = [Resource(type="iam:user", id=actor.name)] if actor.name and actor.kind is ActorKind.USER else []
    else:
        resources = targets(service, call, detail)
    return made(
        envelope,
        kind,
        name,
        resources,
        fallback=fallback(service, call),
        facts={key: detail[key] for key in _FACTS if key in detail},
        actor=actor,
        event_source=shown(source) or f"{service}.amazonaws.com",
        error_code=error,
        error_message=shown(first_text(detail, "errorMessage")[:500]) or None,
        read_only=read_only,
    )


def _kind(detail: Mapping[str, JsonValue], call: str) -> EventKind:
    kind = first_text(detail, "eventType")
    if kind == "AwsConsoleSignIn" or call in {"ConsoleLogin", "SwitchRole", "CheckMfa"}:
        return EventKind.SIGN_IN
    return EventKind.SERVICE_ACTION if kind == "AwsServiceEvent" else EventKind.API_CALL


def _actor(detail: Mapping[str, JsonValue]) -> Actor:
    """userIdentity, reduced. What is missing stays missing."""
    identity = detail.get("userIdentity")
    who: Mapping[str, JsonValue] = identity if isinstance(identity, dict) else {}
    mfa = first_text(who, "sessionContext.attributes.mfaAuthenticated").lower()
    kind = _KINDS.get(first_text(who, "type"), ActorKind.UNKNOWN)
    arn = shown(first_text(who, "arn")[:2048])
    session = arn.rpartition("/")[2] if ":assumed-role/" in arn else ""
    return Actor(
        kind=kind,
        arn=arn or None,
        name=shown(first_text(who, "userName") or session or first_text(who, "invokedBy", "principalId"))[:256] or None,
        account=shown(first_text(who, "accountId")[:64]) or None,
        issuer_arn=shown(first_text(who, "sessionContext.sessionIssuer.arn")[:2048]) or None,
        invoked_by=shown(first_text(who, "invokedBy")[:256]) or None,
        user_agent=shown(first_text(detail, "userAgent")[:300]) or None,
        source_ip=shown(first_text(detail, "sourceIPAddress")[:64]) or None,
        mfa={"true": True, "false": False}.get(mfa),
    )
